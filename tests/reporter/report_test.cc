// What is true, from records: every case is a table's row.
#include "reporter/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/reporter/report_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::ago;
using test::copied;
using test::findings_of;
using test::found;
using test::good_records;
using test::item_of;
using test::kNow;
using test::report_of;
using test::result_of;
using test::run_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kDay = std::chrono::hours(24);

TEST(ReportTest, AllIsGoodIsSaidInTheFirstLine) {
  const Report report = report_of(good_records());
  EXPECT_TRUE(report.is_good());
  EXPECT_EQ(report.headline, "all 2 items restorable, oldest proof 1 hour");
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.last_good, ago(2h));
  ASSERT_EQ(report.items.size(), 2u);
  EXPECT_EQ(report.items[0].succeeded, ago(2h));
  EXPECT_EQ(report.items[0].proven, ago(1h));
  EXPECT_EQ(report.items[0].outcome, ItemStatus::kCopied);
  EXPECT_THAT(state_of(report), IsEmpty());
}

// What happened to the records, and what must be said of /srv/a.
struct ItemCase : test::NamedCase {
  std::function<void(Records&)> happened;
  std::vector<std::string> findings;
  std::string text;  // in the first one
};

class ItemReportTest : public testing::TestWithParam<ItemCase> {};

TEST_P(ItemReportTest, SaysWhatIsWrong) {
  Records records = good_records();
  GetParam().happened(records);
  const Report report = report_of(records);
  const ItemState& item = item_of(report, "/srv/a");
  ASSERT_THAT(findings_of(item.findings), testing::ElementsAreArray(GetParam().findings));
  EXPECT_THAT(item.findings.front().text, HasSubstr(GetParam().text));
  const bool is_note = GetParam().findings.front().ends_with(" note");
  EXPECT_EQ(report.is_good(), is_note);
  const std::string key = (is_note ? kNoteKey : "") + ("svn/srv/a-id " + item.findings[0].what);
  EXPECT_TRUE(state_of(report).contains(key));
}

ItemResult& last_of(Records& records) { return records.runs.front().run.items.front(); }

INSTANTIATE_TEST_SUITE_P(
    Items, ItemReportTest,
    testing::Values(
        ItemCase{"failed",
                 [](Records& r) { last_of(r) = result_of(r.items[0], ItemStatus::kFailed); },
                 {"failed FAILED"},
                 "E160004"},
        ItemCase{"vanished",
                 [](Records& r) {
                   last_of(r) = result_of(r.items[0], ItemStatus::kFailed);
                   last_of(r).status = ItemStatus::kVanished;
                 },
                 {"vanished WARNING"},
                 ""},
        ItemCase{"skipped_by_a_stop",
                 [](Records& r) {
                   last_of(r) = result_of(r.items[0], ItemStatus::kFailed);
                   last_of(r).status = ItemStatus::kSkipped;
                 },
                 {"skipped WARNING"},
                 ""},
        ItemCase{"failed_for_days",
                 [](Records& r) {
                   r.items[0] = copied("/srv/a", 3 * kDay);
                   last_of(r) = result_of(r.items[0], ItemStatus::kFailed);
                 },
                 {"failed FAILED", "old FAILED"},
                 "E160004"},
        ItemCase{"never_copied",
                 [](Records& r) {
                   last_of(r) = result_of(r.items[0], ItemStatus::kFailed);
                   r.items.erase(r.items.begin());
                 },
                 {"never FAILED", "failed FAILED"},
                 "no copy"},
        ItemCase{"found_and_not_taken_on",
                 [](Records& r) {
                   r.items.erase(r.items.begin());
                   r.runs.front().run.items.erase(r.runs.front().run.items.begin());
                 },
                 {"never FAILED"},
                 "it was found, and is in no copy"},
        ItemCase{"copies_vanished",
                 [](Records& r) {
                   r.missing_copies = {"svn/srv/a-id"};
                   r.items.erase(r.items.begin());
                 },
                 {"missing FAILED"},
                 "vanished"},
        ItemCase{"no_current_copy",
                 [](Records& r) { r.items[0].generations[0].place = "older/svn/srv/a-id/x"; },
                 {"missing FAILED"},
                 "only earlier ones"},
        ItemCase{"record_cannot_be_read",
                 [](Records& r) {
                   r.items[0].generations[0].record.reset();
                   r.items[0].generations[0].unreadable = "cut short";
                 },
                 {"unreadable FAILED"},
                 "cut short"},
        ItemCase{"damaged",
                 [](Records& r) {
                   r.items[0].proof.bad[r.items[0].generations[0].stamp] = "data/x: missing";
                 },
                 {"damaged FAILED"},
                 "data/x: missing"},
        ItemCase{"unusable",
                 [](Records& r) {
                   r.items[0].proof.unusable[r.items[0].generations[0].stamp] = "git fsck";
                 },
                 {"unusable FAILED"},
                 "git fsck"},
        ItemCase{"proof_cannot_be_read",
                 [](Records& r) { r.items[0].unreadable_proof = "cut short"; },
                 {"unproven FAILED"},
                 "cut short"},
        ItemCase{"its_data_are_lost",
                 [](Records& r) { r.without_data = {"svn/srv/a-id"}; },
                 {"damaged FAILED"},
                 "lost its data"},
        ItemCase{"an_older_copy_is_in_its_place",
                 [](Records& r) {
                   last_of(r).generation = r.items[0].generations[0].stamp;
                   r.items[0] = copied("/srv/a", 20h);
                 },
                 {"exchanged FAILED"},
                 "an older one is in its place"},
        ItemCase{
            "no_run_has_taken_it_on",
            [](Records& r) { r.runs.front().run.items.erase(r.runs.front().run.items.begin()); },
            {"unknown WARNING"},
            "no run on record"},
        ItemCase{"copied_and_something_failed",
                 [](Records& r) { last_of(r).error = plain_error("", "", "cannot remove x"); },
                 {"copied and WARNING"},
                 "cannot remove x"},
        ItemCase{"listed_since_it_had_a_copy",
                 [](Records& r) {
                   r.items[0] = copied("/srv/a", 9 * kDay);
                   last_of(r).status = ItemStatus::kSkipped;
                   last_of(r).listed_by = "*/cache/*";
                 },
                 {"listed note"},
                 "*/cache/*"},
        ItemCase{"gone_by_the_last_complete_scan",
                 [](Records& r) {
                   r.runs.front().run.items.erase(r.runs.front().run.items.begin());
                   r.runs.front().run.gone = {{"srv/a-id", "svn", "/srv/a", 1000, "x"}};
                   r.manifest->items.erase(r.manifest->items.begin());
                   r.items[0] = copied("/srv/a", 9 * kDay);
                   r.items[0].proof.passed->time = ago(2h);
                   r.items[0].proof.last->time = ago(2h);
                   r.runs.insert(r.runs.begin(),
                                 run_of(1h, {result_of(r.items[1], ItemStatus::kCopied)}));
                   r.runs.front().run.summary->scan_complete = false;
                 },
                 {"gone note"},
                 "its source is gone"},
        ItemCase{"an_older_copy_is_damaged",
                 [](Records& r) {
                   r.items[0].proof.bad["20250101T000000Z"] = "rot";
                   r.items[0].proof.passed->time = ago(9 * kDay);
                   r.items[0].proof.last.reset();
                   r.items[0].generations.push_back(copied("/srv/a", 20 * kDay).generations[0]);
                 },
                 {"unproven WARNING"},
                 "9 days ago"},
        ItemCase{"never_drilled_and_young",
                 [](Records& r) { r.items[0].proof = Proof(); },
                 {"unproven note"},
                 "no drill has passed yet"},
        ItemCase{"never_drilled_and_known_for_long_R11",
                 [](Records& r) {
                   r.items[0].proof = Proof();
                   r.runs.push_back(run_of(8 * kDay, {result_of(r.items[0], ItemStatus::kCopied)}));
                 },
                 {"unproven WARNING"},
                 "no drill has passed yet"},
        ItemCase{"drill_could_not_run",
                 [](Records& r) {
                   r.items[0].proof = Proof();
                   r.items[0].proof.last = copied("/x", 1h).proof.last;
                   r.items[0].proof.last->state = DrillState::kNotRun;
                   r.items[0].proof.last->error = "no room";
                 },
                 {"unproven note"},
                 "could not be run: no room"},
        ItemCase{"frozen",
                 [](Records& r) { r.items[0].generations[0].record->frozen = {"r9 became r3"}; },
                 {"frozen WARNING"},
                 "r9 became r3"},
        ItemCase{"changed_on_the_target",
                 [](Records& r) {
                   last_of(r).is_alarming = true;
                   last_of(r).notes = {"something has changed the copy"};
                 },
                 {"changed WARNING"},
                 "changed the copy"},
        ItemCase{"broke_where_it_was",
                 [](Records& r) {
                   r.runs.front().run.items.erase(r.runs.front().run.items.begin());
                   r.manifest->items.erase(r.manifest->items.begin());
                   r.manifest->complete = false;
                   r.manifest->errors = {plain_error("probe", "/srv/a/db/format", "no number")};
                 },
                 {"broken FAILED"},
                 "no number"},
        ItemCase{"gone",
                 [](Records& r) {
                   r.runs.front().run.items.erase(r.runs.front().run.items.begin());
                   r.runs.front().run.gone = {{"srv/a-id", "svn", "/srv/a", 1000, "x"}};
                   r.manifest->items.erase(r.manifest->items.begin());
                 },
                 {"gone note"},
                 "its source is gone"},
        ItemCase{"gone_and_its_directory_is_there",
                 [](Records& r) {
                   r.runs.front().run.items.erase(r.runs.front().run.items.begin());
                   r.runs.front().run.gone = {{"srv/a-id", "svn", "/srv/a", 1000, "x", true}};
                   r.manifest->items.erase(r.manifest->items.begin());
                 },
                 {"broken FAILED"},
                 "may be damaged"},
        ItemCase{"time_of_success_is_to_come_D17",
                 [](Records& r) {
                   r.runs.front().run.summary->finished = ago(-5 * kDay);
                   r.items[0] = copied("/srv/a", -5 * kDay);
                   r.items[0].proof = copied("/srv/a", 2h).proof;
                 },
                 {"old FAILED"},
                 "not known"}),
    test::case_name);

TEST(ReportTest, WhatComesAfterANightThatFailedIsWhatCounts) {
  Records records = good_records();
  records.ledger.nights = {{ago(3h), {{"repo-dump", 1}}}};
  EXPECT_TRUE(report_of(records).is_good());
  // A dump says nothing of a scan that failed, nor of the file-level backup.
  for (const char* tool : {"repo-scan", "file-level-backup"}) {
    records.ledger.nights = {{ago(3h), {{tool, 1}}}};
    EXPECT_FALSE(report_of(records).is_good()) << tool;
  }
}

TEST(ReportTest, ARunThatDiedIsOverOnceALaterOneTookOnAllThatThereIs) {
  Records records = good_records();
  // It owed three; since then one repository is gone for good.
  records.ledger.runs = {
      {"20260301T000000Z", RunState::kDied, ago(9 * kDay), ago(9 * kDay), 3, std::nullopt}};
  EXPECT_TRUE(report_of(records).is_good());
  records.runs.front().run.items.pop_back();  // one of two was taken on
  EXPECT_THAT(findings_of(report_of(records).findings), ElementsAre("died FAILED"));
}

TEST(ReportTest, AcknowledgedMountsAreNotToldAndKeepTheCoverage) {
  Records records = good_records();
  records.manifest->pruned = {{"/mnt/nfs/deep", "nfs4", true}, {"/proc", "proc"}};
  StatusOptions options;
  options.acknowledged = {"/mnt/nfs"};
  const Report report = report_of(records, options);
  EXPECT_TRUE(report.is_good());
  EXPECT_THAT(report.coverage.not_looked_at, IsEmpty());
  options.acknowledged = {"/mnt/nf"};
  EXPECT_FALSE(report_of(records, options).is_good());
}

TEST(ReportTest, ARunThatHasJustBegunChangesNoItem) {
  Records records = good_records();
  records.runs.front().run.items.front() = result_of(records.items[0], ItemStatus::kFailed);
  records.runs.insert(records.runs.begin(), run_of(0s, {}));
  records.runs.front().run.state = RunState::kRunning;
  records.runs.front().run.summary.reset();
  EXPECT_THAT(findings_of(item_of(report_of(records), "/srv/a").findings),
              ElementsAre("failed FAILED"));
}

TEST(ReportTest, ARunOfSomeItemsLeavesTheOthersTheirLastResult) {
  Records records = good_records();
  records.runs.front().run.items.front() = result_of(records.items[0], ItemStatus::kFailed);
  records.runs.insert(records.runs.begin(),
                      run_of(1h, {result_of(records.items[1], ItemStatus::kUnchanged)}));
  const Report report = report_of(records);
  EXPECT_THAT(findings_of(item_of(report, "/srv/a").findings), ElementsAre("failed FAILED"));
  EXPECT_EQ(item_of(report, "/srv/b").succeeded, ago(1h + 1min)) << "when that run began";
}

TEST(ReportTest, WhatThePolicyListsIsNoFailure) {
  Records records = good_records();
  records.items.erase(records.items.begin());
  last_of(records).status = ItemStatus::kSkipped;
  last_of(records).listed_by = "*/cache/*";
  const Report report = report_of(records);
  EXPECT_TRUE(report.is_good());
  EXPECT_EQ(report.headline, "1 item restorable, oldest proof 1 hour");
  EXPECT_THAT(report.coverage.not_dumped, IsEmpty());
}

TEST(ReportTest, SizesGoFromOldToNew) {
  Records records = good_records();
  records.runs.push_back(run_of(30h, {result_of(records.items[0], ItemStatus::kCopied)}));
  records.runs.back().run.items.front().bytes = 400;
  const ItemState item = item_of(report_of(records), "/srv/a");
  ASSERT_EQ(item.sizes.size(), 2u);
  EXPECT_EQ(item.sizes[0].bytes, 400u);
  EXPECT_EQ(item.sizes[1].bytes, 1000u);
}

TEST(ReportTest, WorstItemsComeFirst) {
  Records records = good_records();
  records.items[1].proof.bad[records.items[1].generations[0].stamp] = "rot";
  const Report report = report_of(records);
  EXPECT_EQ(report.items.front().path, "/srv/b");
  EXPECT_THAT(report.headline, HasSubstr("1 of 2 items FAILED"));
}

TEST(ReportTest, WithoutRecordsNothingIsKnown) {
  const Report report = make_report(system_error("open", "/var/data_backup", ENOENT),
                                    "/var/data_backup", kNow, "web1");
  EXPECT_FALSE(report.is_good());
  EXPECT_THAT(report.headline, AllOf(HasSubstr("/var/data_backup"), HasSubstr("not known")));
}

TEST(ReportTest, StateHasNoTimes) {
  Records records = good_records();
  records.runs.front().run.items.front() = result_of(records.items[0], ItemStatus::kFailed);
  const auto before = state_of(make_report(records, {}, kNow, "web1"));
  const auto later = state_of(make_report(records, {}, kNow + 1h, "web1"));
  EXPECT_EQ(before.size(), 1u);
  EXPECT_EQ(before, later);
}

}  // namespace
}  // namespace repo

// What is true of the machine, from records: every case is a table's row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "reporter/report.h"
#include "tests/reporter/report_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::ago;
using test::findings_of;
using test::found;
using test::good_records;
using test::kNow;
using test::report_of;
using test::result_of;
using test::run_of;
using testing::HasSubstr;

constexpr auto kDay = std::chrono::hours(24);

// What happened to the records, and what must be said of the machine.
struct MachineCase : test::NamedCase {
  std::function<void(Records&)> happened;
  std::string finding;  // the first one
  std::string text;
};

class MachineReportTest : public testing::TestWithParam<MachineCase> {};

TEST_P(MachineReportTest, SaysWhatIsWrong) {
  Records records = good_records();
  GetParam().happened(records);
  const Report report = report_of(records);
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(findings_of(report.findings).front(), GetParam().finding);
  EXPECT_THAT(report.findings.front().text, HasSubstr(GetParam().text));
  const bool is_note = GetParam().finding.ends_with(" note");
  EXPECT_EQ(report.is_good(), is_note);
  if (is_note) return;
  EXPECT_THAT(report.headline, HasSubstr(report.findings.front().text));
}

PastRun& newest(Records& records) { return records.runs.front().run; }

INSTANTIATE_TEST_SUITE_P(
    Machines, MachineReportTest,
    testing::Values(
        MachineCase{"missed_run",
                    [](Records& r) {
                      r.runs = {run_of(27h, {})};
                      r.manifest->finished = ago(27h);
                    },
                    "missed FAILED", "ended 27 hours ago: one every 26 hours is expected"},
        MachineCase{"no_run_at_all", [](Records& r) { r.runs.clear(); }, "missed FAILED",
                    "no run of repo-dump is on record"},
        MachineCase{"no_usable_run", [](Records& r) { newest(r).summary->exit_status = 1; },
                    "missed FAILED", "there is a usable result"},
        MachineCase{"died",
                    [](Records& r) {
                      r.runs.insert(r.runs.begin(), run_of(1h, {}));
                      newest(r).state = RunState::kDied;
                      newest(r).summary.reset();
                    },
                    "died FAILED", "was killed"},
        MachineCase{"stopped",
                    [](Records& r) { r.runs.insert(r.runs.begin(), run_of(1h, {}, 143)); },
                    "stopped FAILED", "143 (stopped by signal 15)"},
        MachineCase{"died_before_the_one_at_work",
                    [](Records& r) {
                      r.runs.insert(r.runs.begin(), run_of(1h, {}));
                      newest(r).state = RunState::kDied;
                      newest(r).summary.reset();
                      r.runs.insert(r.runs.begin(), run_of(0s, {}));
                      newest(r).state = RunState::kRunning;
                      newest(r).summary.reset();
                    },
                    "died FAILED", "was killed"},
        MachineCase{"died_before_a_run_of_less",
                    [](Records& r) {
                      r.ledger.runs = {{stamp(ago(1h + 60s)), RunState::kDied, ago(1h), ago(1h), 2,
                                        std::nullopt}};
                      r.runs.insert(r.runs.begin(), run_of(1h, {}));
                      newest(r).state = RunState::kDied;
                      newest(r).summary.reset();
                      r.runs.insert(r.runs.begin(),
                                    run_of(0s, {result_of(r.items[0], ItemStatus::kCopied)}));
                    },
                    "died FAILED", "was killed"},
        MachineCase{"file_level_backup_incomplete",
                    [](Records& r) {
                      r.ledger.nights = {{ago(1h), {{"repo-scan", 0}, {"file-level-backup", 3}}}};
                    },
                    "ended file-level-backup FAILED", "file-level-backup ended with 3 1 hour ago"},
        MachineCase{"drills_were_incomplete_and_nothing_says_why",
                    [](Records& r) {
                      r.ledger.nights = {{ago(1h), {{"repo-restore", 3}}}};
                    },
                    "incomplete WARNING", "repo-restore ended with 3 (incomplete)"},
        MachineCase{"all_is_gone_at_once",
                    [](Records& r) {
                      newest(r).items.clear();
                      newest(r).gone = {{"srv/a-id", "svn", "/srv/a", 1, "x"},
                                        {"srv/b-id", "hg", "/srv/b", 1, "x"}};
                      r.manifest->items.clear();
                    },
                    "gone FAILED", "the last scan found nothing"},
        MachineCase{"nothing_was_found_at_all",
                    [](Records& r) {
                      newest(r).items.clear();
                      r.items.clear();
                      r.manifest->items.clear();
                    },
                    "gone WARNING", "no repository at all"},
        MachineCase{"a_narrow_scan_hides_nothing",
                    [](Records& r) {
                      r.others = {*r.manifest};
                      r.others[0].errors = {plain_error("probe", "/home/x", "no format")};
                      r.others[0].complete = false;
                      r.manifest->roots = {"/srv"};
                    },
                    "unreadable FAILED", "/home/x"},
        MachineCase{"is_at_work",
                    [](Records& r) {
                      r.runs.insert(r.runs.begin(), run_of(1h, {}));
                      newest(r).state = RunState::kRunning;
                      newest(r).summary.reset();
                    },
                    "running note", "at work since 61 minutes"},
        MachineCase{"hangs",
                    [](Records& r) {
                      r.runs.push_back(r.runs.front());
                      newest(r).state = RunState::kRunning;
                      newest(r).started = ago(3 * kDay);
                      newest(r).summary.reset();
                      r.runs.front().stamp = stamp(kNow - 1h);
                    },
                    "hangs FAILED", "3 days"},
        MachineCase{"incomplete_without_an_item",
                    [](Records& r) {
                      newest(r).summary->exit_status = 3;
                      newest(r).summary->scan_complete = false;
                    },
                    "incomplete WARNING", "its scan was not complete"},
        MachineCase{"scan_failed_before_a_record",
                    [](Records& r) {
                      r.ledger.nights = {{ago(1h), {{"repo-scan", 1}}}};
                    },
                    "ended repo-scan FAILED",
                    "repo-scan ended with 1 (failed) 1 hour ago: nothing was copied"},
        MachineCase{"dump_was_locked_out",
                    [](Records& r) {
                      r.ledger.nights = {{ago(1h), {{"repo-scan", 0}, {"repo-dump", 11}}}};
                    },
                    "ended repo-dump FAILED", "another run held the lock"},
        MachineCase{"record_from_the_future_D17",
                    [](Records& r) { r.future = {"control/runs/20300101T000000Z.json"}; },
                    "clock FAILED", "from the future"},
        MachineCase{"record_cannot_be_read",
                    [](Records& r) {
                      r.unreadable = {plain_error("read", "control/runs/x.json", "cut short")};
                    },
                    "records FAILED", "cut short"},
        MachineCase{"unreadable_folder",
                    [](Records& r) {
                      r.manifest->complete = false;
                      r.manifest->errors = {system_error("open", "/srv/secret", EACCES)};
                    },
                    "unreadable WARNING", "/srv/secret"},
        MachineCase{"broken_repository",
                    [](Records& r) {
                      r.manifest->complete = false;
                      r.manifest->errors = {plain_error("probe", "/srv/c", "format is missing")};
                    },
                    "unreadable FAILED", "a repository that is broken"},
        MachineCase{"not_looked_at",
                    [](Records& r) {
                      r.manifest->pruned = {{"/mnt/nfs", "nfs4", true}};
                    },
                    "not looked at WARNING", "/mnt/nfs (nfs4)"},
        MachineCase{"kind_that_nobody_defines_any_more",
                    [](Records& r) {
                      r.items[0].kind = "app";
                      r.runs = {run_of(2h, {result_of(r.items[0], ItemStatus::kCopied),
                                            result_of(r.items[1], ItemStatus::kCopied)})};
                      r.manifest->items.erase(r.manifest->items.begin());
                    },
                    "not looked for WARNING", "app is not looked for any more where 1 item of it"},
        MachineCase{"old_scan_M10", [](Records& r) { r.manifest->finished = ago(3 * kDay); },
                    "scan WARNING", "3 days old"},
        MachineCase{"no_manifest", [](Records& r) { r.manifest.reset(); }, "coverage WARNING",
                    "no manifest"},
        MachineCase{
            "new_repository",
            [](Records& r) { r.manifest_before = test::manifest_of(26h, {found("/srv/a")}); },
            "new note", "new: /srv/b"},
        MachineCase{"another_repository",
                    [](Records& r) {
                      r.manifest_before = r.manifest;
                      r.manifest_before->finished = ago(26h);
                      r.manifest_before->items[0].repository.detail = {{"uuid", std::string("1")}};
                      r.manifest->items[0].repository.detail = {{"uuid", std::string("2")}};
                    },
                    "replaced WARNING", "/srv/a"}),
    test::case_name);

TEST(UserKindReportTest, AKindThatIsLookedForOrWasNotAskedForIsNoFinding) {
  Records records = good_records();
  records.items[0].kind = "app";
  records.runs = {run_of(2h, {result_of(records.items[0], ItemStatus::kCopied),
                              result_of(records.items[1], ItemStatus::kCopied)})};
  records.manifest->items[0].repository.kind = "app";
  records.manifest->user_kinds = {{"app", {"/srv"}}};
  EXPECT_THAT(findings_of(report_of(records).findings), testing::IsEmpty());
  records.manifest->user_kinds[0].paths = {"/opt"};
  EXPECT_THAT(findings_of(report_of(records).findings),
              testing::Contains("not looked for WARNING"));
  records.manifest->user_kinds.clear();
  records.manifest->kinds = {"hg"};
  EXPECT_THAT(findings_of(report_of(records).findings),
              testing::Not(testing::Contains("not looked for WARNING")));
}

}  // namespace
}  // namespace repo

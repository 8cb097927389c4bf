// Which live paths may be left out.
#include "reporter/promise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/reporter/report_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::copied;
using test::found;
using test::good_records;
using test::report_of;
using test::result_of;
using test::run_of;
using testing::ElementsAre;

std::vector<std::string> promised(const Records& records, std::chrono::seconds max_age = 26h) {
  return make_promise(known_repositories(report_of(records), max_age)).stores;
}

TEST(PromiseTest, VerifiedAndFreshCopiesStandForTheirStores) {
  EXPECT_THAT(promised(good_records()), ElementsAre("/srv/a", "/srv/b"));
}

struct WithdrawnCase : test::NamedCase {
  std::function<void(Records&)> happened;
};

class WithdrawnTest : public testing::TestWithParam<WithdrawnCase> {};

TEST_P(WithdrawnTest, StaysInTheBackup) {
  Records records = good_records();
  GetParam().happened(records);
  EXPECT_THAT(promised(records), ElementsAre("/srv/b"));
}

INSTANTIATE_TEST_SUITE_P(
    Promises, WithdrawnTest,
    testing::Values(
        WithdrawnCase{"failed",
                      [](Records& r) {
                        r.runs[0].run.items[0] = result_of(r.items[0], ItemStatus::kFailed);
                      }},
        WithdrawnCase{"partial",
                      [](Records& r) {
                        r.items[0].generations[0].record->fingerprint.emplace_back(kIsPartial,
                                                                                   true);
                      }},
        WithdrawnCase{"skipped",
                      [](Records& r) { r.runs[0].run.items[0].status = ItemStatus::kSkipped; }},
        WithdrawnCase{"vanished",
                      [](Records& r) { r.runs[0].run.items[0].status = ItemStatus::kVanished; }},
        WithdrawnCase{"not_taken_on",
                      [](Records& r) { r.runs[0].run.items.erase(r.runs[0].run.items.begin()); }},
        WithdrawnCase{
            "no_run_since_the_last_scan",
            [](Records& r) {
              r.manifest = test::manifest_of(1h, {found("/srv/a"), found("/srv/b", "hg")});
              r.runs.insert(r.runs.begin(),
                            run_of(0s, {result_of(r.items[1], ItemStatus::kUnchanged)}));
            }},
        WithdrawnCase{"its_data_are_lost", [](Records& r) { r.without_data = {"svn/srv/a-id"}; }},
        WithdrawnCase{"an_older_copy_is_in_its_place",
                      [](Records& r) {
                        r.runs[0].run.items[0].generation = r.items[0].generations[0].stamp;
                        r.items[0] = copied("/srv/a", 20h);
                      }},
        WithdrawnCase{
            "damaged",
            [](Records& r) { r.items[0].proof.bad[r.items[0].generations[0].stamp] = "rot"; }},
        WithdrawnCase{"unusable",
                      [](Records& r) {
                        r.items[0].proof.unusable[r.items[0].generations[0].stamp] = "fsck";
                      }},
        WithdrawnCase{"proof_unreadable", [](Records& r) { r.items[0].unreadable_proof = "cut"; }},
        WithdrawnCase{"record_unreadable",
                      [](Records& r) { r.items[0].generations[0].record.reset(); }},
        WithdrawnCase{"no_copy", [](Records& r) { r.items.erase(r.items.begin()); }},
        WithdrawnCase{"copies_vanished",
                      [](Records& r) {
                        r.items.erase(r.items.begin());
                        r.missing_copies = {"svn/srv/a-id"};
                      }},
        WithdrawnCase{"an_inner_one_has_no_copy",
                      [](Records& r) { r.manifest->items.push_back(found("/srv/a/deep/inner")); }},
        WithdrawnCase{"something_inside_could_not_be_looked_at",
                      [](Records& r) {
                        r.manifest->errors = {system_error("open", "/srv/a/closed", EACCES)};
                      }},
        WithdrawnCase{"the_last_scan_did_not_find_it",
                      [](Records& r) {
                        r.manifest->complete = false;
                        r.manifest->items.erase(r.manifest->items.begin());
                      }},
        WithdrawnCase{"gone",
                      [](Records& r) {
                        r.runs[0].run.items.erase(r.runs[0].run.items.begin());
                        r.runs[0].run.gone = {{"srv/a-id", "svn", "/srv/a", 1, "x"}};
                        r.manifest->items.erase(r.manifest->items.begin());
                      }}),
    test::case_name);

TEST(PromiseTest, ACopyOlderThanIsAllowedPromisesNothing) {
  EXPECT_THAT(promised(good_records(), 1h), testing::IsEmpty());
  EXPECT_THAT(promised(good_records(), 2h + 1min), ElementsAre("/srv/a", "/srv/b"));
}

TEST(PromiseTest, RecordsOfAnotherMachinePromiseNothing) {
  const Report report = make_report(good_records(), {}, test::kNow, "web2");
  EXPECT_EQ(report.host, "web1");
  EXPECT_THAT(make_promise(known_repositories(report, 26h)).stores, testing::IsEmpty());
}

TEST(PromiseTest, WhereTheNewestManifestCannotBeReadNothingIsPromised) {
  Records records = good_records();
  records.has_newest_manifest = false;
  EXPECT_THAT(promised(records), testing::IsEmpty());
}

TEST(PromiseTest, WhatIsAcknowledgedPromisesNothingAllTheSame) {
  Records records = good_records();
  records.manifest->errors = {system_error("open", "/srv/a/closed", EACCES)};
  StatusOptions options;
  options.acknowledged = {"/srv/a"};
  const Report report = report_of(records, options);
  EXPECT_TRUE(report.is_good());
  EXPECT_THAT(make_promise(known_repositories(report, 26h)).stores, ElementsAre("/srv/b"));
}

TEST(PromiseTest, WarningsWithdrawNothing) {
  Records records = good_records();
  records.items[0].generations[0].record->frozen = {"r9 became r3"};
  records.items[0].proof.passed->time = test::ago(30 * 24h);
  EXPECT_THAT(promised(records), ElementsAre("/srv/a", "/srv/b"));
}

TEST(PromiseTest, OthersAreNamedWithTheReason) {
  Records records = good_records();
  records.runs[0].run.items[0] = result_of(records.items[0], ItemStatus::kFailed);
  const Promise promise = make_promise(known_repositories(report_of(records), 26h));
  ASSERT_EQ(promise.others.size(), 1u);
  EXPECT_EQ(promise.others[0].path, "/srv/a");
  EXPECT_EQ(promise.others[0].state, "it was not copied the last time");
}

}  // namespace
}  // namespace repo

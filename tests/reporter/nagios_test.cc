// The report for Nagios.
#include "reporter/nagios.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reporter/text.h"
#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using test::count_of;
using test::lines_in;
using test::many_failures;
using test::nasty_report;
using test::rendered_failed_report;
using test::rendered_good_report;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Report warned_report() {
  Records records = test::good_records();
  records.items[0].generations[0].record->frozen = {"r9 became r3"};
  return test::report_of(records);
}
Report unknown_report() {
  return make_report(system_error("open", test::kNasty, ENOENT), test::kNasty, test::kNow, "web1");
}

TEST(NagiosTest, AllIsGoodInOneLine) {
  const std::string text = nagios_of(rendered_good_report(), {});
  EXPECT_EQ(text,
            "REPO-BACKUP OK - all 2 items restorable, oldest proof 1 hour | items=2;;;0 "
            "failed=0;;0;0 warnings=0;0;;0 size=2000B;;;0 last_run=7200s;;93600;0 "
            "oldest_proof=3600s;604800;;0\n");
  EXPECT_EQ(nagios_status_of(rendered_good_report()), 0);
}

TEST(NagiosTest, EachStateHasItsCode) {
  EXPECT_EQ(nagios_status_of(warned_report()), 1);
  EXPECT_THAT(nagios_of(warned_report(), {}), StartsWith("REPO-BACKUP WARNING - "));
  EXPECT_EQ(nagios_status_of(rendered_failed_report()), 2);
  EXPECT_THAT(nagios_of(rendered_failed_report(), {}), StartsWith("REPO-BACKUP CRITICAL - "));
  EXPECT_EQ(nagios_status_of(unknown_report()), 3);
  EXPECT_THAT(nagios_of(unknown_report(), {}), StartsWith("REPO-BACKUP UNKNOWN - "));
}

TEST(NagiosTest, ATestSaysSoFirst) {
  EXPECT_THAT(nagios_of(test::test_report(), {}), StartsWith("REPO-BACKUP OK - TEST: "));
}

TEST(NagiosTest, WhatFailedStandsBelow) {
  const std::string text = nagios_of(rendered_failed_report(), {});
  EXPECT_THAT(lines_in(text).at(0), HasSubstr(" failed=1;;0;0 warnings=0;0;;0 "));
  EXPECT_EQ(lines_in(text).at(1), "FAILED: svn /srv/a: svnadmin: E160004: broken");
  EXPECT_EQ(lines_in(text).size(), 2u);
}

TEST(NagiosTest, ThresholdsAreThoseOfTheOptions) {
  StatusOptions options;
  options.expect = std::chrono::hours(3);
  options.proof_age = std::chrono::hours(24);
  EXPECT_THAT(
      nagios_of(rendered_good_report(), options),
      AllOf(HasSubstr("last_run=7200s;;10800;0"), HasSubstr("oldest_proof=3600s;86400;;0")));
}

TEST(NagiosTest, WithoutAProofOfEachThereIsNoOldest) {
  Records records = test::good_records();
  records.items[0].proof = Proof();
  EXPECT_EQ(count_of(nagios_of(test::report_of(records), {}), "oldest_proof"), 0u);
}

TEST(NagiosTest, AThousandFailuresAreOneDigest) {
  const std::string text = nagios_of(many_failures(), {});
  EXPECT_EQ(lines_in(text).size(), 1 + kMostLines + 1);
  EXPECT_EQ(lines_in(text).back(), "and " + std::to_string(5000 - kMostLines) + " more");
  EXPECT_THAT(text, HasSubstr(" failed=5000;;0;0 "));
}

TEST(NagiosTest, NamesFromOutsideAreHarmless) {
  for (const Report& report : {nasty_report(), unknown_report()}) {
    const std::string text = nagios_of(report, {});
    EXPECT_EQ(test::raw_in(text), "") << text;
    EXPECT_EQ(count_of(lines_in(text).at(0), "|"), 1u) << "it begins the performance data";
    EXPECT_EQ(count_of(text, "|"), 1u) << "so it does further down";
    for (const std::string& line : lines_in(text)) {
      EXPECT_THAT(line, testing::AnyOf(StartsWith("REPO-BACKUP "), StartsWith("FAILED: "),
                                       StartsWith("WARNING: ")));
    }
  }
}

}  // namespace
}  // namespace repo

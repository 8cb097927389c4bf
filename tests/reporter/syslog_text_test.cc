// The report as lines of a log.
#include "reporter/syslog_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using test::count_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(SyslogTextTest, OneLineForAllAndOneForEachItem) {
  const std::vector<LogLine> lines = log_lines_of(test::rendered_good_report());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].text,
            "report state=OK headline=\"all 2 items restorable, oldest proof 1 hour\"");
  EXPECT_EQ(lines[1].text,
            "item state=OK kind=svn path=\"/srv/a\" id=srv/a-id last_success=2026-03-10T04:00:00Z "
            "last_proof=2026-03-10T05:00:00Z bytes=1000");
  for (const LogLine& line : lines) EXPECT_EQ(line.severity, Severity::kNote);
}

TEST(SyslogTextTest, WhatFailedHasItsSeverityAndItsReason) {
  const std::vector<LogLine> lines = log_lines_of(test::rendered_failed_report());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].severity, Severity::kFailure);
  EXPECT_THAT(lines[0].text, StartsWith("report state=FAILED "));
  EXPECT_EQ(lines[1].severity, Severity::kFailure);
  EXPECT_THAT(lines[1].text, AllOf(HasSubstr("state=FAILED"), HasSubstr("path=\"/srv/a\""),
                                   HasSubstr("why=\"svnadmin: E160004: broken\"")));
  EXPECT_EQ(lines[2].severity, Severity::kNote);
}

TEST(SyslogTextTest, WhatIsWrongWithTheMachineHasALineOfItsOwn) {
  Records records = test::good_records();
  records.future = {"control/runs/20300101T000000Z.json"};
  const std::vector<LogLine> lines = log_lines_of(test::report_of(records));
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[1].severity, Severity::kFailure);
  EXPECT_THAT(lines[1].text,
              AllOf(StartsWith("finding what=\"clock\" text="), HasSubstr("20300101")));
}

TEST(SyslogTextTest, ATestSaysSoFirstAndNothingOfItems) {
  const std::vector<LogLine> lines = log_lines_of(test::test_report());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0].text, StartsWith("TEST report "));
}

TEST(SyslogTextTest, NamesFromOutsideAreHarmless) {
  const Report report = test::nasty_report();
  for (const LogLine& line : log_lines_of(report)) {
    EXPECT_EQ(test::raw_in(line.text), "") << line.text;
    EXPECT_EQ(line.text.find('\n'), std::string::npos) << line.text;
    EXPECT_EQ(count_of(line.text, "\"") % 2, 0u) << "a value ends its quotes: " << line.text;
    EXPECT_EQ(count_of(line.text, " state="), line.text.starts_with("finding") ? 0u : 1u);
  }
}

TEST(SyslogTextTest, ThousandsOfFailuresAreALineEach) {
  EXPECT_EQ(log_lines_of(test::many_failures()).size(), 5001u);
}

}  // namespace
}  // namespace repo

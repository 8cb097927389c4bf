// The report as text.
#include "reporter/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using test::lines_in;
using test::many_failures;
using test::nasty_report;
using test::raw_in;
using test::rendered_failed_report;
using test::rendered_good_report;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(TextTest, TheFirstLineIsTheAnswer) {
  EXPECT_EQ(first_line_of(rendered_good_report()),
            "OK web1: all 2 items restorable, oldest proof 1 hour");
  EXPECT_THAT(text_of(rendered_good_report(), true),
              StartsWith(first_line_of(rendered_good_report()) + "\n"));
  EXPECT_THAT(first_line_of(rendered_failed_report()),
              StartsWith("FAILED web1: 1 of 2 items FAILED"));
}

TEST(TextTest, ATestSaysSoFirst) {
  EXPECT_THAT(text_of(test::test_report(), false), StartsWith("TEST of repo-report --self-test: "));
}

TEST(TextTest, WhereAllIsGoodNothingIsToBeDone) {
  EXPECT_THAT(text_of(rendered_good_report(), false), Not(HasSubstr("What to do")));
}

TEST(TextTest, WhatFailedStandsWithItsPathAndWhatTheToolSaid) {
  const std::string text = text_of(rendered_failed_report(), true);
  EXPECT_THAT(text, AllOf(HasSubstr("What to do"), HasSubstr("svn  /srv/a"),
                          HasSubstr("svnadmin: E160004: broken"), HasSubstr("| first\n"),
                          HasSubstr("| E160004: broken\n")));
  EXPECT_THAT(text, Not(HasSubstr("/srv/b"))) << "brief is without a table";
}

TEST(TextTest, TheTableHasAllItems) {
  const std::string text = text_of(rendered_failed_report(), false);
  EXPECT_THAT(lines_in(text), testing::Contains(AllOf(StartsWith("FAILED "), HasSubstr("/srv/a"))));
  EXPECT_THAT(lines_in(text), testing::Contains(AllOf(StartsWith("OK "), HasSubstr("/srv/b"))));
}

TEST(TextTest, AThousandFailuresAreOneDigest) {
  const Report report = many_failures();
  const std::string text = text_of(report, true);
  EXPECT_LT(lines_in(text).size(), 4 * kMostLines);
  EXPECT_THAT(text, HasSubstr("and " + std::to_string(5000 - kMostLines) + " more"));
  EXPECT_EQ(test::count_of(text, "E160004"), kMostLines);
  EXPECT_THAT(text, Not(HasSubstr("and 0 more")));
  EXPECT_THAT(text_of(many_failures(kMostLines), true), Not(HasSubstr(" more")));
  EXPECT_THAT(text_of(many_failures(kMostLines + 1), true), HasSubstr("and 1 more"));
}

TEST(TextTest, NamesFromOutsideAreHarmless) {
  const Report report = nasty_report();
  for (const bool brief : {true, false}) {
    const std::string text = text_of(report, brief);
    EXPECT_EQ(raw_in(text), "") << text;
    EXPECT_THAT(lines_in(text), Each(Not(StartsWith("FAILED y")))) << "a line of somebody else's";
  }
}

TEST(TextTest, EveryTextOfAReportIsOneLine) {
  const Report report = nasty_report();
  auto expect_one_line = [](const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
      EXPECT_EQ(raw_in(finding.text), "") << finding.what;
      EXPECT_EQ(finding.text.find('\n'), std::string::npos) << finding.text;
      EXPECT_EQ(raw_in(finding.todo), "") << finding.what;
      EXPECT_EQ(finding.todo.find('\n'), std::string::npos) << finding.todo;
    }
  };
  expect_one_line(report.findings);
  for (const ItemState& item : report.items) expect_one_line(item.findings);
  EXPECT_EQ(report.headline.find('\n'), std::string::npos);
  EXPECT_EQ(raw_in(report.headline), "");
}

TEST(TextTest, TroublesAreOfTheMachineFirstAndNotesAreNone) {
  Records records = test::good_records();
  records.items[0].proof = Proof();  // a note
  records.items[1].generations[0].record->frozen = {"r9"};
  records.manifest->pruned = {{"/mnt/nfs", "nfs4", true}};
  const Report report = test::report_of(records);
  const Troubles found = troubles_of(report);
  ASSERT_EQ(found.shown.size(), 2u);
  EXPECT_EQ(found.shown[0].item, nullptr);
  EXPECT_EQ(found.shown[0].finding->what, "not looked at");
  ASSERT_NE(found.shown[1].item, nullptr);
  EXPECT_EQ(found.shown[1].item->path, "/srv/b");
  EXPECT_EQ(found.more, 0u);
}

TEST(TextTest, WarningsOfTheMachineHideNoItemThatFailed) {
  Records records = test::good_records();
  for (std::size_t i = 0; i < kMostLines + 5; ++i) {
    records.manifest->pruned.push_back({"/mnt/" + std::to_string(i), "nfs4", true});
  }
  records.items[1].proof.bad[records.items[1].generations[0].stamp] = "it rotted";
  const Report report = test::report_of(records);
  const Troubles found = troubles_of(report);
  ASSERT_EQ(found.shown.size(), kMostLines);
  ASSERT_NE(found.shown[0].item, nullptr);
  EXPECT_EQ(found.shown[0].item->path, "/srv/b");
  EXPECT_EQ(found.shown[1].item, nullptr);
  EXPECT_GE(found.more, 6u);
}

}  // namespace
}  // namespace repo

// The report as metrics.
#include "reporter/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using test::lines_in;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(PrometheusTest, EachItemHasItsTimes) {
  const std::vector<std::string> lines = lines_in(prometheus_of(test::rendered_good_report()));
  const std::string a = R"({kind="svn",id="srv/a-id",path="/srv/a"})";
  for (const char* line : {
           "repo_backup_state 0",
           "repo_backup_report_timestamp_seconds 1773122400",
           "repo_backup_last_success_timestamp_seconds 1773115200",
           "repo_backup_run_exit_status 0",
           "repo_backup_not_dumped 0",
       }) {
    EXPECT_THAT(lines, Contains(line));
  }
  EXPECT_THAT(lines, Contains("repo_backup_item_state" + a + " 0"));
  EXPECT_THAT(lines,
              Contains("repo_backup_item_last_success_timestamp_seconds" + a + " 1773115200"));
  EXPECT_THAT(
      lines, Contains("repo_backup_item_last_restore_proof_timestamp_seconds" + a + " 1773118800"));
  EXPECT_THAT(lines, Contains("repo_backup_item_size_bytes" + a + " 1000"));
  EXPECT_THAT(lines, Contains("repo_backup_item_copy_duration_seconds" + a + " 2"));
  EXPECT_THAT(lines, Contains("repo_backup_item_restore_duration_seconds" + a + " 0.5"));
}

TEST(PrometheusTest, WhatFailedIsTwo) {
  const std::vector<std::string> lines = lines_in(prometheus_of(test::rendered_failed_report()));
  EXPECT_THAT(lines, Contains("repo_backup_state 2"));
  EXPECT_THAT(lines,
              Contains(R"(repo_backup_item_state{kind="svn",id="srv/a-id",path="/srv/a"} 2)"));
  EXPECT_THAT(lines,
              Contains(R"(repo_backup_item_state{kind="hg",id="srv/b-id",path="/srv/b"} 0)"));
  EXPECT_THAT(lines, Contains("repo_backup_run_exit_status 3"));
}

TEST(PrometheusTest, WhatIsNotKnownHasNoSample) {
  Records records = test::good_records();
  records.items.erase(records.items.begin());
  records.runs.clear();
  const std::string text = prometheus_of(test::report_of(records));
  EXPECT_THAT(text, Not(HasSubstr("repo_backup_last_success_timestamp_seconds")));
  EXPECT_THAT(text, Not(HasSubstr("repo_backup_run_exit_status")));
  EXPECT_THAT(text, HasSubstr(R"(item_state{kind="svn",id="srv/a-id",path="/srv/a"} 2)"));
  for (const char* name : {"last_success_timestamp_seconds", "size_bytes",
                           "last_restore_proof_timestamp_seconds", "copy_duration_seconds"}) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("item_") + name + R"({kind="svn")"))) << name;
  }
  const std::string unknown =
      prometheus_of(make_report(system_error("open", "/d", ENOENT), "/d", test::kNow, "web1"));
  EXPECT_THAT(lines_in(unknown), Contains("repo_backup_state 2"));
}

TEST(PrometheusTest, WhatThePolicyListsIsNoItem) {
  Records records = test::good_records();
  records.items.erase(records.items.begin());
  records.runs[0].run.items[0].status = ItemStatus::kSkipped;
  records.runs[0].run.items[0].listed_by = "*/a";
  EXPECT_THAT(prometheus_of(test::report_of(records)), Not(HasSubstr("/srv/a")));
}

TEST(PrometheusTest, ATestSaysSo) {
  EXPECT_THAT(lines_in(prometheus_of(test::test_report())),
              Contains("repo_backup_self_test_timestamp_seconds 1773122400"));
  EXPECT_THAT(prometheus_of(test::rendered_good_report()), Not(HasSubstr("self_test")));
}

// Every line is a comment or a sample, every family is described once and stands together, and no
// series is there twice.
void expect_well_formed(const std::string& text) {
  const std::regex sample(
      "(repo_backup_[a-z_]+)"
      "(\\{[a-z]+=\"([^\"\\\\\n]|\\\\[\"\\\\n])*\"(,[a-z]+=\"([^\"\\\\\n]|"
      "\\\\[\"\\\\n])*\")*\\})? [-+.0-9e]+");
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  ASSERT_EQ(text.back(), '\n');
  for (const std::string& line : lines_in(text)) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(families.insert(family).second) << line;
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      EXPECT_EQ(line, "# TYPE " + family + " gauge");
      continue;
    }
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
    EXPECT_EQ(match[1].str(), family) << line;
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

TEST(PrometheusTest, ItIsWellFormed) {
  expect_well_formed(prometheus_of(test::rendered_good_report()));
  expect_well_formed(prometheus_of(test::rendered_failed_report()));
  expect_well_formed(prometheus_of(test::test_report()));
  expect_well_formed(prometheus_of(test::many_failures(100)));
}

TEST(PrometheusTest, NamesFromOutsideAreHarmless) {
  const std::string text = prometheus_of(test::nasty_report());
  expect_well_formed(text);
  EXPECT_TRUE(is_utf8(text));
  EXPECT_THAT(text, HasSubstr("/srv/x\\nFAILED y"));
  EXPECT_THAT(text, HasSubstr("|\\\"'<b>"));
}

TEST(PrometheusTest, LargeFiguresAreExact) {
  Records records = test::good_records();
  records.items[0].generations[0].record->bytes = 1'234'567'890'123;
  EXPECT_THAT(prometheus_of(test::report_of(records)), HasSubstr("} 1234567890123\n"));
}

}  // namespace
}  // namespace repo

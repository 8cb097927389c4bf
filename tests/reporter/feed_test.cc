// The report as a feed.
#include "reporter/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/reporter/render_support.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::ago;
using test::count_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// What stands between <name…> and </name>, in their order.
std::vector<std::string> all_of(const std::string& text, const std::string& name) {
  std::vector<std::string> found;
  for (std::size_t at = text.find("<" + name); at != std::string::npos;
       at = text.find("<" + name, at + 1)) {
    const std::size_t begin = text.find('>', at) + 1;
    found.push_back(text.substr(begin, text.find("</" + name + ">", begin) - begin));
  }
  return found;
}

std::vector<StateChange> some_changes() {
  return {{ago(26h), "svn/a failed", "/srv/a: E160004", false},
          {ago(1h), "svn/a failed", "/srv/a: E160004", true},
          {ago(1h), "svn/b old", "/srv/b: 3 days", false}};
}

TEST(FeedTest, ARunIsAnItem) {
  const std::string text = feed_of(test::rendered_good_report(), {}, "");
  EXPECT_THAT(all_of(text, "title"),
              ElementsAre("repo-backup on web1", "OK web1: 2 items copied or unchanged, 0 failed"));
  EXPECT_THAT(all_of(text, "guid"), ElementsAre("repo-backup:web1:run:20260310T035900Z"));
  EXPECT_THAT(all_of(text, "pubDate"), ElementsAre("Tue, 10 Mar 2026 04:00:00 +0000"));
  EXPECT_THAT(all_of(text, "link"), ElementsAre("file:///var/data_backup"));
  EXPECT_THAT(all_of(text, "description").front(), HasSubstr("all 2 items restorable"));
}

TEST(FeedTest, WhatFailedStandsInTheTitle) {
  const std::vector<std::string> titles =
      all_of(feed_of(test::rendered_failed_report(), {}, ""), "title");
  ASSERT_EQ(titles.size(), 2u);
  EXPECT_EQ(titles[1], "FAILED web1: 1 item copied or unchanged, 1 failed");
}

TEST(FeedTest, ARunThatDiedIsToldAndOneAtWorkIsNotYet) {
  Records records = test::good_records();
  records.runs.insert(records.runs.begin(), test::run_of(1h, {}));
  records.runs[0].run.summary.reset();
  records.runs[0].run.state = RunState::kDied;
  EXPECT_THAT(all_of(feed_of(test::report_of(records), {}, ""), "title")[1],
              AllOf(HasSubstr("FAILED web1"), HasSubstr("died")));
  records.runs[0].run.state = RunState::kRunning;
  EXPECT_EQ(all_of(feed_of(test::report_of(records), {}, ""), "item").size(), 1u);
}

TEST(FeedTest, ItGoesFromNewToOld) {
  Records records = test::good_records();
  records.runs.push_back(test::run_of(25h, {}));
  const std::string text = feed_of(test::report_of(records), some_changes(), "");
  EXPECT_THAT(all_of(text, "title"),
              ElementsAre("repo-backup on web1", "OVER web1: /srv/a: E160004",
                          "TROUBLE web1: /srv/b: 3 days", HasSubstr("2 items copied"),
                          HasSubstr("0 items copied"), "TROUBLE web1: /srv/a: E160004"));
}

TEST(FeedTest, GuidsAreUniqueAndStayWhatTheyAre) {
  Records records = test::good_records();
  for (int i = 1; i < 30; ++i) records.runs.push_back(test::run_of(i * 24h, {}));
  const std::vector<std::string> guids =
      all_of(feed_of(test::report_of(records), some_changes(), ""), "guid");
  EXPECT_EQ(guids.size(), 33u);
  EXPECT_EQ(std::set<std::string>(guids.begin(), guids.end()).size(), guids.size());
  // A day later there is one run more, and other texts.
  records.runs.insert(records.runs.begin(), test::run_of(-22h, {}));
  std::vector<StateChange> changes = some_changes();
  for (StateChange& change : changes) change.text += " and more";
  const Report later = make_report(records, {}, test::kNow + 24h, test::kHost);
  std::vector<std::string> then = all_of(feed_of(later, changes, "https://example.org/"), "guid");
  ASSERT_EQ(then.size(), guids.size() + 1);
  then.erase(then.begin());
  EXPECT_EQ(then, guids);
}

TEST(FeedTest, TheNewestRunsAreInIt) {
  Records records = test::good_records();
  for (int i = 1; i < 100; ++i) records.runs.push_back(test::run_of(2h + i * 24h, {}));
  const std::vector<std::string> guids = all_of(feed_of(test::report_of(records), {}, ""), "guid");
  ASSERT_EQ(guids.size(), kFeedRuns);
  EXPECT_THAT(guids.front(), HasSubstr("20260310"));
}

TEST(FeedTest, ATestIsTheFirstItem) {
  const std::string text = feed_of(test::test_report(), some_changes(), "");
  EXPECT_THAT(all_of(text, "title").at(1), HasSubstr("TEST of repo-report"));
  EXPECT_THAT(all_of(text, "description").at(0), testing::StartsWith("TEST of repo-report"));
}

TEST(FeedTest, ItIsBoundedWhateverHasFailed) {
  EXPECT_LT(feed_of(test::many_failures(), {}, "").size(), 4000u);
}

TEST(FeedTest, NamesFromOutsideAreHarmless) {
  const std::string nasty = test::kNasty;
  const std::string text = feed_of(test::nasty_report(), {{ago(1h), nasty, nasty, false}}, nasty);
  EXPECT_TRUE(is_utf8(text));
  EXPECT_EQ(count_of(text, "<b>"), 0u);
  EXPECT_EQ(count_of(text, "]]>"), 0u);
  EXPECT_EQ(all_of(text, "item").size(), 2u);
  for (const std::string& title : all_of(text, "title")) EXPECT_EQ(test::raw_in(title), "");
  for (const char c : text) {
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t')
        << "no character of XML: " << static_cast<int>(c);
  }
}

}  // namespace
}  // namespace repo

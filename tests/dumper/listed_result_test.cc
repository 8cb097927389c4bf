// How an item that the policy only lists is told: apart from one that a stop skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dumper/record.h"
#include "dumper/result_printer.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

ItemResult listed() {
  ItemResult made;
  made.id = "srv-a-1";
  made.kind = "git";
  made.path = "/srv/a";
  made.status = ItemStatus::kSkipped;
  made.listed_by = "size>1GiB";
  made.notes = {"listed only: why"};
  return made;
}

ItemResult stopped() {
  ItemResult made = listed();
  made.listed_by.clear();
  made.notes.clear();
  made.error = plain_error("", "", "stopped before its turn");
  return made;
}

TEST(ListedResultTest, ALineSaysWhy) {
  const std::string line = "skipped   git  /srv/a; listed only: why\n";
  EXPECT_EQ(text_line(listed()), line);
  EXPECT_EQ(plan_line(listed()), line);
}

TEST(ListedResultTest, TheJsonLineNamesTheRule) {
  EXPECT_THAT(result_line(listed()), HasSubstr("\"status\":\"skipped\""));
  EXPECT_THAT(result_line(listed()), HasSubstr("\"listed_by\":\"size>1GiB\""));
  EXPECT_THAT(result_line(listed()), Not(HasSubstr("\"error\"")));
  EXPECT_THAT(result_line(stopped()), Not(HasSubstr("listed_by")));
}

TEST(ListedResultTest, TheSummaryCountsItApartFromTheSkipped) {
  RunSummary summary;
  EXPECT_THAT(text_summary(summary, "/d"), Not(HasSubstr("listed")));
  summary.listed = 3;
  summary.counts[ItemStatus::kSkipped] = 2;
  EXPECT_THAT(text_summary(summary, "/d"), HasSubstr("2 skipped, 3 listed only"));
  EXPECT_THAT(summary_line(summary), HasSubstr("\"skipped\":2,\"listed\":3"));
}

TEST(ListedResultTest, TheTableHasAColumnForIt) {
  ItemResult svn = stopped();
  svn.kind = "svn";
  const std::string table = text_table({listed(), svn, listed()});
  EXPECT_THAT(table, testing::ContainsRegex("skipped +listed"));
  EXPECT_THAT(table, testing::ContainsRegex("git +0 +0 +0 +0 +2 "));
  EXPECT_THAT(table, testing::ContainsRegex("svn +0 +0 +0 +1 +0 "));
}

}  // namespace
}  // namespace repo

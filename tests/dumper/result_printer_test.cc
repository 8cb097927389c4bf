// What a person reads.
#include "dumper/result_printer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

ItemResult result(ItemStatus status) {
  ItemResult made;
  made.kind = "svn";
  made.path = "/srv/svn/alpha";
  made.status = status;
  made.seconds = 0.354;
  made.bytes = 1'258'291;
  return made;
}

TEST(TextLineTest, ACopyTellsItsStateSizeAndTime) {
  ItemResult copied = result(ItemStatus::kCopied);
  copied.fingerprint = {{"uuid", "u"}, {"revision", std::uint64_t{123}}};
  EXPECT_EQ(text_line(copied), "copied    svn  /srv/svn/alpha  (r123, 1.2 MiB, 0.35 s)\n");
}

TEST(TextLineTest, AnHgCopyTellsItsChangesetsAndNotes) {
  ItemResult copied = result(ItemStatus::kCopied);
  copied.kind = "hg";
  copied.fingerprint = {{"changesets", std::uint64_t{4}}};
  copied.notes = {"a share"};
  EXPECT_EQ(text_line(copied),
            "copied    hg   /srv/svn/alpha  (4 changesets, 1.2 MiB, 0.35 s); a share\n");
}

TEST(TextLineTest, AFailureTellsWhyAndItsPathOnce) {
  ItemResult failed = result(ItemStatus::kFailed);
  failed.error = plain_error("verify", failed.path, "it is broken");
  const std::string line = text_line(failed);
  EXPECT_THAT(line, testing::StartsWith("FAILED    svn  /srv/svn/alpha: "));
  EXPECT_THAT(line, HasSubstr("it is broken"));
  EXPECT_EQ(line.find("/srv"), line.rfind("/srv"));
}

TEST(TextLineTest, AFailureInsideNamesThePathInside) {
  ItemResult failed = result(ItemStatus::kVanished);
  failed.error = plain_error("open", failed.path + "/db", "gone");
  EXPECT_THAT(text_line(failed), testing::StartsWith("VANISHED  svn  /srv/svn/alpha: "));
  EXPECT_THAT(text_line(failed), HasSubstr("/srv/svn/alpha/db"));
}

TEST(TextLineTest, D29_NothingInANameReachesTheTerminalAsItIs) {
  ItemResult failed = result(ItemStatus::kFailed);
  failed.kind = "s\x1b[2Jn";
  failed.path = "/srv/\x1b]0;title\x07\n\xff";
  failed.error = plain_error("copy", failed.path + "/\x1b[1m", "message \x1b[2J\nsecond line");
  failed.notes = {"note \x1b[3m\n"};
  for (const ItemStatus status : {ItemStatus::kFailed, ItemStatus::kCopied}) {
    failed.status = status;
    const std::string line = text_line(failed);
    EXPECT_THAT(line, Not(HasSubstr("\x1b")));
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1) << line;
  }
}

TEST(TextLineTest, ACopyWithAnErrorBehindItTellsBoth) {
  ItemResult copied = result(ItemStatus::kCopied);
  copied.error = plain_error("remove", "/dump/older", "no way");
  EXPECT_THAT(text_line(copied), testing::StartsWith("copied"));
  EXPECT_THAT(text_line(copied), HasSubstr("no way"));
}

TEST(TextSummaryTest, TellsOnlyTheCountsThatThereAre) {
  RunSummary summary;
  summary.counts = {{ItemStatus::kCopied, 12}};
  summary.bytes = 2048;
  summary.seconds = 1.25;
  EXPECT_EQ(text_summary(summary, "/var/x"),
            "12 copied and verified; 2.0 KiB in 1.2 s, in /var/x\n");
}

TEST(TextLineTest, WhatIsUnchangedIsToldWithoutATime) {
  ItemResult unchanged = result(ItemStatus::kUnchanged);
  unchanged.error.reset();
  unchanged.notes = {"older copies are kept"};
  EXPECT_THAT(text_line(unchanged), testing::StartsWith("unchanged svn  /srv/svn/alpha  ("));
  EXPECT_THAT(text_line(unchanged), Not(HasSubstr(" s)")));
  EXPECT_THAT(text_line(unchanged), testing::EndsWith("; older copies are kept\n"));
}

TEST(TextSummaryTest, TellsWhatIsUnchanged) {
  RunSummary summary;
  summary.counts = {{ItemStatus::kCopied, 1}, {ItemStatus::kUnchanged, 300}};
  EXPECT_THAT(text_summary(summary, "/var/x"),
              testing::StartsWith("1 copied and verified, 300 unchanged; "));
}

TEST(TextSummaryTest, WhatNoToolHasReadIsNotCalledVerified) {
  RunSummary summary;
  summary.counts = {{ItemStatus::kCopied, 3}};
  summary.unverified = 1;
  EXPECT_THAT(text_summary(summary, "/var/x"),
              testing::StartsWith("2 copied and verified, 1 copied and NOT verified; "));
}

TEST(TextSummaryTest, TellsWhatWentWrong) {
  RunSummary summary;
  summary.counts = {
      {ItemStatus::kFailed, 1}, {ItemStatus::kVanished, 2}, {ItemStatus::kSkipped, 3}};
  const std::string text = text_summary(summary, "/var/\nx");
  EXPECT_THAT(text, HasSubstr("0 copied and verified, 1 FAILED, 2 VANISHED, 3 skipped;"));
  EXPECT_THAT(text, HasSubstr("/var/\\nx"));
}

GoneCopy gone(const std::string& path, bool still_there = false) {
  return {"id-1", "svn", path, 2048, "20260101T000000Z", still_there};
}

TEST(GoneLineTest, SaysWhatStaysAndHowToEndThat) {
  EXPECT_EQ(text_line(gone("/srv/a\n")),
            "gone      svn  /srv/a\\n  (2.0 KiB since 20260101T000000Z); its copies stay until "
            "--forget id-1\n");
}

TEST(GoneLineTest, WhatIsStillThereMayBeDamaged) {
  const std::string line = text_line(gone("/srv/a", true));
  EXPECT_THAT(line, testing::StartsWith("DAMAGED?  svn  /srv/a"));
  EXPECT_THAT(line, testing::HasSubstr("no repository any more; its copies stay"));
}

TEST(GoneLineTest, APlanSaysWhatWouldBeForgotten) {
  GoneCopy copy = gone("/srv/a");
  EXPECT_EQ(plan_line(copy), text_line(copy));
  copy.forgotten = true;
  EXPECT_EQ(plan_line(copy), "would forget svn  /srv/a: all its copies\n");
}

TEST(UnseenTextTest, NamesTheFirstAndCountsTheOthers) {
  EXPECT_EQ(text_of_unseen({gone("/srv/a")}),
            "not looked at by the scan, so its copy of 20260101T000000Z stays as it is: /srv/a");
  EXPECT_THAT(text_of_unseen({gone("/srv/a"), gone("/srv/b"), gone("/srv/c")}),
              testing::EndsWith(": /srv/a and 2 more"));
}

}  // namespace
}  // namespace repo

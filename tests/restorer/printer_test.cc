// How a person reads what repo-restore tells.
#include "restorer/printer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/table.h"

namespace repo {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kStamp = "20260101T000000Z";
constexpr const char* kHostile = "/srv/\x1b[2J\n\xff";

UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

// `lines` lines of text that do nothing to a terminal.
void expect_harmless(const std::string& text, std::ptrdiff_t lines = 1) {
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), lines) << text;
  EXPECT_THAT(text, EndsWith("\n"));
  for (const char c : text) {
    EXPECT_TRUE(c == '\n' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f')) << int{c};
  }
  EXPECT_EQ(text.find('\xff'), std::string::npos);
}

CopiedItem copied(const std::string& path = "/srv/a") {
  CopiedItem item;
  item.kind = "svn";
  item.id = "srv-a-1";
  item.path = path;
  Generation generation;
  generation.stamp = kStamp;
  generation.place = "current/svn/srv-a-1";
  generation.record.emplace();
  generation.record->bytes = 1536;
  item.generations.push_back(generation);
  return item;
}

DrillResult drilled(DrillState state = DrillState::kPassed) {
  DrillResult result;
  result.kind = "svn";
  result.id = "srv-a-1";
  result.path = "/srv/a";
  result.generation = kStamp;
  result.time = at(0);
  result.state = state;
  result.seconds = 3;
  result.restore_seconds = 1.25;
  result.bytes = 1536;
  return result;
}

TEST(ListTextTest, SaysWhatThereIsAndWhatIsProven) {
  CopiedItem item = copied();
  EXPECT_THAT(list_text(item, at(60)), StartsWith("svn  /srv/a  20260101T000000Z  1.5 K"));
  EXPECT_THAT(list_text(item, at(60)), EndsWith("  never proven\n"));
  item.proof.passed = drilled();
  EXPECT_THAT(list_text(item, at(60)), EndsWith("  proven 1 minute ago\n"));
  item.proof.bad[kStamp] = "rot\n";
  EXPECT_THAT(list_text(item, at(60)), EndsWith("  DAMAGED: rot\\n\n"));
}

TEST(ListTextTest, SaysWhatIsMissing) {
  CopiedItem item = copied();
  item.generations[0].record.reset();
  item.generations[0].unreadable = "not a JSON object\x1b";
  EXPECT_EQ(list_text(item, at(0)), "svn  /srv/a  UNREADABLE: not a JSON object\\x1b\n");
  item.generations[0].place = "older/svn/srv-a-1/20260101T000000Z";
  EXPECT_EQ(list_text(item, at(0)), "svn  /srv/a  NO CURRENT COPY; 1 older one\n");
  item.path.clear();
  EXPECT_THAT(list_text(item, at(0)), StartsWith("svn  srv-a-1  "));
}

TEST(ShowTextTest, SaysEverything) {
  CopiedItem item = copied();
  item.generations[0].record->verified_whole = at(0);
  item.generations[0].record->notes = {"a note"};
  item.proof.passed = drilled();
  item.proof.passed->compared = {"checkout of r7"};
  item.proof.last = drilled(DrillState::kFailed);
  item.proof.last->error = "rot";
  item.proof.scrubbed = at(0);
  item.proof.bad[kStamp] = "rot";
  const std::string text = show_text(item, "/dump", at(7200));
  for (const char* words :
       {"svn /srv/a\n", "id       srv-a-1\n", "proven   1970-01-01T00:00:00Z (2 hours ago)",
        "restored in 1.25 s\n", "checkout of r7\n", "drill    failed 1970-01-01T00:00:00Z: rot\n",
        "scrubbed 1970-01-01T00:00:00Z\n", "/dump/current/svn/srv-a-1",
        ", verified 1970-01-01T00:00:00Z", ", DAMAGED: rot\n", "a note\n"}) {
    EXPECT_THAT(text, HasSubstr(words));
  }
  item.proof = {};
  EXPECT_THAT(show_text(item, "/dump", at(0)), HasSubstr("proven   never"));
}

TEST(RestoreTextTest, SaysWhereItIsNowAndWhatCouldNotBeSet) {
  RestoreResult result;
  result.kind = "svn";
  result.path = "/srv/a";
  result.generation = kStamp;
  result.target = "/t";
  result.seconds = 1.5;
  result.bytes = 1536;
  EXPECT_THAT(restore_text(result), StartsWith("restored  svn  /srv/a  to /t  (2026"));
  EXPECT_THAT(restore_text(result), EndsWith(", 1.50 s)\n"));
  result.not_set = {"owner 0:0 could not be set"};
  EXPECT_THAT(restore_text(result), EndsWith("); owner 0:0 could not be set\n"));
  result.error = plain_error("trust", "data/x", "it is missing");
  EXPECT_EQ(restore_text(result), "FAILED    svn  /srv/a: data/x: it is missing\n");
  result.error = system_error("restore to", "/t", EEXIST);
  EXPECT_THAT(restore_text(result), StartsWith("LEFT      svn  /srv/a: restore to /t: "));
  result.error.reset();
  result.instead_of = "data/x: it is missing";
  result.made = "/srv";
  EXPECT_THAT(restore_text(result), HasSubstr("; an OLDER copy, since: data/x: it is missing"));
  EXPECT_THAT(restore_text(result), HasSubstr("; made, and of this user: /srv"));
}

TEST(DrillTextTest, SaysHowItEnded) {
  EXPECT_THAT(drill_text(drilled()), StartsWith("passed    svn  /srv/a  ("));
  EXPECT_THAT(drill_text(drilled()), EndsWith("restored in 1.25 s, drilled in 3.00 s)\n"));
  DrillResult failed = drilled(DrillState::kFailed);
  failed.error = "rot";
  EXPECT_EQ(drill_text(failed), "FAILED    svn  /srv/a: rot\n");
  failed.whole_instead = "20251231T000000Z";
  EXPECT_THAT(drill_text(failed), EndsWith("; whole is the copy of 20251231T000000Z\n"));
  DrillResult not_run = drilled(DrillState::kNotRun);
  not_run.error = "no room";
  EXPECT_EQ(drill_text(not_run), "NOT RUN   svn  /srv/a: no room\n");
}

TEST(DrillTextTest, WhatAToolHasSaidStandsBelowButItsLastLineAndNotAllOfIt) {
  DrillResult failed = drilled(DrillState::kFailed);
  for (int i = 0; i < 100; ++i) failed.tool_output += "line " + std::to_string(i) + "\x1b\n";
  const std::string text = drill_text(failed);
  expect_harmless(text, 6);
  EXPECT_THAT(text, HasSubstr("| line 98\\x1b\n"));
  EXPECT_THAT(text, Not(HasSubstr("line 99")));
  EXPECT_THAT(text, Not(HasSubstr("line 93")));
}

TEST(ScrubTextTest, SaysHowItEnded) {
  ScrubResult result{"srv-a-1", "svn", "/srv/a", kStamp, "current/svn/srv-a-1", 1536, 2, false, ""};
  EXPECT_THAT(scrub_text(result), StartsWith("whole     svn  /srv/a  20260101T000000Z  ("));
  result.error = "overdue";
  EXPECT_EQ(scrub_text(result), "NOT RUN   svn  /srv/a  20260101T000000Z: overdue\n");
  result.is_damaged = true;
  EXPECT_THAT(scrub_text(result), StartsWith("DAMAGED   "));
}

TEST(PrinterTest, D18_HostileWordsAreHarmlessEverywhere) {
  CopiedItem item = copied(kHostile);
  item.generations[0].record->notes = {kHostile};
  item.proof.bad[kStamp] = kHostile;
  expect_harmless(list_text(item, at(0)));
  item.proof.passed = drilled();
  item.proof.passed->compared = {kHostile};
  item.proof.last = drilled(DrillState::kNotRun);
  item.proof.last->error = kHostile;
  item.generations.push_back({kHostile, kHostile, std::nullopt, kHostile});
  expect_harmless(show_text(item, kHostile, at(0)), 8);

  RestoreResult restored;
  restored.path = restored.target = kHostile;
  restored.generation = kStamp;
  expect_harmless(restore_text(restored));
  restored.error = plain_error("trust", kHostile, "why");
  expect_harmless(restore_text(restored));

  DrillResult failed = drilled(DrillState::kFailed);
  failed.path = failed.error = kHostile;
  expect_harmless(drill_text(failed));
  expect_harmless(scrub_text({"i", "svn", kHostile, kHostile, "", 0, 0, true, kHostile}));
}

TEST(SummaryTextTest, CountsAndNamesTheOldestProof) {
  RestoreSummary summary;
  summary.good = 2;
  summary.bad = 1;
  summary.seconds = 4;
  EXPECT_THAT(restore_summary_text(summary), StartsWith("2 restored, 1 failed; "));
  summary.left = 3;
  EXPECT_THAT(restore_summary_text(summary),
              StartsWith("2 restored, 1 failed, 3 left: something is there already; "));
  EXPECT_THAT(scrub_summary_text(summary), StartsWith("2 whole, 1 damaged, 0 not run, "));
  std::vector<CopiedItem> items = {copied(), copied(), copied()};
  EXPECT_EQ(drill_summary_text(summary, items, at(0)),
            "2 passed, 1 failed, 0 not run; 3 of 3 never proven; 4.0 s\n");
  for (CopiedItem& item : items) item.proof.passed = drilled();
  items[1].proof.passed->time = at(-86400);
  EXPECT_EQ(drill_summary_text(summary, items, at(0)),
            "2 passed, 1 failed, 0 not run; oldest proof 1 day; 4.0 s\n");
  items[0].proof.passed.reset();
  summary.waiting = 4;
  EXPECT_EQ(drill_summary_text(summary, items, at(0)),
            "2 passed, 1 failed, 0 not run, 4 wait for the next budget; 1 of 3 never proven; "
            "oldest proof 1 day; 4.0 s\n");
}

}  // namespace
}  // namespace repo

// The ledger read back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dumper/run_history.h"
#include "tests/dumper/history_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using test::time_of;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kFirst = "20260131T235900Z";
constexpr const char* kSecond = "20260201T235900Z";
constexpr const char* kSeen = "2026-02-02T08:00:00Z";

RunRecord run_record() {
  return {"web1", "repo-dump 1", 42, time_of(test::kBegan), test::summary(), nullptr, nullptr, "",
          {}};
}
std::string began(const std::string& run) { return ledger_line_began(run, run_record(), 7); }
std::string ended(const std::string& run) { return ledger_line_ended(run, run_record()); }
std::string dead(const std::string& run) { return ledger_line_died(run, time_of(kSeen)); }

DrillResult drill(const std::string& id) {
  DrillResult made;
  made.id = id;
  made.kind = "svn";
  made.path = test::kHostilePath;
  made.generation = "20260131T235959Z";
  made.time = time_of(kSeen);
  made.state = DrillState::kFailed;
  made.seconds = 2;
  made.error = "it is not what was recorded";
  return made;
}

std::string drills_began(const char* time) {
  return std::string(R"({"message_type": "drills", "state": "began", "time": ")") + time +
         "\", \"owed\": 3}\n";
}

LedgerNight night(std::vector<std::pair<std::string, int>> tools) {
  return {time_of(kSeen), std::move(tools)};
}

TEST(LedgerHistoryTest, ARunIsPutTogetherFromItsLines) {
  const Ledger ledger = read_ledger(began(kFirst) + ended(kFirst));
  EXPECT_EQ(ledger.unreadable, 0u);
  ASSERT_EQ(ledger.runs.size(), 1u);
  const LedgerRun& run = ledger.runs[0];
  EXPECT_EQ(run.run, kFirst);
  EXPECT_EQ(run.state, RunState::kEnded);
  EXPECT_EQ(run.began, time_of(test::kBegan));
  EXPECT_EQ(run.ended, time_of(test::kEndedAt));
  EXPECT_EQ(run.owed, 7u);
  ASSERT_TRUE(run.summary);
  EXPECT_EQ(run.summary->exit_status, 3);
  EXPECT_EQ(run.summary->finished, time_of(test::kEndedAt));
  EXPECT_EQ(run.summary->counts.at(ItemStatus::kFailed), 1u);
  EXPECT_EQ(run.summary->bytes_written, 9u);
  EXPECT_FALSE(run.summary->scan_complete);
}

TEST(LedgerHistoryTest, RunsStandInTheOrderOfTheirFirstLines) {
  const Ledger ledger = read_ledger(began(kSecond) + began(kFirst) + dead(kFirst) + ended(kSecond));
  ASSERT_EQ(ledger.runs.size(), 2u);
  EXPECT_EQ(ledger.runs[0].run, kSecond);
  EXPECT_EQ(ledger.runs[0].state, RunState::kEnded);
  EXPECT_EQ(ledger.runs[1].run, kFirst);
  EXPECT_EQ(ledger.runs[1].state, RunState::kDied);
  EXPECT_EQ(ledger.runs[1].ended, time_of(kSeen));
  EXPECT_FALSE(ledger.runs[1].summary);
}

TEST(LedgerHistoryTest, ARunWhoseBeginningIsNotInThePieceIsThere) {
  const Ledger ledger = read_ledger(ended(kFirst) + began(kSecond));
  ASSERT_EQ(ledger.runs.size(), 2u);
  EXPECT_FALSE(ledger.runs[0].began);
  EXPECT_EQ(ledger.runs[0].ended, time_of(test::kEndedAt));
  EXPECT_EQ(ledger.runs[0].owed, 0u);
  EXPECT_EQ(ledger.runs[1].state, RunState::kRunning);
  EXPECT_FALSE(ledger.runs[1].ended);
}

TEST(LedgerHistoryTest, DrillsInTheirOrder) {
  const Ledger ledger =
      read_ledger(drills_began("2026-02-01T00:00:00Z") + drill_line(drill("a")) +
                  drill_line(drill("b")) + drills_began("2026-02-02T00:00:00Z") +
                  R"({"message_type": "drills", "state": "ended", "time": ")" + kSeen + "\"}\n");
  ASSERT_EQ(ledger.drills.size(), 2u);
  EXPECT_EQ(ledger.drills[0].id, "a");
  EXPECT_EQ(ledger.drills[1].id, "b");
  EXPECT_EQ(ledger.drills[0].path, test::kHostilePath);
  EXPECT_EQ(ledger.drills[0].state, DrillState::kFailed);
  EXPECT_EQ(ledger.drills[0].error, "it is not what was recorded");
  EXPECT_EQ(ledger.unreadable, 0u);
}

TEST(LedgerHistoryTest, ANightIsReadBackInItsOrder) {
  const LedgerNight written =
      night({{"repo-scan", 0}, {"repo-dump", 11}, {"say \"no\"\n", 0}, {"repo-restore", 143}});
  const std::string line = ledger_line(written);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line, whatever the tool is called";
  const Ledger ledger = read_ledger(line + ledger_line(night({})));
  ASSERT_EQ(ledger.nights.size(), 2u);
  EXPECT_EQ(ledger.nights[0].time, written.time);
  EXPECT_EQ(ledger.nights[0].ended, written.ended);
  EXPECT_THAT(ledger.nights[1].ended, IsEmpty());
}

TEST(LedgerHistoryTest, ToolsOfANightMayHaveAnyName) {
  const std::string line = ledger_line(night({{"tool\xff", 1}}));
  const Ledger ledger = read_ledger(line);
  ASSERT_EQ(ledger.nights.size(), 1u) << line;
  EXPECT_THAT(ledger.nights[0].ended, ElementsAre(Pair("tool\xEF\xBF\xBD", 1)));
}

// What a script's line may never become: a night in which all went well.
class BadNightTest : public testing::TestWithParam<const char*> {};

TEST_P(BadNightTest, IsNoGoodNight) {
  const std::string line = std::string(R"({"message_type": "night", "time": ")") + kSeen +
                           R"(", "ended": [{"tool": "repo-dump")" + GetParam() + "}]}\n";
  const Ledger ledger = read_ledger(began(kFirst) + line);
  for (const LedgerNight& each : ledger.nights) {
    EXPECT_TRUE(std::any_of(each.ended.begin(), each.ended.end(), [](const auto& tool) {
      return tool.second != 0;
    })) << line;
  }
  EXPECT_EQ(ledger.unreadable + ledger.nights.size(), 1u) << line;
}

INSTANTIATE_TEST_SUITE_P(Codes, BadNightTest,
                         testing::Values("", R"(, "exit_status": null)", R"(, "exit_status": "0")",
                                         R"(, "exit_status": -1)", R"(, "exit_status": 0.5)",
                                         R"(, "exit_status": [0])", R"(, "exit_status": false)",
                                         R"(, "exit_status": 4294967296)"));

TEST(LedgerHistoryTest, ARunThatDoesNotSayHowItEndedIsNoGoodOne) {
  for (const char* more : {"", R"(, "exit_status": null)", R"(, "exit_status": "0")",
                           R"(, "exit_status": [0])", R"(, "exit_status": 4294967296)"}) {
    const Ledger ledger =
        read_ledger(std::string(R"({"message_type": "run", "state": "ended", "run": ")") + kFirst +
                    R"(", "time": ")" + kSeen + "\"" + more + "}\n");
    ASSERT_EQ(ledger.runs.size(), 1u) << more;
    ASSERT_TRUE(ledger.runs[0].summary) << more;
    EXPECT_NE(ledger.runs[0].summary->exit_status, 0) << more;
  }
}

TEST(LedgerHistoryTest, WhatANewerVersionHasAddedIsPassedOver) {
  const Ledger ledger = read_ledger(
      began(kFirst) + "{\"message_type\": \"weather\", \"run\": {\"a\": [1]}}\n" + ended(kFirst));
  EXPECT_EQ(ledger.unreadable, 0u);
  ASSERT_EQ(ledger.runs.size(), 1u);
  EXPECT_EQ(ledger.runs[0].state, RunState::kEnded);
}

// Pieces of a ledger.
struct Piece : test::NamedCase {
  std::string text;
  std::size_t runs;
  std::size_t unreadable;
};

class PieceTest : public testing::TestWithParam<Piece> {};

TEST_P(PieceTest, IsReadAndWhatIsNoLineIsCounted) {
  const Ledger ledger = read_ledger(GetParam().text);
  EXPECT_EQ(ledger.runs.size(), GetParam().runs);
  EXPECT_EQ(ledger.unreadable, GetParam().unreadable);
}

std::string end_of(const std::string& line) { return line.substr(line.size() / 2); }
std::string begin_of(const std::string& line) { return line.substr(0, line.size() / 2); }

INSTANTIATE_TEST_SUITE_P(
    Pieces, PieceTest,
    testing::Values(
        Piece{"nothing", "", 0, 0}, Piece{"newlines", "\n\n\n", 0, 0},
        Piece{"whole", began(kFirst) + ended(kFirst), 1, 0},
        Piece{"begins_within_a_line", end_of(began(kFirst)) + began(kSecond), 1, 0},
        Piece{"ends_within_a_line", began(kFirst) + begin_of(began(kSecond)), 1, 0},
        Piece{"ends_before_a_newline",
              began(kFirst) + began(kSecond).substr(0, began(kSecond).size() - 1), 2, 0},
        Piece{"is_within_a_line", end_of(begin_of(began(kFirst))), 0, 0},
        Piece{"rubbish_between", began(kFirst) + "rubbish\n{\n[]\nnull\n7\n" + began(kSecond), 2,
              5},
        Piece{"rubbish_before_a_run_that_ended", began(kFirst) + "rubbish\n" + ended(kFirst), 1, 0},
        Piece{"rubbish_after_it", began(kFirst) + ended(kFirst) + "rubbish\n" + began(kSecond), 2,
              1},
        Piece{"a_cut_line_between", began(kFirst) + begin_of(ended(kFirst)) + "\n" + began(kSecond),
              2, 1},
        Piece{"two_lines_in_one", began(kFirst) + began(kFirst).substr(0, 20) + ended(kFirst), 1,
              1},
        Piece{"zeros_of_a_power_cut",
              began(kFirst) + std::string(512, '\0') + "\n" + began(kSecond), 2, 1},
        Piece{"a_drill_without_a_time",
              began(kFirst) + "{\"message_type\": \"drill\", \"id\": \"a\"}\n" + began(kSecond), 2,
              1},
        Piece{"deep_nesting",
              began(kFirst) + std::string(100'000, '[') + "\n" + std::string(100'000, '[') +
                  std::string(100'000, ']') + "\n" + began(kSecond),
              2, 2}),
    test::case_name);

TEST(LedgerHistoryTest, CutAnywhereOnlyTheCutLineIsLost) {
  const std::string all = began(kFirst) + ended(kFirst) + began(kSecond) + dead(kSecond);
  for (std::size_t at = 0; at <= all.size(); ++at) {
    EXPECT_EQ(read_ledger(all.substr(0, at)).unreadable, 0u) << at;
    EXPECT_EQ(read_ledger(all.substr(at)).unreadable, 0u) << at;
  }
}

TEST(LedgerHistoryTest, ALedgerThatWasTamperedWithInventsNoSuccess) {
  RunRecord record = run_record();
  record.summary->exit_status = 1;
  const std::string all = began(kFirst) + ledger_line_ended(kFirst, record) + began(kSecond) +
                          dead(kSecond) + drill_line(drill("a")) +
                          ledger_line(night({{"repo-scan", 1}, {"repo-dump", 1}}));
  test::Mangler mangler(20260201);
  std::size_t read = 0;
  for (int i = 0; i < 6000; ++i) {
    const std::string text = mangler.mangled(all);
    const Ledger ledger = read_ledger(text);
    read += ledger.runs.size();
    for (const DrillResult& each : ledger.drills) {
      ASSERT_NE(each.state, DrillState::kPassed) << text;
    }
    for (const LedgerRun& run : ledger.runs) {
      ASSERT_EQ(run.state == RunState::kEnded, run.summary.has_value()) << text;
    }
  }
  EXPECT_GT(read, 6000u) << "it must be tried on ledgers, not on rubbish alone";
}

}  // namespace
}  // namespace repo

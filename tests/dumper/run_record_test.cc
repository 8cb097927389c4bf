// Lines of results, records of runs, and the ledger.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "dumper/record.h"
#include "tests/dumper/record_fixture.h"

namespace repo {
namespace {

ItemResult copied() {
  ItemResult made;
  made.id = "an-id";
  made.kind = "hg";
  made.path = "/srv/hg/beta";
  made.status = ItemStatus::kCopied;
  made.seconds = 1.5;
  made.bytes = 99;
  made.bytes_written = 9;
  made.generation = "20260131T235959Z";
  made.fingerprint = {{"changesets", std::uint64_t{4}}};
  made.lock_seconds = 0.25;
  made.notes = {"a share"};
  return made;
}

TEST(ResultLineTest, ACopyIsOneLineOfJson) {
  const std::string line = result_line(copied());
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(parsed(line), (Json{{"message_type", "item"},
                                {"id", "an-id"},
                                {"kind", "hg"},
                                {"path", "/srv/hg/beta"},
                                {"status", "copied"},
                                {"seconds", 1.5},
                                {"bytes", 99},
                                {"bytes_written", 9},
                                {"generation", "20260131T235959Z"},
                                {"fingerprint", {{"changesets", 4}}},
                                {"lock_ms", 250.0},
                                {"notes", {"a share"}}}));
}

TEST(ResultLineTest, D29_AFailureIsOneLineWhateverIsInItsNames) {
  ItemResult failed;
  failed.kind = "svn";
  failed.path = "/srv/a\nb\xff";
  failed.status = ItemStatus::kFailed;
  failed.error = plain_error("verify", failed.path, "two\nlines\x1b[0m \xfe");
  const std::string line = result_line(failed);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json document = parsed(line);
  EXPECT_EQ(document["status"], "failed");
  EXPECT_EQ(document["path_b64"], "L3Nydi9hCmL/");
  EXPECT_THAT(document["error"].get<std::string>(),
              testing::StartsWith("verify /srv/a\\nb\\xff: "));
  EXPECT_FALSE(document.contains("generation"));
  EXPECT_FALSE(document.contains("lock_ms"));
}

TEST(SummaryLineTest, NamesEveryCount) {
  RunSummary summary;
  summary.started = at(0);
  summary.finished = at(60);
  summary.counts = {{ItemStatus::kCopied, 2}, {ItemStatus::kFailed, 1}};
  summary.gone = 5;
  summary.bytes = 7;
  summary.bytes_written = 3;
  summary.seconds = 60.5;
  summary.exit_status = 3;
  EXPECT_EQ(parsed(summary_line(summary)), (Json{{"message_type", "summary"},
                                                 {"started", "1970-01-01T00:00:00Z"},
                                                 {"finished", "1970-01-01T00:01:00Z"},
                                                 {"copied", 2},
                                                 {"unchanged", 0},
                                                 {"failed", 1},
                                                 {"vanished", 0},
                                                 {"skipped", 0},
                                                 {"listed", 0},
                                                 {"gone", 5},
                                                 {"bytes", 7},
                                                 {"bytes_written", 3},
                                                 {"seconds", 60.5},
                                                 {"scan_complete", true},
                                                 {"exit_status", 3}}));
}

TEST(RunRecordTest, ARunThatHasBegunIsRunningAndHasNoSummary) {
  const Json document =
      parsed(write_run_record({"web1", "repo-dump 1", 42, at(0), std::nullopt, nullptr, nullptr}));
  EXPECT_EQ(document["format"], "repo-backup/run");
  EXPECT_EQ(document["version"], 1);
  EXPECT_EQ(document["state"], "running");
  EXPECT_EQ(document["pid"], 42);
  EXPECT_EQ(document["items"], Json::array());
  EXPECT_FALSE(document.contains("summary"));
}

TEST(RunRecordTest, ARunThatHasEndedNamesItsItems) {
  const std::vector<ItemResult> results = {copied()};
  RunSummary summary;
  summary.exit_status = 3;
  const Json document =
      parsed(write_run_record({"web1", "repo-dump 1", 42, at(0), summary, &results, nullptr}));
  EXPECT_EQ(document["state"], "ended");
  EXPECT_EQ(document["summary"]["exit_status"], 3);
  ASSERT_EQ(document["items"].size(), 1U);
  EXPECT_EQ(document["items"][0]["id"], "an-id");
}

TEST(RunRecordTest, D1_OneThatDiedHasTheItemsThatHadEndedButNoLineThatWasCut) {
  const std::string running =
      write_run_record({"web1", "repo-dump 1", 42, at(0), std::nullopt, nullptr, nullptr});
  const std::string whole = result_line(copied());
  const std::optional<std::string> marked =
      died(running, {whole, whole.substr(0, whole.size() / 2), ""});
  ASSERT_TRUE(marked);
  const Json document = parsed(*marked);
  ASSERT_EQ(document["items"].size(), 1U);
  EXPECT_EQ(document["items"][0]["id"], "an-id");
}

TEST(RunRecordTest, CopiesOfWhatIsGoneAreInIt) {
  const std::vector<GoneCopy> gone = {{"id-1", "svn", "/srv/\xff", 42, "20260101T000000Z"}};
  RunSummary summary;
  summary.gone = 1;
  const Json document =
      parsed(write_run_record({"web1", "repo-dump 1", 42, at(0), summary, nullptr, &gone}));
  ASSERT_EQ(document["gone"].size(), 1U);
  EXPECT_EQ(document["gone"][0], parsed(gone_line(gone[0])));
  EXPECT_EQ(document["gone"][0]["path_b64"], base64_encode("/srv/\xff"));
  EXPECT_EQ(document["gone"][0]["bytes"], 42);
  EXPECT_EQ(document["summary"]["gone"], 1);
}

TEST(LedgerTest, ARunBeginsWithWhatItOwesAndEndsWithWhatItDid) {
  RunRecord record{"web1", "repo-dump 1", 42, at(0), std::nullopt, nullptr, nullptr};
  const Json began = parsed(ledger_line_began("20260101T000000Z", record, 7));
  EXPECT_EQ(began["state"], "began");
  EXPECT_EQ(began["run"], "20260101T000000Z");
  EXPECT_EQ(began["owed"], 7);
  EXPECT_EQ(began["time"], rfc3339(at(0)));
  record.summary = RunSummary();
  record.summary->finished = at(60);
  record.summary->counts[ItemStatus::kCopied] = 6;
  record.summary->exit_status = 3;
  const Json ended = parsed(ledger_line_ended("20260101T000000Z", record));
  EXPECT_EQ(ended["state"], "ended");
  EXPECT_EQ(ended["time"], rfc3339(at(60)));
  EXPECT_EQ(ended["copied"], 6);
  EXPECT_EQ(ended["exit_status"], 3);
  EXPECT_EQ(parsed(ledger_line_died("20260101T000000Z", at(9)))["state"], "died");
}

TEST(ResultLineTest, WhatAToolHasPrintedStandsBesideItsError) {
  ItemResult result = copied();
  result.status = ItemStatus::kFailed;
  result.error = plain_error("verify", "", "exit status 1: last");
  EXPECT_FALSE(parsed(result_line(result)).contains("tool_output"));
  result.error->output = "first\n\n\x1b[31msecond\xff\n";
  const Json lines = parsed(result_line(result))["tool_output"];
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "first");
}

TEST(RunRecordTest, D1_OneThatSaysRunningAndIsNotIsMarkedAndNoOther) {
  const std::string running =
      write_run_record({"web1", "repo-dump 1", 42, at(0), std::nullopt, nullptr, nullptr});
  const std::optional<std::string> marked = died(running, {});
  ASSERT_TRUE(marked);
  Json expected = parsed(running);
  expected["state"] = "died";
  EXPECT_EQ(parsed(*marked), expected);
  EXPECT_EQ(died(*marked, {}), std::nullopt);
  EXPECT_EQ(
      died(write_run_record({"web1", "repo-dump 1", 42, at(0), RunSummary(), nullptr, nullptr}),
           {}),
      std::nullopt);
  for (const char* text : {"", "{", "[]", "null", "{\"state\": 7}", "{}"}) {
    EXPECT_EQ(died(text, {}), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace repo

// The documents of repo-dump.
#include "dumper/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using Json = nlohmann::json;

UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

ItemRecord record() {
  ItemRecord made;
  made.id = "srv-svn-alpha-0123";
  made.source.kind = "svn";
  made.source.path = "/srv/svn/alpha";
  made.source.store = "/srv/svn/alpha";
  made.source.device = 65024;
  made.source.inode = UINT64_MAX;
  made.source.uid = 1234;
  made.source.gid = 4294967294U;
  made.source.mode = 02750;
  made.host = "web1";
  made.generation = "20260131T235959Z";
  made.verified_whole = at(0);
  made.copied_whole = at(60);
  made.tool = "svnadmin";
  made.tool_version = "1.14.2";
  made.fingerprint = {{"uuid", "u-1"}, {"revision", std::uint64_t{123}}};
  made.notes = {"a note"};
  made.lock_seconds = 0.0074996;
  made.totals = {10, 20, 30, 40, 5};
  made.checksums_sha256 = "aa";
  made.owners_sha256 = "bb";
  made.source_look.digest = "cc";
  made.source_look.began = {100, 0};
  made.source_look.newest = {90, 0};
  made.copy_look.digest = "dd";
  return made;
}

Json parsed(const std::string& text) { return Json::parse(text); }

TEST(ItemRecordTest, IsTheDocumentThatTheSchemaDescribes) {
  const Json document = parsed(write_item_record(record()));
  EXPECT_EQ(document["format"], "repo-backup/item");
  EXPECT_EQ(document["version"], 1);
  EXPECT_EQ(document["id"], "srv-svn-alpha-0123");
  EXPECT_EQ(document["kind"], "svn");
  EXPECT_EQ(document["host"], "web1");
  EXPECT_EQ(document["generation"], "20260131T235959Z");
  EXPECT_EQ(document["source"], (Json{{"path", "/srv/svn/alpha"},
                                      {"store", "/srv/svn/alpha"},
                                      {"device", 65024},
                                      {"inode", UINT64_MAX},
                                      {"uid", 1234},
                                      {"gid", 4294967294U},
                                      {"mode", "2750"}}));
  EXPECT_EQ(document["fingerprint"], (Json{{"uuid", "u-1"}, {"revision", 123}}));
  EXPECT_EQ(document["verified"],
            (Json{{"whole", "1970-01-01T00:00:00Z"}, {"by", "svnadmin"}, {"version", "1.14.2"}}));
  EXPECT_EQ(document["lock_ms"], 7.499);
  EXPECT_EQ(
      document["totals"],
      (Json{{"files", 10}, {"directories", 20}, {"links", 30}, {"bytes", 40}, {"shared", 5}}));
  EXPECT_EQ(document["copied_whole"], "1970-01-01T00:01:00Z");
  EXPECT_EQ(document["looks"], (Json{{"source", "cc"}, {"copy", "dd"}}));
  EXPECT_EQ(document["sha256"], (Json{{"SHA256SUMS", "aa"}, {"owners", "bb"}}));
  EXPECT_EQ(document["notes"], Json::array({"a note"}));
}

TEST(ItemRecordTest, WhatIsNotThereIsLeftOut) {
  ItemRecord bare = record();
  bare.lock_seconds.reset();
  bare.notes.clear();
  bare.fingerprint.clear();
  const Json document = parsed(write_item_record(bare));
  EXPECT_FALSE(document.contains("lock_ms"));
  EXPECT_FALSE(document.contains("frozen"));
  EXPECT_FALSE(document["verified"].contains("new"));
  EXPECT_FALSE(document["source"].contains("path_b64"));
  EXPECT_EQ(document["notes"], Json::array());
  EXPECT_EQ(document["fingerprint"], Json::object());
}

TEST(ItemRecordTest, D18_APathThatIsNoTextIsKeptExactly) {
  ItemRecord odd = record();
  odd.source.path = "/srv/\xff\n\"";
  odd.source.store = "/srv/\xff\n\"/.hg";
  const Json document = parsed(write_item_record(odd));
  EXPECT_EQ(document["source"]["path"], "/srv/\uFFFD\n\"");
  EXPECT_EQ(document["source"]["path_b64"], "L3Nydi//CiI=");
  EXPECT_EQ(document["source"]["store_b64"], "L3Nydi//CiIvLmhn");
}

TEST(ItemRecordTest, TextOfToolsThatIsNoTextDoesNotBreakTheDocument) {
  ItemRecord odd = record();
  odd.tool_version = "1.\xff";
  odd.notes = {"note \xfe"};
  odd.fingerprint = {{"tip", "\xfd"}};
  odd.host = "h\xfc";
  const Json document = parsed(write_item_record(odd));
  EXPECT_EQ(document["verified"]["version"], "1.\uFFFD");
  EXPECT_EQ(document["notes"][0], "note \uFFFD");
  EXPECT_EQ(document["fingerprint"]["tip_b64"], "/Q==");
}

TEST(ItemRecordTest, WhatLaterRunsNeedComesBack) {
  const Result<GenerationSummary> summary = read_item_record(write_item_record(record()));
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_EQ(summary->generation, "20260131T235959Z");
  EXPECT_EQ(summary->bytes, 40U);
  EXPECT_EQ(summary->fingerprint, record().fingerprint);
  EXPECT_EQ(summary->verified_whole, at(0));
  EXPECT_EQ(summary->copied_whole, at(60));
  EXPECT_EQ(summary->source_look, "cc");
  EXPECT_EQ(summary->copy_look, "dd");
  EXPECT_THAT(summary->frozen, testing::IsEmpty());
}

TEST(ItemRecordTest, WhatWasVerifiedOfAnIncrementalNightComesBackAsTheLastOfTheWhole) {
  ItemRecord incremental = record();
  incremental.verified_new = at(7200);
  incremental.frozen = {"it shrank", "its uuid \xff changed"};
  const std::string text = write_item_record(incremental);
  EXPECT_EQ(parsed(text)["verified"]["whole"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(parsed(text)["verified"]["new"], "1970-01-01T02:00:00Z");
  const Result<GenerationSummary> summary = read_item_record(text);
  ASSERT_TRUE(summary) << describe(summary.error());
  EXPECT_EQ(summary->verified_whole, at(0));
  EXPECT_THAT(summary->frozen, testing::ElementsAre("it shrank", "its uuid \uFFFD changed"));
}

// A change within the same tick of the clock as the look would not show in it.
TEST(ItemRecordTest, ALookThatIsNotSettledIsNotKept) {
  ItemRecord racy = record();
  for (const time_t newest : {98, 99, 100, 101}) {
    racy.source_look.newest = {newest, 0};
    EXPECT_EQ(parsed(write_item_record(racy))["looks"]["source"], "") << newest;
  }
  racy.source_look.newest = {97, 999'999'999};
  EXPECT_EQ(parsed(write_item_record(racy))["looks"]["source"], "cc");
}

// Of a version that knew none of it, or edited: nothing of it is relied on.
TEST(ItemRecordTest, WhatIsMissingOrOfAnotherTypeIsNotReliedOn) {
  for (const Json& odd : {Json(), Json(7), Json::object(), Json("x")}) {
    Json document = parsed(write_item_record(record()));
    for (const char* key : {"fingerprint", "verified", "copied_whole", "looks", "frozen"}) {
      document[key] = odd;
      if (odd.is_null()) document.erase(key);
    }
    const Result<GenerationSummary> summary = read_item_record(document.dump());
    ASSERT_TRUE(summary) << describe(summary.error());
    EXPECT_EQ(summary->bytes, 40U);
    EXPECT_THAT(summary->fingerprint, testing::IsEmpty());
    EXPECT_EQ(summary->verified_whole, std::nullopt);
    EXPECT_EQ(summary->copied_whole, std::nullopt);
    EXPECT_EQ(summary->source_look, "");
    EXPECT_EQ(summary->copy_look, "");
  }
}

TEST(ItemRecordTest, FieldsOfALaterVersionAreIgnored) {
  Json document = parsed(write_item_record(record()));
  document["what_comes_later"] = {{"a", 1}};
  EXPECT_TRUE(read_item_record(document.dump()));
}

struct BadRecordCase : test::NamedCase {
  std::string pointer;  // what is replaced
  Json value;           // by this
  std::string named;
};

class ItemRecordRefusalTest : public testing::TestWithParam<BadRecordCase> {};

TEST_P(ItemRecordRefusalTest, SaysWhatIsWrong) {
  Json document = parsed(write_item_record(record()));
  const Json::json_pointer pointer(GetParam().pointer);
  document[pointer] = GetParam().value;
  const Result<GenerationSummary> summary = read_item_record(document.dump());
  ASSERT_FALSE(summary);
  EXPECT_THAT(describe(summary.error()), testing::HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, ItemRecordRefusalTest,
    testing::Values(
        BadRecordCase{"another_format", "/format", "repo-backup/run", "format"},
        BadRecordCase{"another_version", "/version", 2, "version"},
        BadRecordCase{"a_version_as_text", "/version", "1", "version"},
        BadRecordCase{"no_version", "/version", nullptr, "version"},
        BadRecordCase{"no_generation", "/generation", nullptr, "generation"},
        BadRecordCase{"a_generation_that_is_no_stamp", "/generation", "yesterday", "generation"},
        BadRecordCase{"a_generation_that_is_a_path", "/generation", "../../../etc", "generation"},
        BadRecordCase{"no_bytes", "/totals/bytes", nullptr, "totals.bytes"},
        BadRecordCase{"negative_bytes", "/totals/bytes", -1, "totals.bytes"},
        BadRecordCase{"totals_of_another_type", "/totals", 5, "totals.bytes"}),
    test::case_name);

class ItemRecordTextTest : public testing::TestWithParam<std::string> {};

TEST_P(ItemRecordTextTest, D10_WhatIsNoRecordIsAnErrorAndNeverAnException) {
  EXPECT_FALSE(read_item_record(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Texts, ItemRecordTextTest,
                         testing::Values("", "{", "null", "[]", "\"text\"", "{}", "\xff", "7",
                                         R"({"format": [], "version": {}})",
                                         R"({"format": "repo-backup/item", "version": 1})"));

TEST(ItemRecordTest, D10_ARecordThatWasCutShortAnywhereIsAnError) {
  const std::string text = write_item_record(record());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(read_item_record(text.substr(0, length))) << length;
  }
}

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

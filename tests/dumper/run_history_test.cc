// Records of runs read back.
#include "dumper/run_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/dumper/history_fixture.h"
#include "tests/support/result_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using test::ended_record;
using test::error_of;
using test::kBegan;
using test::kEndedAt;
using test::value_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

TEST(RunHistoryTest, WhatWasWrittenIsReadBack) {
  const PastRun run = value_of(read_run_record(ended_record()));
  EXPECT_EQ(run.state, RunState::kEnded);
  EXPECT_EQ(run.host, "web1");
  EXPECT_EQ(rfc3339(run.started), kBegan);
  ASSERT_TRUE(run.summary);
  EXPECT_EQ(rfc3339(run.summary->started), kBegan);
  EXPECT_EQ(rfc3339(run.summary->finished), kEndedAt);
  EXPECT_EQ(run.summary->counts.at(ItemStatus::kCopied), 1u);
  EXPECT_EQ(run.summary->counts.at(ItemStatus::kFailed), 1u);
  EXPECT_EQ(run.summary->counts.at(ItemStatus::kSkipped), 1u);
  EXPECT_EQ(run.summary->listed, 4u);
  EXPECT_EQ(run.summary->gone, 1u);
  EXPECT_EQ(run.summary->bytes, 99u);
  EXPECT_EQ(run.summary->bytes_written, 9u);
  EXPECT_EQ(run.summary->seconds, 60.5);
  EXPECT_FALSE(run.summary->scan_complete);
  EXPECT_EQ(run.summary->exit_status, 3);
}

TEST(RunHistoryTest, ItemsHaveTheirPathsNotesAndWhatToolsSaid) {
  const PastRun run = value_of(read_run_record(ended_record()));
  ASSERT_EQ(run.items.size(), 3u);
  const ItemResult& copy = run.items[0];
  EXPECT_EQ(copy.id, "an-id");
  EXPECT_EQ(copy.kind, "hg");
  EXPECT_EQ(copy.path, test::kHostilePath);
  EXPECT_EQ(copy.status, ItemStatus::kCopied);
  EXPECT_EQ(copy.seconds, 1.5);
  EXPECT_EQ(copy.bytes, 99u);
  EXPECT_EQ(copy.bytes_written, 9u);
  EXPECT_EQ(copy.generation, "20260131T235959Z");
  EXPECT_THAT(copy.notes, ElementsAre("a share", "another note"));
  EXPECT_TRUE(copy.is_alarming);
  EXPECT_FALSE(copy.error);
  const ItemResult& failure = run.items[1];
  EXPECT_EQ(failure.path, "/srv/plain");
  EXPECT_EQ(failure.status, ItemStatus::kFailed);
  EXPECT_FALSE(failure.is_alarming);
  EXPECT_THAT(failure.notes, IsEmpty());
  ASSERT_TRUE(failure.error);
  EXPECT_THAT(describe(*failure.error), HasSubstr("exit status 1"));
  EXPECT_EQ(failure.error->output, "first\nsecond\n");
  EXPECT_EQ(run.items[2].status, ItemStatus::kSkipped);
  EXPECT_EQ(run.items[2].listed_by, "*/cache/*");
  EXPECT_EQ(run.items[2].seconds, 0) << "what is not there is not of the item before";
  EXPECT_FALSE(run.items[2].error);
}

TEST(RunHistoryTest, CopiesOfWhatIsGoneAreReadBack) {
  const PastRun run = value_of(read_run_record(ended_record()));
  ASSERT_EQ(run.gone.size(), 2u);
  EXPECT_EQ(run.gone[0].id, "id-1");
  EXPECT_EQ(run.gone[0].kind, "svn");
  EXPECT_EQ(run.gone[0].path, "/srv/\xff");
  EXPECT_EQ(run.gone[0].bytes, 42u);
  EXPECT_EQ(run.gone[0].generation, "20260101T000000Z");
  EXPECT_TRUE(run.gone[0].still_there);
  EXPECT_FALSE(run.gone[0].forgotten);
  EXPECT_FALSE(run.gone[1].still_there);
  EXPECT_TRUE(run.gone[1].forgotten);
}

TEST(RunHistoryTest, OneThatRunsAndOneThatDiedHaveNoSummary) {
  const std::string running = test::running_record();
  PastRun run = value_of(read_run_record(running));
  EXPECT_EQ(run.state, RunState::kRunning);
  EXPECT_FALSE(run.summary);
  EXPECT_THAT(run.items, IsEmpty());
  const std::optional<std::string> dead = died(running, {result_line(test::results()[0])});
  ASSERT_TRUE(dead);
  run = value_of(read_run_record(*dead));
  EXPECT_EQ(run.state, RunState::kDied);
  EXPECT_FALSE(run.summary);
  ASSERT_EQ(run.items.size(), 1u);
  EXPECT_EQ(run.items[0].path, test::kHostilePath);
}

TEST(RunHistoryTest, CutAnywhereItIsAnErrorNeverHalfARecord) {
  const std::string whole = ended_record();
  ASSERT_TRUE(read_run_record(whole));
  const std::size_t end = whole.rfind('}');
  for (std::size_t length = 0; length <= end; ++length) {
    ASSERT_FALSE(read_run_record(whole.substr(0, length))) << length;
  }
  EXPECT_TRUE(read_run_record(whole.substr(0, end + 1))) << "the newline alone may be missing";
}

// What was made of a good record, and what the error says.
struct BadRecord : test::NamedCase {
  std::function<void(Json&)> change;
  std::string said;
};

class BadRecordTest : public testing::TestWithParam<BadRecord> {};

TEST_P(BadRecordTest, IsAnError) {
  Json document = Json::parse(ended_record());
  GetParam().change(document);
  EXPECT_THAT(describe(error_of(read_run_record(document.dump()))), HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Records, BadRecordTest,
    testing::Values(
        BadRecord{"another_format", [](Json& d) { d["format"] = "repo-backup/item"; }, "no record"},
        BadRecord{"no_format", [](Json& d) { d.erase("format"); }, "no record"},
        BadRecord{"format_in_a_list",
                  [](Json& d) { d["format"] = Json::array({"repo-backup/run"}); }, "no record"},
        BadRecord{"another_version", [](Json& d) { d["version"] = 2; }, "version"},
        BadRecord{"version_as_text", [](Json& d) { d["version"] = "1"; }, "version"},
        BadRecord{"no_version", [](Json& d) { d.erase("version"); }, "version"},
        BadRecord{"no_time", [](Json& d) { d.erase("started"); }, "when the run began"},
        BadRecord{"no_such_time", [](Json& d) { d["started"] = "2026-02-30T00:00:00Z"; }, "began"},
        BadRecord{"no_state", [](Json& d) { d.erase("state"); }, "state"},
        BadRecord{"unknown_state", [](Json& d) { d["state"] = "resting"; }, "state"},
        BadRecord{"running_with_a_summary", [](Json& d) { d["state"] = "running"; }, "state"},
        BadRecord{"died_with_a_summary", [](Json& d) { d["state"] = "died"; }, "state"},
        BadRecord{"ended_without_one", [](Json& d) { d.erase("summary"); }, "state"},
        BadRecord{"summary_that_is_null", [](Json& d) { d["summary"] = nullptr; }, "state"},
        BadRecord{"summary_in_a_list", [](Json& d) { d["summary"] = Json::array({d["summary"]}); },
                  "state"},
        BadRecord{"summary_further_in",
                  [](Json& d) {
                    d["items"][0]["summary"] = d["summary"];
                    d.erase("summary");
                  },
                  "state"},
        BadRecord{"all_of_it_in_a_list", [](Json& d) { d = Json::array({d}); }, "no record"},
        BadRecord{"no_object", [](Json& d) { d = 7; }, "no record"}),
    test::case_name);

// What is no clear word of success is none.
struct NoSuccess : test::NamedCase {
  std::function<void(Json&)> change;
};

class NoSuccessTest : public testing::TestWithParam<NoSuccess> {};

TEST_P(NoSuccessTest, OfTheRun) {
  Json document = Json::parse(test::good_record());
  ASSERT_EQ(value_of(read_run_record(document.dump())).summary->exit_status, 0);
  GetParam().change(document["summary"]);
  EXPECT_NE(value_of(read_run_record(document.dump())).summary.value().exit_status, 0);
}

Json nested(int depth) {
  Json inner = Json::object({{"exit_status", 0}});
  for (int i = 0; i < depth; ++i) inner = Json::array({inner});
  return inner;
}

INSTANTIATE_TEST_SUITE_P(
    Summaries, NoSuccessTest,
    testing::Values(
        NoSuccess{"not_said", [](Json& s) { s.erase("exit_status"); }},
        NoSuccess{"null", [](Json& s) { s["exit_status"] = nullptr; }},
        NoSuccess{"text", [](Json& s) { s["exit_status"] = "0"; }},
        NoSuccess{"truth", [](Json& s) { s["exit_status"] = false; }},
        NoSuccess{"fraction", [](Json& s) { s["exit_status"] = 0.5; }},
        NoSuccess{"below_zero", [](Json& s) { s["exit_status"] = -1; }},
        NoSuccess{"too_large_for_an_int", [](Json& s) { s["exit_status"] = 4294967296; }},
        NoSuccess{"in_a_list", [](Json& s) { s["exit_status"] = Json::array({0}); }},
        NoSuccess{"in_an_object",
                  [](Json& s) {
                    s["exit_status"] = {{"exit_status", 0}};
                  }},
        NoSuccess{"in_an_object_in_a_list", [](Json& s) { s["exit_status"] = nested(1); }},
        NoSuccess{"far_in", [](Json& s) { s["exit_status"] = nested(9); }}),
    test::case_name);

TEST(RunHistoryTest, AStatusThatIsNotKnownIsAFailure) {
  for (const Json& word : {Json("Copied"), Json("rescued"), Json(""), Json(0), Json(nullptr),
                           Json(true), Json::array({"copied"}), Json{{"status", "copied"}},
                           Json::array({{{"status", "copied"}}})}) {
    Json document = Json::parse(test::good_record());
    document["items"][0]["status"] = word;
    const PastRun run = value_of(read_run_record(document.dump()));
    ASSERT_EQ(run.items.size(), 1u) << word;
    EXPECT_EQ(run.items[0].status, ItemStatus::kFailed) << word;
  }
}

TEST(RunHistoryTest, WhatANewerVersionHasAddedIsPassedOver) {
  Json document = Json::parse(ended_record());
  const Json more = {{"status", "copied"}, {"id", "x"}, {"list", {1, {{"id", "y"}}, {2, {3}}}}};
  document["more"] = more;
  document["several"] = Json::array({more, more});
  document["summary"]["more"] = more;
  for (Json& item : document["items"]) item["more"] = more;
  for (Json& gone : document["gone"]) gone["more"] = more;
  const PastRun run = value_of(read_run_record(document.dump()));
  EXPECT_EQ(run.summary.value().exit_status, 3);
  ASSERT_EQ(run.items.size(), 3u);
  EXPECT_EQ(run.items[0].id, "an-id");
  EXPECT_EQ(run.items[1].status, ItemStatus::kFailed);
  EXPECT_EQ(run.gone.size(), 2u);
}

TEST(RunHistoryTest, ListsDoNotLeakIntoWhatTheyStandIn) {
  Json document = Json::parse(test::good_record());
  document["items"][0].erase("alarming");
  document["items"][0]["notes"] = {"one", {{"alarming", true}, {"bytes", 7}}, false, 5, "two"};
  const ItemResult item = value_of(read_run_record(document.dump())).items.at(0);
  EXPECT_FALSE(item.is_alarming);
  EXPECT_EQ(item.bytes, 99u);
  EXPECT_THAT(item.notes, ElementsAre("one", "two"));
}

TEST(RunHistoryTest, WrongTypesAndDeepNestingAreBorne) {
  const Json whole = Json::parse(ended_record());
  const std::vector<Json> values = {nullptr,        true,      -1,
                                    1e300,          "text",    Json::array(),
                                    Json::object(), nested(3), Json::array({1, "x", nullptr})};
  for (const auto& [key, ignored] : whole.items()) {
    for (const Json& value : values) {
      Json document = whole;
      document[key] = value;
      const Result<PastRun> run = read_run_record(document.dump());
      if (!run || !run->summary) continue;
      EXPECT_NE(run->summary->exit_status, 0) << document;
    }
  }
  for (const char* open : {"[", "{\"items\":", "{\"items\":[", "{\"summary\":{\"x\":["}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += open;
    EXPECT_FALSE(read_run_record(deep)) << open;
  }
  std::string closed(100'000, '[');
  closed += std::string(100'000, ']');
  EXPECT_FALSE(read_run_record("{\"items\":" + closed + "}"));
}

TEST(RunHistoryTest, ARecordThatWasTamperedWithInventsNoSuccess) {
  // None of its items is "copied": what a flipped byte makes of the words is none of them either.
  std::vector<ItemResult> items = test::results();
  items[0].status = ItemStatus::kFailed;
  RunSummary summary = test::summary();
  summary.exit_status = 1;
  const std::string whole = test::record_of(summary, items);
  test::Mangler mangler(20260131);
  std::size_t read = 0;
  for (int i = 0; i < 4000; ++i) {
    const std::string text = mangler.mangled(whole);
    const Result<PastRun> run = read_run_record(text);
    if (!run) continue;
    ++read;
    for (const ItemResult& item : run->items) {
      ASSERT_NE(item.status, ItemStatus::kCopied) << text;
      ASSERT_NE(item.status, ItemStatus::kUnchanged) << text;
    }
    if (run->state == RunState::kEnded) {
      ASSERT_TRUE(run->summary) << text;
    }
  }
  EXPECT_GT(read, 100u) << "it must be tried on records, not on rubbish alone";
}

}  // namespace
}  // namespace repo

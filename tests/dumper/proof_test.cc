// What is proven of copies, as a document.
#include "dumper/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/result_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr const char* kStamp = "20260102T000000Z";
constexpr const char* kOlder = "20260101T000000Z";

DrillResult result(DrillState state) {
  DrillResult made;
  made.id = "srv-x-1";
  made.kind = "svn";
  made.path = "/srv/x";
  made.generation = kStamp;
  made.time = *parse_stamp("20260103T040506Z");
  made.state = state;
  made.seconds = 12.5;
  made.restore_seconds = 0.25;
  made.bytes = UINT64_MAX;
  made.compared = {"SHA-256 of 3 files as recorded", "checkout of r7"};
  if (state == DrillState::kPassed) return made;
  made.error = "data/db/current: its SHA-256 is not the recorded one";
  made.tool_output = "one\ntwo\n";
  made.whole_instead = kOlder;
  return made;
}

Proof proof() {
  Proof made;
  made.passed = result(DrillState::kPassed);
  made.last = result(DrillState::kFailed);
  made.bad = {{kStamp, "rotten"}, {kOlder, "rotten, too"}};
  made.scrubbed = *parse_stamp(kOlder);
  return made;
}

TEST(ProofTest, ComesBackAsItWasWritten) {
  const Proof read = *read_proof(write_proof(proof()));
  ASSERT_TRUE(read.passed);
  EXPECT_EQ(read.passed->state, DrillState::kPassed);
  EXPECT_EQ(read.passed->generation, kStamp);
  EXPECT_EQ(read.passed->time, parse_stamp("20260103T040506Z"));
  EXPECT_EQ(read.passed->seconds, 12.5);
  EXPECT_EQ(read.passed->restore_seconds, 0.25);
  EXPECT_EQ(read.passed->bytes, UINT64_MAX);
  EXPECT_THAT(read.passed->compared,
              ElementsAre("SHA-256 of 3 files as recorded", "checkout of r7"));
  ASSERT_TRUE(read.last);
  EXPECT_EQ(read.last->state, DrillState::kFailed);
  EXPECT_EQ(read.last->error, "data/db/current: its SHA-256 is not the recorded one");
  EXPECT_EQ(read.last->whole_instead, kOlder);
  EXPECT_THAT(read.bad, ElementsAre(Pair(kOlder, "rotten, too"), Pair(kStamp, "rotten")));
  EXPECT_EQ(read.scrubbed, parse_stamp(kOlder));
  EXPECT_EQ(*read.why_bad(kStamp), "rotten");
  EXPECT_EQ(read.why_bad("20260105T000000Z"), nullptr);
}

TEST(ProofTest, WhatWasWrittenIsWrittenAgain) {
  Proof without_output = proof();
  without_output.last->tool_output.clear();
  const std::string text = write_proof(without_output);
  EXPECT_EQ(write_proof(*read_proof(text)), text);
  EXPECT_EQ(write_proof(*read_proof(write_proof(Proof()))), write_proof(Proof()));
}

TEST(ProofTest, EachStateComesBack) {
  for (const DrillState state : {DrillState::kPassed, DrillState::kFailed, DrillState::kNotRun}) {
    Proof one;
    one.last = result(state);
    const Proof read = *read_proof(write_proof(one));
    ASSERT_TRUE(read.last);
    EXPECT_EQ(read.last->state, state);
    EXPECT_FALSE(read.proven()) << "only what passed proves anything";
  }
}

// Of a copy without a record no generation is known; that it was tried is.
TEST(ProofTest, ADrillOfNoGenerationComesBack) {
  Proof one;
  one.last = result(DrillState::kFailed);
  one.last->generation.clear();
  const Proof read = *read_proof(write_proof(one));
  ASSERT_TRUE(read.last);
  EXPECT_EQ(read.last->generation, "");
  EXPECT_EQ(read.last->time, one.last->time);
}

TEST(ProofTest, D18_TextOfToolsThatIsNoTextDoesNotBreakTheDocument) {
  Proof odd = proof();
  odd.last->error = "\xff\n\x1b[31m";
  odd.last->tool_output = "\xfe";
  odd.last->compared = {"\xfd"};
  odd.bad[kStamp] = "\xfc";
  const Proof read = *read_proof(write_proof(odd));
  ASSERT_TRUE(read.last);
  EXPECT_EQ(read.last->error, "\uFFFD\n\x1b[31m");
  EXPECT_EQ(*read.why_bad(kStamp), "\uFFFD");
}

class NoProofTest : public testing::TestWithParam<std::string> {};

// What was found against a copy may be lost with it: so it is an error, and not an empty proof.
TEST_P(NoProofTest, IsAnErrorAndNoException) { EXPECT_FALSE(read_proof(GetParam())); }

INSTANTIATE_TEST_SUITE_P(
    Texts, NoProofTest,
    testing::Values("", "{", "null", "[]", "7", "\"text\"", "{}", "\xff",
                    R"({"format": [], "version": {}})",
                    R"({"format": "repo-backup/item", "version": 1, "bad": {"x": "y"}})",
                    R"({"format": "repo-backup/proof", "bad": {"x": "y"}})",
                    R"({"format": "repo-backup/proof", "version": 2, "bad": {"x": "y"}})",
                    R"({"format": "repo-backup/proof", "version": "1", "bad": {"x": "y"}})",
                    std::string(100'000, '['), std::string(100'000, '{')));

TEST(ProofTest, ADocumentThatWasCutShortAnywhereIsAnError) {
  const std::string text = write_proof(proof());
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    EXPECT_FALSE(read_proof(text.substr(0, length))) << length;
  }
}

struct ProvenCase : test::NamedCase {
  DrillState last;
  std::string bad;       // a generation that is damaged
  std::string unusable;  // one that could not be used
  bool proven;
};

class ProvenTest : public testing::TestWithParam<ProvenCase> {};

TEST_P(ProvenTest, NothingMaySpeakAgainstIt) {
  Proof one;
  one.passed = result(DrillState::kPassed);
  one.last = result(GetParam().last);
  if (!GetParam().bad.empty()) one.bad[GetParam().bad] = "rot";
  if (!GetParam().unusable.empty()) one.unusable[GetParam().unusable] = "no";
  EXPECT_EQ(one.proven().has_value(), GetParam().proven);
}

INSTANTIATE_TEST_SUITE_P(
    Proofs, ProvenTest,
    testing::Values(
        ProvenCase{"passed", DrillState::kPassed, "", "", true},
        ProvenCase{"then_not_run", DrillState::kNotRun, "", "", true},
        ProvenCase{"then_failed", DrillState::kFailed, "", "", false},
        ProvenCase{"an_older_one_is_bad", DrillState::kPassed, kOlder, "", true},
        ProvenCase{"this_one_is_bad", DrillState::kPassed, kStamp, "", false},
        ProvenCase{"a_newer_one_is_bad", DrillState::kPassed, "20990101T000000Z", "", false},
        ProvenCase{"a_newer_one_is_unusable", DrillState::kPassed, "", "20990101T000000Z", false}),
    test::case_name);

TEST(ProofTest, WhatIsBadSinceATime) {
  Proof one;
  one.bad["20260101T000000Z"] = "rot";
  EXPECT_TRUE(one.why_bad_since("20251231T000000Z"));
  EXPECT_TRUE(one.why_bad_since("20260101T000000Z"));
  EXPECT_FALSE(one.why_bad_since("20260102T000000Z"));
}

struct DamagedCase : test::NamedCase {
  std::string pointer;  // what is replaced
  Json value;           // by this
};

class DamagedProofTest : public testing::TestWithParam<DamagedCase> {};

TEST_P(DamagedProofTest, WhatIsNotUnderstoodProvesNothingAndTheRestIsRead) {
  Json document = Json::parse(write_proof(proof()));
  document[Json::json_pointer(GetParam().pointer)] = GetParam().value;
  const Proof read = *read_proof(document.dump());
  EXPECT_FALSE(read.passed);
  EXPECT_FALSE(read.proven());
  EXPECT_TRUE(read.last);
  EXPECT_EQ(read.bad.size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, DamagedProofTest,
    testing::Values(DamagedCase{"a_proof_that_is_none", "/passed", "yes"},
                    DamagedCase{"a_list", "/passed", Json::array({1})},
                    DamagedCase{"no_time", "/passed/time", nullptr},
                    DamagedCase{"a_time_that_is_none", "/passed/time", "yesterday"},
                    DamagedCase{"a_time_that_is_a_number", "/passed/time", 5},
                    DamagedCase{"no_generation", "/passed/generation", nullptr},
                    DamagedCase{"an_empty_generation", "/passed/generation", ""},
                    DamagedCase{"a_generation_that_is_a_path", "/passed/generation", "../../etc"},
                    DamagedCase{"a_generation_with_escapes", "/passed/generation", "\x1b[31m"},
                    DamagedCase{"that_failed", "/passed/state", "failed"},
                    DamagedCase{"that_was_not_run", "/passed/state", "not run"},
                    DamagedCase{"of_no_state", "/passed/state", nullptr}),
    test::case_name);

TEST(ProofTest, NumbersAndListsOfAnotherTypeAreNotReliedOn) {
  for (const Json& odd : {Json(), Json("x"), Json::object({{"a", "b"}}), Json(-1), Json(1e300)}) {
    Json document = Json::parse(write_proof(proof()));
    for (const char* key : {"seconds", "restore_seconds", "bytes", "compared", "error"}) {
      document["passed"][key] = odd;
    }
    const Proof read = *read_proof(document.dump());
    ASSERT_TRUE(read.passed) << odd;
    EXPECT_EQ(read.passed->bytes, 0U) << odd;
  }
}

TEST(ProofTest, MarksOfAnotherTypeAreNone) {
  for (const Json& odd : {Json(), Json("x"), Json::array({kStamp}), Json(1)}) {
    Json document = Json::parse(write_proof(proof()));
    document["bad"] = odd;
    EXPECT_FALSE(read_proof(document.dump()));
    document["bad"] = {{kStamp, odd.is_string() ? Json(1) : odd}};
    EXPECT_THAT(read_proof(document.dump())->bad, IsEmpty());
  }
}

class ProofFileTest : public testing::Test {
 protected:
  void SetUp() override { control_ = test::open_folder(tree_.path()); }
  test::TempDir tree_;
  UniqueFd control_;
  const std::string path_ = tree_ / "proofs/svn/an-id.json";
};

TEST_F(ProofFileTest, IsKeptAndReplacedAndForgotten) {
  EXPECT_FALSE(load_proof(control_.get(), "svn", "an-id")->last);
  ASSERT_TRUE(save_proof(control_.get(), "svn", "an-id", proof()));
  EXPECT_TRUE(load_proof(control_.get(), "svn", "an-id")->passed);
  EXPECT_FALSE(load_proof(control_.get(), "hg", "an-id")->passed);
  ASSERT_TRUE(save_proof(control_.get(), "svn", "an-id", Proof()));
  EXPECT_FALSE(load_proof(control_.get(), "svn", "an-id")->passed);
  EXPECT_THAT(test::names_in(tree_ / "proofs/svn"), ElementsAre("an-id.json"));
  ASSERT_TRUE(forget_proof(control_.get(), "svn", "an-id"));
  EXPECT_FALSE(test::exists(path_));
  EXPECT_TRUE(forget_proof(control_.get(), "svn", "an-id")) << "there is none any more";
  EXPECT_TRUE(forget_proof(control_.get(), "cvs", "an-id"));
  EXPECT_FALSE(load_proof(-1, "svn", "an-id")->last);
}

TEST_F(ProofFileTest, R11_WhatIsPlantedInItsPlaceIsNotRead) {
  ASSERT_TRUE(save_proof(control_.get(), "svn", "an-id", proof()));
  fs::rename(path_, tree_ / "elsewhere");
  test::make_link(path_, tree_ / "elsewhere");
  EXPECT_FALSE(load_proof(control_.get(), "svn", "an-id"));
  ASSERT_TRUE(save_proof(control_.get(), "svn", "an-id", Proof()));
  EXPECT_EQ(test::read_file(tree_ / "elsewhere"), write_proof(proof())) << "nor written to";
  fs::remove_all(tree_ / "proofs/svn");
  test::make_folder(tree_ / "svn");
  test::make_link(tree_ / "proofs/svn", tree_ / "svn");
  EXPECT_FALSE(save_proof(control_.get(), "svn", "an-id", proof()));
  EXPECT_THAT(test::names_in(tree_ / "svn"), IsEmpty());
}

TEST_F(ProofFileTest, D20_AFifoOrALargeFileIsNotWaitedFor) {
  fs::create_directories(tree_ / "proofs/svn");
  test::make_fifo(path_);
  EXPECT_FALSE(load_proof(control_.get(), "svn", "an-id"));
  fs::remove(path_);
  test::write_file(path_, write_proof(proof()) + std::string(std::size_t{2} << 20, ' '));
  EXPECT_FALSE(load_proof(control_.get(), "svn", "an-id"));
}

TEST(DrillLineTest, IsOneLineWithAllThatWasFound) {
  DrillResult odd = result(DrillState::kFailed);
  odd.path = "/srv/\xff\n";
  const std::string line = drill_line(odd);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Json object = Json::parse(line);
  EXPECT_EQ(object["message_type"], "drill");
  EXPECT_EQ(object["id"], "srv-x-1");
  EXPECT_EQ(object["path"], "/srv/\uFFFD\n");
  EXPECT_EQ(object["path_b64"], "L3Nydi//Cg==");
  EXPECT_EQ(object["state"], "failed");
  EXPECT_EQ(object["time"], "2026-01-03T04:05:06Z");
  EXPECT_EQ(object["tool_output"], Json::array({"one", "two"}));
  EXPECT_EQ(object["whole_instead"], kOlder);
}

}  // namespace
}  // namespace repo

// What was told, and to whom.
#include "reporter/told.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/reporter/report_support.h"
#include "tests/support/result_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::ago;
using test::error_of;
using test::kNow;
using test::value_of;
using testing::HasSubstr;
using testing::IsEmpty;

// "NEW key: text", "OVER key: text"
std::vector<std::string> lines_of(const std::vector<StateChange>& changes) {
  std::vector<std::string> lines;
  for (const StateChange& change : changes) {
    lines.push_back((change.is_over ? "OVER " : "NEW ") + change.key + ": " + change.text);
  }
  return lines;
}

TEST(ChangesTest, WhatBeganStandsBeforeWhatIsOver) {
  const State before = {{"run missed", "none since Monday"}, {"svn/a failed", "E1"}};
  const State now = {{"svn/a failed", "E2"}, {"svn/b old", "9 days"}, {"hg/c gone", "c"}};
  const std::vector<StateChange> changes = changes_between(before, now, kNow);
  EXPECT_THAT(lines_of(changes), testing::ElementsAre("NEW hg/c gone: c", "NEW svn/b old: 9 days",
                                                      "OVER run missed: none since Monday"));
  for (const StateChange& change : changes) EXPECT_EQ(change.time, kNow);
  EXPECT_THAT(changes_between(now, now, kNow), IsEmpty());
  EXPECT_THAT(changes_between({}, {}, kNow), IsEmpty());
}

TEST(DigestTest, IsOfWhatIsTheMatterAndNotOfItsFigures) {
  const State state = {{"a failed", "3 days"}, {"b old", "9 days"}};
  EXPECT_EQ(digest_of(state), digest_of({{"a failed", "4 days"}, {"b old", "10 days"}}));
  EXPECT_NE(digest_of(state), digest_of({{"a failed", "3 days"}}));
  EXPECT_NE(digest_of(state), digest_of({{"a failed", "3 days"}, {"b older", "9 days"}}));
  EXPECT_NE(digest_of({}), "") << "that is what a channel has which was told nothing yet";
}

Told some_told() {
  Told told;
  told.state = State{{"svn/a failed", "E160004: \"x\"\n\x1b[1m"}, {"run missed", ""}};
  told.changes = {{ago(2h), "svn/a failed", "E160004", false}, {ago(1h), "b", "over now", true}};
  told.channels["mail"] = {"mail to admin", "abc", ago(3h), ago(1h), kNow, "send: 451 later"};
  told.channels["feed"] = {"feed to /f", "def", ago(2h), std::nullopt, std::nullopt, ""};
  told.channels["ping"] = {};
  return told;
}

void expect_equal(const Told& read, const Told& told) {
  EXPECT_EQ(read.state, told.state);
  EXPECT_EQ(lines_of(read.changes), lines_of(told.changes));
  ASSERT_EQ(read.changes.size(), told.changes.size());
  for (std::size_t i = 0; i < read.changes.size(); ++i) {
    EXPECT_EQ(read.changes[i].time, told.changes[i].time);
  }
  ASSERT_EQ(read.channels.size(), told.channels.size());
  for (const auto& [name, memory] : told.channels) {
    ASSERT_TRUE(read.channels.contains(name)) << name;
    const ChannelMemory& other = read.channels.at(name);
    EXPECT_EQ(other.state, memory.state) << name;
    EXPECT_EQ(other.told, memory.told) << name;
    EXPECT_EQ(other.failing_since, memory.failing_since) << name;
    EXPECT_EQ(other.error, memory.error) << name;
  }
}

TEST(ToldTest, WhatWasWrittenIsReadBack) {
  expect_equal(value_of(read_told(write_told(some_told()))), some_told());
}

TEST(ToldTest, NoReportYetIsNotAGoodOne) {
  const Told none = value_of(read_told(write_told(Told())));
  EXPECT_FALSE(none.state);
  Told good;
  good.state = State();
  EXPECT_EQ(value_of(read_told(write_told(good))).state, State());
}

TEST(ToldTest, BytesThatAreNoTextStopNothing) {
  Told told;
  told.state = State{{"a\xff", "\xfe"}};
  told.changes = {{kNow, "a\xff", "\xfe", false}};
  told.channels["mail"] = {"", "", std::nullopt, kNow, kNow, "said \xff"};
  const Told read = value_of(read_told(write_told(told)));
  EXPECT_EQ(read.state.value().size(), 1u);
  EXPECT_EQ(read.changes.size(), 1u);
  EXPECT_EQ(read.channels.at("mail").failing_since, kNow);
}

TEST(ToldTest, WhatIsNoSuchRecordIsAnError) {
  const std::string whole = write_told(some_told());
  for (std::size_t length = 0; length <= whole.rfind('}'); ++length) {
    ASSERT_FALSE(read_told(whole.substr(0, length))) << length;
  }
  for (const char* text :
       {"", "[]", "null", "{}", R"({"format": "repo-backup/told"})",
        R"({"format": "repo-backup/told", "version": 2})",
        R"({"format": "repo-backup/run", "version": 1})", R"({"format": [], "version": {}})"}) {
    EXPECT_FALSE(read_told(text)) << text;
  }
}

TEST(ToldTest, WrongTypesInItAreBorne) {
  using Json = nlohmann::json;
  const Json whole = Json::parse(write_told(some_told()));
  for (const char* pointer : {"/state", "/state/run missed", "/changes", "/changes/0",
                              "/changes/0/time", "/changes/0/over", "/channels", "/channels/mail",
                              "/channels/mail/told", "/channels/mail/failing_since"}) {
    for (const Json& value : {Json(nullptr), Json(7), Json("x"), Json::array({1}), Json::object(),
                              Json::array({Json::array()}), Json({{"a", {1, 2}}})}) {
      Json document = whole;
      document[Json::json_pointer(pointer)] = value;
      value_of(read_told(document.dump()));
    }
  }
}

class ToldFileTest : public testing::Test {
 protected:
  void SetUp() override { test::make_folder(dir_.path() + "/control"); }
  Told loaded() const { return value_of(load_told(dir_.path())); }
  std::string file() const { return dir_ / "control/report/told.json"; }

  test::TempDir dir_;
};

TEST_F(ToldFileTest, NothingWasToldYet) {
  EXPECT_FALSE(loaded().state);
  EXPECT_THAT(loaded().channels, IsEmpty());
}

TEST_F(ToldFileTest, LookingLeavesNothingBehind) {
  loaded();
  EXPECT_THAT(test::names_in(dir_ / "control"), IsEmpty());
}

TEST_F(ToldFileTest, EachUpdateHasWhatTheOneBeforeHasLeft) {
  EXPECT_TRUE(update_told(dir_.path(), [](Told& told) {
    EXPECT_FALSE(told.state);
    told = some_told();
  }));
  expect_equal(loaded(), some_told());
  EXPECT_TRUE(update_told(dir_.path(), [](Told& told) {
    expect_equal(told, some_told());
    told.channels.erase("mail");
  }));
  EXPECT_FALSE(loaded().channels.contains("mail"));
  EXPECT_TRUE(loaded().channels.contains("feed"));
  EXPECT_THAT(test::names_in(dir_ / "control/report"), testing::ElementsAre("told.json"));
}

TEST_F(ToldFileTest, WhatCannotBeReadBeginsAnewAndIsSaid) {
  for (const char* text : {"", "{\"format\": \"repo-bac", "rubbish"}) {
    test::make_folder(dir_ / "control/report");
    test::write_file(file(), text);
    EXPECT_FALSE(load_told(dir_.path())) << text;
    const Status updated = update_told(dir_.path(), [](Told& told) {
      EXPECT_FALSE(told.state);
      EXPECT_THAT(told.changes, IsEmpty());
      told.state = State{{"a", "b"}};
    });
    ASSERT_FALSE(updated) << text;
    EXPECT_THAT(describe(updated.error()), HasSubstr("told.json"));
    EXPECT_EQ(loaded().state, (State{{"a", "b"}})) << "it is good from now on";
    EXPECT_TRUE(update_told(dir_.path(), [](Told&) {}));
    std::filesystem::remove_all(dir_ / "control/report");
  }
}

TEST_F(ToldFileTest, AFolderInItsPlaceIsAnError) {
  test::make_folder(dir_ / "control/report");
  test::make_folder(file());
  EXPECT_FALSE(load_told(dir_.path()));
  EXPECT_FALSE(update_told(dir_.path(), [](Told&) {}));
}

TEST_F(ToldFileTest, WithoutADumpRootNothingIsMade) {
  const std::string nowhere = dir_ / "nowhere";
  EXPECT_FALSE(load_told(nowhere));
  EXPECT_FALSE(update_told(nowhere, [](Told&) { ADD_FAILURE() << "nobody could keep it"; }));
  EXPECT_FALSE(test::exists(nowhere));
}

TEST_F(ToldFileTest, TheNewestChangesAreKept) {
  for (std::size_t round = 0; round < 2; ++round) {
    EXPECT_TRUE(update_told(dir_.path(), [&](Told& told) {
      for (std::size_t i = 0; i < kChangesKept - 50; ++i) {
        told.changes.push_back({kNow, std::to_string(round) + "." + std::to_string(i), "", false});
      }
    }));
  }
  const std::vector<StateChange> changes = loaded().changes;
  ASSERT_EQ(changes.size(), kChangesKept);
  EXPECT_EQ(changes.back().key, "1." + std::to_string(kChangesKept - 51));
  EXPECT_EQ(changes.front().key, "0." + std::to_string(kChangesKept - 100));
}

}  // namespace
}  // namespace repo

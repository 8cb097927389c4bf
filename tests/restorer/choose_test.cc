// Which items are meant.
#include "restorer/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

#include "restorer/drill_item.h"
#include "tests/support/result_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Names = std::vector<std::string>;

UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

struct NearestCase : test::NamedCase {
  std::string word;
  Names names;
  Names nearest;
};

class NearestNamesTest : public testing::TestWithParam<NearestCase> {};

TEST_P(NearestNamesTest, TheFewestLettersToChangeComeFirst) {
  EXPECT_EQ(nearest_names(GetParam().word, GetParam().names), GetParam().nearest);
}

INSTANTIATE_TEST_SUITE_P(
    Words, NearestNamesTest,
    testing::Values(
        NearestCase{"two_letters_exchanged",
                    "/srv/svn/alpah",
                    {"/srv/svn/alpha", "/srv/svn/beta", "/srv/git/gamma", "/home/u/delta"},
                    {"/srv/svn/alpha", "/srv/svn/beta", "/srv/git/gamma"}},
        NearestCase{"none", "x", {}, {}},
        NearestCase{"fewer_than_three", "x", {"/b", "/a"}, {"/a", "/b"}},
        NearestCase{"the_last_part_alone",
                    "alhpa",
                    {"/a", "/very/long/way/to/what/is/called/alpha", "/b", "/c/d"},
                    {"/very/long/way/to/what/is/called/alpha", "/a", "/b"}},
        NearestCase{"in_another_folder",
                    "/home/alpha",
                    {"/home/beta", "/srv/svn/alpha", "/home/alph"},
                    {"/srv/svn/alpha", "/home/alph", "/home/beta"}},
        NearestCase{"nothing_given", "", {"/abc", "/a", "/ab"}, {"/a", "/ab", "/abc"}},
        NearestCase{"the_same_far_away_by_name", "x", {"/c", "/b", "/a", "/d"}, {"/a", "/b", "/c"}},
        NearestCase{"bytes", "/\xff\xfe", {"/\xff\xfd", "/aaaa"}, {"/\xff\xfd", "/aaaa"}}),
    test::case_name);

TEST(NearestTest, LongNamesTakeNoLongTime) {
  const std::string megabyte(std::size_t{1} << 20, 'a');
  EXPECT_THAT(nearest_names(megabyte, {megabyte + "b", "b"}), ElementsAre(megabyte + "b", "b"));
}

CopiedItem item(const std::string& kind, const std::string& id, const std::string& path) {
  CopiedItem made;
  made.kind = kind;
  made.id = id;
  made.path = path;
  made.generations.emplace_back();
  made.generations.back().stamp = "20260101T000000Z";
  made.generations.back().place = "current/" + kind + "/" + id;
  return made;
}

class ChooseTest : public testing::Test {
 protected:
  Names chosen(const Names& words, const std::set<std::string>& kinds = {}) const {
    Names ids;
    for (const CopiedItem* each : test::value_of(choose_items(items_, words, kinds))) {
      ids.push_back(each->kind + ":" + each->id);
    }
    return ids;
  }
  const std::vector<CopiedItem> items_ = {
      item("svn", "no-record", ""), item("git", "a-1", "/srv/a"), item("svn", "a-1", "/srv/a"),
      item("hg", "b-1", "/srv/b"), item("svn", "c-1", "/srv/two\nlines")};
};

TEST_F(ChooseTest, WithoutWordsAllAreMeant) {
  EXPECT_THAT(chosen({}), ElementsAre("svn:no-record", "git:a-1", "svn:a-1", "hg:b-1", "svn:c-1"));
  EXPECT_THAT(chosen({}, {"hg", "git"}), ElementsAre("git:a-1", "hg:b-1"));
  EXPECT_THAT(chosen({}, {"cvs"}), IsEmpty());
}

TEST_F(ChooseTest, WordsAreIdsOrPaths) {
  EXPECT_THAT(chosen({"/srv/b"}), ElementsAre("hg:b-1"));
  EXPECT_THAT(chosen({"b-1"}), ElementsAre("hg:b-1"));
  EXPECT_THAT(chosen({"/srv/b//"}), ElementsAre("hg:b-1"));
  EXPECT_THAT(chosen({"/srv/two\nlines"}), ElementsAre("svn:c-1"));
  EXPECT_THAT(chosen({"no-record"}), ElementsAre("svn:no-record"));
}

TEST_F(ChooseTest, APathOfSeveralKindsMeansAllOfThem) {
  EXPECT_THAT(chosen({"/srv/a"}), ElementsAre("git:a-1", "svn:a-1"));
  EXPECT_THAT(chosen({"/srv/a"}, {"svn"}), ElementsAre("svn:a-1"));
}

TEST_F(ChooseTest, ComeInTheirOwnOrderAndOnce) {
  EXPECT_THAT(chosen({"/srv/two\nlines", "b-1", "/srv/b", "/srv/two\nlines/"}),
              ElementsAre("hg:b-1", "svn:c-1"));
}

TEST_F(ChooseTest, AnUnknownWordIsRefusedWithTheNearestNames) {
  const Error error = test::error_of(choose_items(items_, {"/srv/b", "/srv/x\n"}, {}));
  EXPECT_EQ(error.path, "/srv/x\n");
  EXPECT_THAT(error.message, HasSubstr("The nearest: /srv/a, /srv/a, /srv/b"));
  EXPECT_EQ(describe(error).find('\n'), std::string::npos);
}

TEST_F(ChooseTest, OneOfAnotherKindIsUnknown) {
  const Error error = test::error_of(choose_items(items_, {"/srv/b"}, {"svn"}));
  EXPECT_THAT(error.message, Not(HasSubstr("/srv/b")));
  EXPECT_THAT(error.message, HasSubstr("/srv/a"));
  EXPECT_THAT(error.message, HasSubstr("no-record"));
  EXPECT_THAT(error.message, HasSubstr("two\\nlines")) << "harmless on a terminal";
}

TEST_F(ChooseTest, WithoutCopiesNoneIsNear) {
  const Error error = test::error_of(choose_items({}, {"/srv/b"}, {}));
  EXPECT_THAT(error.message, Not(HasSubstr("nearest")));
}

// What is proven.
DrillResult drilled(std::int64_t time, DrillState state = DrillState::kPassed) {
  DrillResult made;
  made.time = at(time);
  made.state = state;
  made.generation = "20260101T000000Z";
  return made;
}

class ProvenTest : public testing::Test {
 protected:
  CopiedItem& add(const std::string& id, std::optional<std::int64_t> proven) {
    items_.push_back(item("svn", id, "/srv/" + id));
    if (proven) items_.back().proof.passed = items_.back().proof.last = drilled(*proven);
    return items_.back();
  }
  std::vector<const CopiedItem*> all() const {
    std::vector<const CopiedItem*> pointers;
    for (const CopiedItem& each : items_) pointers.push_back(&each);
    return pointers;
  }
  static Names ids_of(const std::vector<const CopiedItem*>& items) {
    Names ids;
    for (const CopiedItem* each : items) ids.push_back(each->id);
    return ids;
  }
  Names in_order() const {
    std::vector<const CopiedItem*> items = all();
    oldest_proof_first(items);
    return ids_of(items);
  }
  std::list<CopiedItem> items_;
};

TEST_F(ProvenTest, WithoutProofAreThoseThatNoDrillHasProvenForSoLong) {
  add("never", std::nullopt);
  add("fresh", 1000);
  add("a-second-less", 901);
  add("just-as-long", 900);
  add("old", 5);
  add("of-the-future", 1001);
  add("bad", 1000).proof.bad["20260101T000000Z"] = "rot";
  add("an-older-one-is-bad", 1000).proof.bad["20250101T000000Z"] = "rot";
  add("tried-in-vain", 5).proof.last = drilled(999, DrillState::kNotRun);
  add("no-copy", 1000).generations.clear();
  EXPECT_THAT(ids_of(without_proof(all(), std::chrono::seconds(100), at(1000))),
              ElementsAre("never", "just-as-long", "old", "of-the-future", "bad", "tried-in-vain"));
}

TEST_F(ProvenTest, TheOldestProofComesFirst) {
  add("fresh", 1000);
  add("never-1", std::nullopt);
  add("old", 5);
  add("never-2", std::nullopt);
  add("middle", 500);
  EXPECT_THAT(in_order(), ElementsAre("never-1", "never-2", "old", "middle", "fresh"));
}

TEST_F(ProvenTest, WhatWasTriedInVainGoesByThatTime) {
  add("proven", 500);
  add("never-passes", std::nullopt).proof.last = drilled(600, DrillState::kFailed);
  add("passed-once", 100).proof.last = drilled(700, DrillState::kNotRun);
  add("proven-late", 650);
  EXPECT_THAT(in_order(), ElementsAre("proven", "never-passes", "proven-late", "passed-once"));
}

// Night after night one item is drilled: all have their turn, whatever becomes of it.
TEST_F(ProvenTest, WhatCannotBeProvenDoesNotKeepOthersFromTheirTurn) {
  for (const char* id : {"a", "fails", "b", "is-never-run", "c"}) add(id, std::nullopt);
  for (int round = 0; round < 3; ++round) {
    Names turns;
    for (int night = 0; night < 5; ++night) {
      std::vector<const CopiedItem*> items = all();
      oldest_proof_first(items);
      auto& first = const_cast<CopiedItem&>(*items.front());
      turns.push_back(first.id);
      DrillResult result = drilled(round * 100 + night);
      if (first.id == "fails") result.state = DrillState::kFailed;
      if (first.id == "is-never-run") result.state = DrillState::kNotRun;
      first.proof = *read_proof(write_proof(updated(first.proof, result, first.generations)));
    }
    EXPECT_THAT(turns, ElementsAre("a", "fails", "b", "is-never-run", "c"));
  }
}

TEST_F(ProvenTest, HowLongItTakesIsWhatItTookTheLastTime) {
  CopiedItem& one = add("one", std::nullopt);
  EXPECT_EQ(expected_time(one), std::nullopt);
  one.proof.last = drilled(5);
  EXPECT_EQ(expected_time(one), std::nullopt);
  one.proof.last->seconds = 2.5;
  EXPECT_EQ(expected_time(one), std::chrono::duration<double>(2.5));
}

}  // namespace
}  // namespace repo

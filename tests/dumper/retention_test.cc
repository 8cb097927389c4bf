// The names of generations, and which of them go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "dumper/publish.h"
#include "tests/support/dump_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Names = std::vector<std::string>;

UtcTime time_of(const std::string& name) { return *parse_stamp(name); }

TEST(NextGenerationTest, TheFirstIsNow) {
  EXPECT_EQ(next_generation(time_of("20260131T235959Z"), std::nullopt), "20260131T235959Z");
}

struct ClockCase : test::NamedCase {
  std::string previous;
  std::string now;
  std::string next;
};

class NextGenerationClockTest : public testing::TestWithParam<ClockCase> {};

TEST_P(NextGenerationClockTest, D17_IsAlwaysLaterThanTheLastOne) {
  EXPECT_EQ(next_generation(time_of(GetParam().now), GetParam().previous), GetParam().next);
  EXPECT_LT(GetParam().previous, GetParam().next);
}

INSTANTIATE_TEST_SUITE_P(
    Clocks, NextGenerationClockTest,
    testing::Values(
        ClockCase{"a_day_later", "20260101T000000Z", "20260102T000000Z", "20260102T000000Z"},
        ClockCase{"two_in_one_second", "20260101T000000Z", "20260101T000000Z", "20260101T000001Z"},
        ClockCase{"a_second_later", "20260101T000000Z", "20260101T000001Z", "20260101T000001Z"},
        ClockCase{"back_by_an_hour", "20260101T003000Z", "20251231T233000Z", "20260101T003001Z"},
        ClockCase{"back_to_1970", "20260101T003000Z", "19700101T000000Z", "20260101T003001Z"},
        ClockCase{"over_midnight_of_a_year", "20261231T235959Z", "20260101T000000Z",
                  "20270101T000000Z"},
        ClockCase{"from_a_clock_that_was_ahead", "21060101T000000Z", "20260101T000000Z",
                  "21060101T000001Z"}),
    test::case_name);

TEST(NextGenerationTest, WhatIsNoStampDoesNotCount) {
  EXPECT_EQ(next_generation(time_of("20260131T235959Z"), "zzz"), "20260131T235959Z");
}

struct SurplusCase : test::NamedCase {
  Names older;
  int keep;
  Names surplus;
};

class SurplusTest : public testing::TestWithParam<SurplusCase> {};

TEST_P(SurplusTest, D32_TheOldestGoAndTheCurrentOneCounts) {
  EXPECT_EQ(surplus_generations(GetParam().older, GetParam().keep), GetParam().surplus);
}

constexpr const char* kA = "20260101T000000Z";
constexpr const char* kB = "20260102T000000Z";
constexpr const char* kC = "20260103T000000Z";

INSTANTIATE_TEST_SUITE_P(
    Generations, SurplusTest,
    testing::Values(
        SurplusCase{"nothing_older", {}, 2, {}}, SurplusCase{"enough_room", {kA}, 2, {}},
        SurplusCase{"one_too_many", {kA, kB}, 2, {kA}},
        SurplusCase{"in_any_order", {kC, kA, kB}, 2, {kA, kB}},
        SurplusCase{"the_current_one_alone", {kB, kA}, 1, {kA, kB}},
        SurplusCase{"many_kept", {kA, kB, kC}, 10000, {}},
        SurplusCase{"keep_nothing_is_keep_one", {kA}, 0, {kA}},
        SurplusCase{"names_that_are_not_ours", {"keep me", kA, "20260101", "lost+found"}, 1, {kA}},
        SurplusCase{"an_odd_name_does_not_count", {"zzz", kA, kB}, 2, {kA}}),
    test::case_name);

struct BadSurplusCase : test::NamedCase {
  Names older;
  Names bad;
  int keep;
  Names surplus;
};

class BadSurplusTest : public testing::TestWithParam<BadSurplusCase> {};

// What a drill has found damaged is no copy to rely on.
TEST_P(BadSurplusTest, DamagedOnesGoFirst) {
  Proof proof;
  for (const std::string& each : GetParam().bad) proof.bad[each] = "rot";
  EXPECT_EQ(surplus_generations(GetParam().older, GetParam().keep, proof), GetParam().surplus);
}

INSTANTIATE_TEST_SUITE_P(
    Generations, BadSurplusTest,
    testing::Values(BadSurplusCase{"the_newest_is_bad", {kA, kB, kC}, {kC}, 3, {kC}},
                    BadSurplusCase{"the_one_between_is_bad", {kC, kB, kA}, {kB}, 2, {kB, kA}},
                    BadSurplusCase{"the_oldest_is_bad", {kA, kB, kC}, {kA}, 3, {kA}},
                    BadSurplusCase{"two_are_bad", {kA, kB, kC}, {kB, kC}, 2, {kB, kC}},
                    BadSurplusCase{"all_are_bad", {kA, kB}, {kA, kB}, 2, {kA}},
                    BadSurplusCase{"there_is_room", {kA, kB}, {kB}, 3, {}},
                    BadSurplusCase{"a_mark_of_one_that_is_gone", {kA, kB}, {kC}, 2, {kA}},
                    BadSurplusCase{"a_mark_of_what_is_no_stamp", {"zzz", kA}, {"zzz"}, 1, {kA}}),
    test::case_name);

class RetentionTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    older_ = root_->path + "/older/svn/x";
    for (const char* name : {kA, kB, kC}) {
      test::make_generation(older_ + "/" + name, name, name, 10);
    }
    test::make_generation(root_->path + "/current/svn/x", "20260104T000000Z", "current", 1000);
  }
  Names kept_with(int keep) {
    const Status done = apply_retention(*root_, "svn", "x", keep);
    EXPECT_TRUE(done) << describe(done.error());
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
    EXPECT_EQ(test::read_file(root_->path + "/current/svn/x/data/file"), "current");
    return test::names_in(older_);
  }
  test::TempDir tree_;
  std::optional<DumpRoot> root_;
  std::string older_;
};

TEST_F(RetentionTest, D32_TheOldestGoAndTheOthersAreUntouched) {
  const std::string before = test::snapshot(older_ + "/" + kC);
  EXPECT_THAT(kept_with(2), ElementsAre(kC));
  EXPECT_EQ(test::snapshot(older_ + "/" + kC), before);
}

TEST_F(RetentionTest, KeepOneLeavesTheCurrentOneAlone) { EXPECT_THAT(kept_with(1), IsEmpty()); }

TEST_F(RetentionTest, WhereThereIsRoomNothingGoes) {
  EXPECT_THAT(kept_with(4), ElementsAre(kA, kB, kC));
}

TEST_F(RetentionTest, WhatIsNotOursStays) {
  test::write_file(older_ + "/notes/file", "x");
  test::write_file(older_ + "/19990101T000000Z", "a file with such a name");
  EXPECT_THAT(kept_with(1), ElementsAre("19990101T000000Z", "notes"));
}

TEST_F(RetentionTest, D18_OtherItemsStay) {
  test::make_generation(root_->path + "/older/svn/y/" + kA, kA, "y");
  test::make_generation(root_->path + "/older/hg/x/" + kA, kA, "hg");
  kept_with(1);
  EXPECT_EQ(test::read_file(root_->path + "/older/svn/y/" + kA + "/data/file"), "y");
  EXPECT_EQ(test::read_file(root_->path + "/older/hg/x/" + kA + "/data/file"), "hg");
}

TEST_F(RetentionTest, AnItemWithoutOlderGenerationsIsFine) {
  EXPECT_TRUE(apply_retention(*root_, "svn", "new", 1));
  EXPECT_TRUE(apply_retention(*root_, "nokind", "new", 1));
}

TEST_F(RetentionTest, D17_TheNewestGenerationIsFoundWhereverItLies) {
  EXPECT_EQ(newest_generation(*root_, "svn", "x"), "20260104T000000Z");
  test::make_generation(older_ + "/20990101T000000Z", "20990101T000000Z", "of a clock ahead");
  test::write_file(older_ + "/zzz/file", "no generation");
  EXPECT_EQ(newest_generation(*root_, "svn", "x"), "20990101T000000Z");
  test::write_file(root_->path + "/current/svn/x/item.json", "{");
  EXPECT_EQ(newest_generation(*root_, "svn", "x"), "20990101T000000Z");
  EXPECT_EQ(newest_generation(*root_, "svn", "new"), std::nullopt);
}

TEST_F(RetentionTest, WhatItWillFreeIsWhatItsRecordsSay) {
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 1, 0), 1030U);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 2, 0), 30U);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 3, 0), 20U);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 5, 0), 0U);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "new", 1, 0), 0U);
}

TEST_F(RetentionTest, WhatIsSharedWithTheNextGenerationIsNotFreed) {
  std::filesystem::remove_all(older_ + "/" + kB);
  test::make_generation(older_ + "/" + kB, kB, kB, 10, 7);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 3, 0), 13U);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 1, 900), 3U + 10 + 10 + 100);
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 1, 5000), 3U + 10 + 10);
  test::write_file(older_ + "/" + kB + "/item.json", "{");
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 4, 0), 0U) << "nobody knows";
}

TEST_F(RetentionTest, WhatHasNoRecordFreesNothingForSure) {
  test::write_file(older_ + "/" + kA + "/item.json", "{");
  EXPECT_EQ(bytes_to_be_freed(*root_, "svn", "x", 1, 0), 1020U);
}

}  // namespace
}  // namespace repo

// What a git directory says of itself, read without git.
#include "dumper/git_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class GitStateTest : public testing::Test {
 protected:
  GitState read() const {
    const UniqueFd git = test::open_folder(tree_.path());
    Result<GitState> state = read_git_state(git.get(), test::patient());
    EXPECT_TRUE(state) << describe(state.error());
    return state ? *std::move(state) : GitState();
  }
  void write(const std::string& path, const std::string& text) const {
    test::write_file(tree_ / path, text);
  }
  test::TempDir tree_;
};

TEST_F(GitStateTest, ALooseRefCountsBeforeAPackedOne) {
  write("HEAD", "ref: refs/heads/main\n");
  write("packed-refs", "# pack-refs with: peeled\n11 refs/heads/main\n22 refs/tags/t\n^33\n");
  write("refs/heads/main", "44\n");
  EXPECT_THAT(read(),
              UnorderedElementsAre(Pair("HEAD", "ref: refs/heads/main"),
                                   Pair("refs/heads/main", "44"), Pair("refs/tags/t", "22")));
}

TEST_F(GitStateTest, OfAReflogItIsTheLastValue) {
  write("logs/HEAD", "00 11 a <a@b> 1 +0000\tone\n11 22 a <a@b> 2 +0000\ttwo words\n");
  write("logs/refs/heads/main", "00 33 a <a@b> 1 +0000\n");
  write("logs/refs/heads/empty", "");
  write("logs/refs/heads/odd", "x");
  write("worktrees/w/logs/HEAD", "00 44 a <a@b> 1 +0000\tm\n");
  write("other/logs/HEAD", "00 55 a <a@b> 1 +0000\tm\n");
  EXPECT_THAT(read(), UnorderedElementsAre(
                          Pair("logs/HEAD", "22"), Pair("logs/refs/heads/main", "33"),
                          Pair("logs/refs/heads/empty", ""), Pair("logs/refs/heads/odd", ""),
                          Pair("worktrees/w/logs/HEAD", "44")));
}

TEST_F(GitStateTest, ALogIsReadByItsRefAndByItsPath) {
  write("logs/HEAD", "00 11 a <a@b> 1 +0000\tone\n11 22 a <a@b> 2 +0000\ttwo\n");
  write("worktrees/w/logs/HEAD", "00 44 a <a@b> 1 +0000\tm\n");
  const UniqueFd git = test::open_folder(tree_.path());
  EXPECT_THAT(read_reflog(git.get(), "HEAD"), ElementsAre("11", "22"));
  EXPECT_THAT(read_reflog(git.get(), "logs/HEAD"), ElementsAre("11", "22"));
  EXPECT_THAT(read_reflog(git.get(), "worktrees/w/HEAD"), ElementsAre("44"));
  EXPECT_THAT(read_reflog(git.get(), "worktrees/w/logs/HEAD"), ElementsAre("44"));
  EXPECT_THAT(read_reflog(git.get(), "refs/heads/none"), IsEmpty());
}

TEST_F(GitStateTest, D15_OfAVeryLongLogTheEndIsRead) {
  std::string log;
  for (int i = 0; log.size() < (5U << 20); ++i) {
    log += "00 " + std::to_string(i) + " a <a@b> 1 +0000\t" + std::string(1000, 'm') + "\n";
  }
  write("logs/HEAD", log + "00 last a <a@b> 1 +0000\tm\n");
  const UniqueFd git = test::open_folder(tree_.path());
  const std::vector<std::string> values = read_reflog(git.get(), "HEAD");
  EXPECT_GT(values.size(), 3000U);
  EXPECT_LT(values.size(), 4500U);
  EXPECT_EQ(values.back(), "last");
}

TEST_F(GitStateTest, ALogThatIsNoFileHasNoValues) {
  test::make_folder(tree_ / "logs");
  test::make_folder(tree_ / "logs/HEAD");
  ASSERT_EQ(mkfifo((tree_ / "logs/fifo").c_str(), 0600), 0);
  const UniqueFd git = test::open_folder(tree_.path());
  EXPECT_THAT(read_reflog(git.get(), "HEAD"), IsEmpty());
  EXPECT_THAT(read_reflog(git.get(), "fifo"), IsEmpty());
}

TEST_F(GitStateTest, D20_ALongValueIsComparedByItsDigest) {
  const std::string value(60'000, 'x');
  write("refs/heads/main", value + "\n");
  const std::string one = read().at("refs/heads/main");
  EXPECT_LT(one.size(), 100U);
  write("refs/heads/main", value.substr(1) + "y\n");
  EXPECT_NE(read().at("refs/heads/main"), one);
}

// A line of three bytes takes more than a hundred in memory.
TEST_F(GitStateTest, D20_MoreRefsThanMemoryShouldHoldAreRefused) {
  std::string packed;
  for (int i = 0; i < 2'000'000; ++i) packed += "1 refs/" + std::to_string(i) + "\n";
  write("packed-refs", packed);
  const UniqueFd git = test::open_folder(tree_.path());
  const Result<GitState> state = read_git_state(git.get(), test::patient());
  ASSERT_FALSE(state);
  EXPECT_THAT(describe(state.error()), HasSubstr("more refs"));
}

TEST_F(GitStateTest, WhatIsNoRefInPackedRefsIsLeftOut) {
  write("packed-refs", "11 HEAD\n22 refs/heads/a\n33\n 44\n");
  EXPECT_THAT(read(), ElementsAre(Pair("refs/heads/a", "22")));
}

class OutOfTimeTest : public testing::Test {
 protected:
  std::vector<std::string> wrong(const GitState& before, const GitState& copy,
                                 const GitState& after) const {
    return out_of_time(before, copy, after, [this](const std::string&) { return log_; });
  }
  std::vector<std::string> log_;
};

TEST_F(OutOfTimeTest, EachValueIsOfBeforeOrAfterOrBetween) {
  EXPECT_THAT(wrong({{"a", "1"}}, {{"a", "1"}}, {{"a", "2"}}), IsEmpty());
  EXPECT_THAT(wrong({{"a", "1"}}, {{"a", "2"}}, {{"a", "2"}}), IsEmpty());
  EXPECT_THAT(wrong({}, {{"a", "2"}}, {{"a", "2"}}), IsEmpty());
  EXPECT_THAT(wrong({{"a", "1"}}, {}, {}), IsEmpty());
  EXPECT_THAT(wrong({{"a", "1"}}, {{"a", "3"}}, {{"a", "2"}}), ElementsAre("a"));
  log_ = {"0", "1", "3", "2"};
  EXPECT_THAT(wrong({{"a", "1"}}, {{"a", "3"}}, {{"a", "2"}}), IsEmpty());
  EXPECT_THAT(wrong({{"a", "1"}}, {{"a", "0"}}, {{"a", "2"}}), ElementsAre("a")) << "of before";
}

}  // namespace
}  // namespace repo

// Repositories made by git, and what git says of them, against the probe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scanner/probe.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using test::git;
using test::git_commit;
using test::git_init;

Detail probe(const std::string& path, bool is_git_directory) {
  const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
  EXPECT_TRUE(directory) << path;
  const ProbeResult result = probe_git(**directory, is_git_directory ? "" : ".git");
  if (result.error) ADD_FAILURE() << describe(*result.error);
  EXPECT_TRUE(result.detail) << path;
  return result.detail.value_or(Detail());
}

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

bool says(const std::string& path, const std::vector<std::string>& words) {
  return without_newline(git(path, words)) == "true";
}

// `is_git_directory`: the path is bare, or a git directory that is kept apart.
void expect_as_git_says(const std::string& path, bool is_git_directory) {
  const Detail detail = probe(path, is_git_directory);
  const test::Ran head = test::try_git(path, {"symbolic-ref", "-q", "HEAD"});
  EXPECT_EQ(find_text(detail, "head"),
            without_newline(head.status == 0 ? head.out : git(path, {"rev-parse", "HEAD"})));
  EXPECT_EQ(find_flag(detail, "bare"), says(path, {"rev-parse", "--is-bare-repository"}));
  EXPECT_EQ(find_flag(detail, "shallow"), says(path, {"rev-parse", "--is-shallow-repository"}));
  EXPECT_EQ(find_text(detail, "object_format"),
            without_newline(git(path, {"rev-parse", "--show-object-format"})));
  EXPECT_EQ(find_flag(detail, "empty"), git(path, {"for-each-ref"}).empty());
  const std::string list = git(path, {"worktree", "list"});
  const auto worktrees = std::count(list.begin(), list.end(), '\n') - 1;
  EXPECT_EQ(find_number(detail, "worktrees"), static_cast<std::uint64_t>(worktrees));
  // One "alternate: " line each.
  const std::string objects = git(path, {"count-objects", "-v"});
  std::uint64_t alternates = 0;
  for (std::size_t at = 0; (at = objects.find("alternate: ", at)) != std::string::npos; ++at) {
    ++alternates;
  }
  EXPECT_EQ(find_number(detail, "alternates"), alternates);
}

class GitProbeRealTest : public testing::Test {
 protected:
  GitProbeRealTest() { git_init(source_); }
  void clone(const std::vector<std::string>& options, const std::string& name) {
    std::vector<std::string> words = {"clone", "-q"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"file://" + source_, tree_ / name});
    git(tree_.path(), words);
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
};

TEST_F(GitProbeRealTest, FreshAndWithCommits) {
  expect_as_git_says(source_, false);
  git_commit(source_, "file", "1");
  expect_as_git_says(source_, false);
  git(source_, {"pack-refs", "--all"});
  expect_as_git_says(source_, false);
  git(source_, {"checkout", "-q", "--detach"});
  expect_as_git_says(source_, false);
}

TEST_F(GitProbeRealTest, HeadOfABranchThatIsNotBornBesideOthers) {
  git_commit(source_, "file", "1");
  git(source_, {"symbolic-ref", "HEAD", "refs/heads/none"});
  expect_as_git_says(source_, false);
  git(source_, {"pack-refs", "--all", "--prune"});
  expect_as_git_says(source_, false);
}

TEST_F(GitProbeRealTest, WhatLostItsLastRefIsEmpty) {
  git_commit(source_, "file", "1");
  git(source_, {"branch", "-q", "a/b/c"});
  git(source_, {"pack-refs", "--all"});
  const std::string branch = without_newline(git(source_, {"symbolic-ref", "HEAD"}));
  git(source_, {"update-ref", "-d", "refs/heads/a/b/c"});
  expect_as_git_says(source_, false);
  git(source_, {"update-ref", "-d", branch});
  ASSERT_EQ(git(source_, {"for-each-ref"}), "");
  expect_as_git_says(source_, false);
}

TEST_F(GitProbeRealTest, HeadAsALink) {
  git_commit(source_, "file", "1");
  git(source_, {"-c", "core.preferSymlinkRefs=true", "checkout", "-q", "-b", "linked"});
  ASSERT_TRUE(fs::is_symlink(source_ + "/.git/HEAD"));
  expect_as_git_says(source_, false);
}

TEST_F(GitProbeRealTest, Bare) {
  for (const char* format : {"sha1", "sha256"}) {
    const std::string path = tree_ / format;
    git_init(path, {"--bare", std::string("--object-format=") + format});
    expect_as_git_says(path, true);
    git(path, {"config", "--unset", "core.bare"});
    expect_as_git_says(path, true);
  }
}

TEST_F(GitProbeRealTest, ABareOneThatIsCalledDotGit) {
  clone({"--bare"}, "project/.git");
  expect_as_git_says(tree_ / "project/.git", true);
  EXPECT_EQ(find_flag(probe(tree_ / "project", false), "bare"), true);
}

TEST_F(GitProbeRealTest, WithoutWordsOnBare) {
  git(source_, {"config", "--unset", "core.bare"});
  expect_as_git_says(source_, false);
}

TEST_F(GitProbeRealTest, ABareOneWithWorktreesThatHaveTheirOwnConfig) {
  git_commit(source_, "file", "1");
  clone({"--bare"}, "bare");
  const std::string path = tree_ / "bare";
  git(path, {"worktree", "add", "-q", tree_ / "one"});
  git(path, {"worktree", "add", "-q", tree_ / "two"});
  expect_as_git_says(path, true);
  git(path, {"config", "extensions.worktreeConfig", "true"});
  git(path, {"config", "--worktree", "core.bare", "true"});
  git(path, {"config", "core.bare", "false"});
  expect_as_git_says(path, true);
  EXPECT_EQ(find_flag(probe(path, true), "bare"), true);
}

TEST_F(GitProbeRealTest, AGitDirectoryThatIsKeptApart) {
  git_init(tree_ / "files", {"--separate-git-dir", tree_ / "apart"});
  EXPECT_EQ(find_flag(probe(tree_ / "apart", true), "bare"), false);
  EXPECT_EQ(find_flag(probe(tree_ / "apart", true), "empty"), true);
}

TEST_F(GitProbeRealTest, Clones) {
  git_commit(source_, "file", "1");
  git_commit(source_, "file", "2");
  git(source_, {"config", "uploadpack.allowFilter", "true"});
  clone({"--depth", "1"}, "shallow");
  expect_as_git_says(tree_ / "shallow", false);
  EXPECT_EQ(find_flag(probe(tree_ / "shallow", false), "partial"), false);
  clone({"--filter=blob:none", "--no-checkout"}, "partial");
  expect_as_git_says(tree_ / "partial", false);
  EXPECT_EQ(find_flag(probe(tree_ / "partial", false), "partial"), true);
  git(tree_.path(), {"clone", "-q", "--shared", source_, tree_ / "borrower"});
  expect_as_git_says(tree_ / "borrower", false);
  EXPECT_EQ(find_number(probe(tree_ / "borrower", false), "alternates"), 1U);
}

}  // namespace
}  // namespace repo

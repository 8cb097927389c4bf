// Git directories on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "scanner/manifest.h"
#include "scanner/walker.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/fake_fs.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void add_git(test::FakeFileSystem& fs, const std::string& directory) {
  fs.add_file(directory + "/HEAD", "ref: refs/heads/main\n");
  fs.add_file(directory + "/config", "[core]\n\trepositoryformatversion = 0\n");
  fs.add_directory(directory + "/objects/pack");
  fs.add_directory(directory + "/refs/heads");
  fs.add_directory(directory + "/hooks");
}

TEST(WalkerGitTest, BareAndWithWorkingFiles) {
  test::FakeFileSystem fs;
  add_git(fs, "/srv/a.git");
  add_git(fs, "/home/x/b/.git");
  const ScanResult result = walk_fake(fs);
  ASSERT_THAT(paths(result.repositories), ElementsAre("/home/x/b", "/srv/a.git"));
  for (const Repository& each : result.repositories) {
    EXPECT_EQ(each.kind, "git");
    EXPECT_EQ(each.store, each.path == "/home/x/b" ? "/home/x/b/.git" : each.path);
  }
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_THAT(result.pointers, IsEmpty());
}

// It has been probed from the directory that it is in.
TEST(WalkerGitTest, WhatIsSaidOfTheFolderDotGitIsSaidOnce) {
  test::FakeFileSystem fs;
  add_git(fs, "/b/.git");
  fs.fail_open("/b/.git/config", EACCES);
  add_hg(fs, "/b/.git/extra/hg");
  fs.add_directory("/b/.git/objects/pack");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.errors), ElementsAre("/b/.git/config"));
  EXPECT_THAT(paths(result.repositories), ElementsAre("/b/.git/extra/hg"));
  EXPECT_EQ(fs.times_listed("/b/.git/objects"), 0);
}

TEST(WalkerGitTest, ARootCanBeTheFolderDotGit) {
  test::FakeFileSystem fs;
  add_git(fs, "/home/x/b/.git");
  EXPECT_THAT(paths(walk_fake(fs, {.roots = {"/home/x/b/.git"}}).repositories),
              ElementsAre("/home/x/b/.git"));
}

TEST(WalkerGitTest, WhatCanHoldNoRepositoryIsNotEntered) {
  test::FakeFileSystem fs;
  add_git(fs, "/b/.git");
  add_git(fs, "/a.git");
  // With a ref for HEAD the probe need not look for another one.
  fs.add_file("/b/.git/refs/heads/main");
  fs.add_file("/a.git/refs/heads/main");
  walk_fake(fs);
  for (const char* path : {"/b/.git/objects", "/b/.git/refs", "/a.git/objects", "/a.git/hooks"}) {
    EXPECT_EQ(fs.times_listed(path), 0) << path;
  }
}

// They are copied with the repository that has them.
TEST(WalkerGitTest, SubmodulesAreNoItemsOfTheirOwn) {
  test::FakeFileSystem fs;
  add_git(fs, "/b/.git");
  add_git(fs, "/b/.git/modules/lib/zlib");
  add_git(fs, "/b/.git/modules/lib/zlib/modules/deeper");
  add_git(fs, "/b/.git/worktrees/wt/modules/lib");
  add_git(fs, "/bare.git");
  add_git(fs, "/bare.git/modules/x");
  fs.add_file("/b/lib/zlib/.git", "gitdir: ../../.git/modules/lib/zlib\n");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/b", "/bare.git"));
  ASSERT_THAT(paths(result.pointers), ElementsAre("/b/lib/zlib"));
  EXPECT_EQ(result.pointers[0].why, "submodule");
  EXPECT_EQ(result.pointers[0].target, "/b/.git/modules/lib/zlib");
}

TEST(WalkerGitTest, OtherRepositoriesInsideAGitDirectoryAreFound) {
  test::FakeFileSystem fs;
  add_git(fs, "/b/.git");
  add_svn(fs, "/b/.git/modules/svn");
  add_hg(fs, "/b/.git/worktrees/hg");
  add_git(fs, "/b/.git/backup/other.git");
  add_git(fs, "/srv/modules/c.git");
  EXPECT_THAT(paths(walk_fake(fs).repositories),
              ElementsAre("/b", "/b/.git/backup/other.git", "/b/.git/modules/svn",
                          "/b/.git/worktrees/hg", "/srv/modules/c.git"));
}

TEST(WalkerGitTest, ALinkedWorktreeIsAPointer) {
  test::FakeFileSystem fs;
  add_git(fs, "/b/.git");
  fs.add_file("/b/.git/worktrees/wt/HEAD", "ref: refs/heads/wt\n");
  fs.add_file("/b/.git/worktrees/wt/commondir", "../..\n");
  fs.add_file("/home/wt/.git", "gitdir: /b/.git/worktrees/wt\n");
  fs.add_file("/home/sep/.git", "gitdir: /elsewhere/sep.git\n");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/b"));
  ASSERT_THAT(paths(result.pointers), ElementsAre("/home/sep", "/home/wt"));
  for (const Pointer& each : result.pointers) {
    EXPECT_EQ(each.kind, "git");
    const bool worktree = each.path == "/home/wt";
    EXPECT_EQ(each.why, worktree ? "linked worktree" : "separate git directory");
    EXPECT_EQ(each.target, worktree ? "/b/.git/worktrees/wt" : "/elsewhere/sep.git");
  }
  EXPECT_TRUE(result.complete);
}

}  // namespace
}  // namespace repo

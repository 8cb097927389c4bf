// The walk on a file system in memory.
#include "scanner/walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <set>
#include <string>
#include <vector>

#include "base/stop_signal.h"
#include "base/task_pool.h"
#include "scanner/manifest.h"
#include "tests/support/child.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void add_svn(test::FakeFileSystem& fs, const std::string& path) {
  fs.add_file(path + "/format", "5\n");
  fs.add_file(path + "/db/fs-type", "fsfs\n");
  fs.add_file(path + "/db/format", "8\n");
  fs.add_file(path + "/db/current", "42\n");
  fs.add_file(path + "/db/uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n");
  fs.add_directory(path + "/hooks");
  fs.add_directory(path + "/conf");
  fs.add_directory(path + "/locks");
}

void add_hg(test::FakeFileSystem& fs, const std::string& path) {
  fs.add_file(path + "/.hg/requires", "share-safe\n");
  fs.add_file(path + "/.hg/store/requires", "store\n");
}

struct Setup {
  std::vector<std::string> roots = {"/"};
  int jobs = 2;
  int max_open_directories = 512;
  std::set<std::string> kinds = {};
  std::vector<std::string> excludes = {};
  std::string mounts = "";  // besides "/", lines of mountinfo
};

ScanResult walk_fake(const test::FakeFileSystem& fs, const Setup& setup = {}) {
  WalkMapOptions map_options;
  map_options.roots = setup.roots;
  map_options.excludes = setup.excludes;
  const WalkMap map(parse_mountinfo("1 0 8:1 / / rw - ext4 d rw\n" + setup.mounts), map_options);
  WalkOptions options;
  options.roots = setup.roots;
  options.kinds = setup.kinds;
  options.excludes = setup.excludes;
  options.max_open_directories = setup.max_open_directories;
  return walk(options, map, fs, *make_task_pool(setup.jobs));
}

template <typename T>
std::vector<std::string> paths(const std::vector<T>& found) {
  std::vector<std::string> all;
  for (const T& each : found) all.push_back(each.path);
  std::sort(all.begin(), all.end());
  return all;
}

std::string manifest(const ScanResult& result) {
  return write_manifest({"repo-scan", "host", UtcTime(), UtcTime(), {"/"}}, result);
}

TEST(WalkerTest, RepositoriesAreFoundWithWhatTheySayOfThemselves) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/svn/alpha");
  fs.set_uid("/srv/svn/alpha", 1234);
  add_hg(fs, "/home/x/work");
  fs.add_directory("/empty");
  const ScanResult result = walk_fake(fs);
  ASSERT_THAT(paths(result.repositories), ElementsAre("/home/x/work", "/srv/svn/alpha"));
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(result.errors, IsEmpty());
  for (const Repository& each : result.repositories) {
    if (each.kind == "hg") {
      EXPECT_EQ(each.store, "/home/x/work/.hg");
      continue;
    }
    EXPECT_EQ(each.kind, "svn");
    EXPECT_EQ(each.store, each.path);
    EXPECT_EQ(each.uid, 1234U);
    EXPECT_EQ(each.mode, 0755U);
    EXPECT_NE(each.inode, 0U);
    const DetailValue* revision = find_detail(each.detail, "revision");
    ASSERT_TRUE(revision);
    EXPECT_EQ(std::get<std::uint64_t>(*revision), 42U);
  }
}

TEST(WalkerTest, ARootCanBeARepository) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/svn");
  EXPECT_THAT(paths(walk_fake(fs, {.roots = {"/srv/svn"}}).repositories), ElementsAre("/srv/svn"));
  add_hg(fs, "/");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/", "/srv/svn"));
}

TEST(WalkerTest, OneDirectoryCanBeTwoKinds) {
  test::FakeFileSystem fs;
  add_svn(fs, "/both");
  add_hg(fs, "/both");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/both", "/both"));
}

TEST(WalkerTest, OnlyWhatCanHoldNoOtherRepositoryIsLeftOut) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.add_directory("/svn/db/revs/0");
  add_hg(fs, "/svn/nested");
  add_hg(fs, "/hg");
  fs.add_directory("/hg/.hg/store/data");
  add_svn(fs, "/hg/work/inner");
  EXPECT_THAT(paths(walk_fake(fs).repositories),
              ElementsAre("/hg", "/hg/work/inner", "/svn", "/svn/nested"));
  for (const char* left_out : {"/svn/db", "/svn/hooks", "/svn/conf", "/svn/locks", "/hg/.hg"}) {
    EXPECT_EQ(fs.times_listed(left_out), 0) << left_out;
  }
}

TEST(WalkerTest, AFolderNamedLikeAPartOfARepositoryIsWalkedWhereThereIsNone) {
  test::FakeFileSystem fs;
  add_hg(fs, "/srv/db/conf/hooks");
  fs.add_file("/srv/format", "not svn's");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/srv/db/conf/hooks"));
}

TEST(WalkerTest, S23_DecoysAreNoRepositories) {
  test::FakeFileSystem fs;
  fs.add_file("/wc/.svn/format", "12\n");  // a working copy
  fs.add_file("/wc/.svn/entries", "12\n");
  fs.add_file("/wc/.svn/wc.db", "SQLite format 3");
  fs.add_directory("/wc/.svn/pristine/00");
  fs.add_file("/half/format", "5\n");
  fs.add_directory("/other/db");
  fs.add_file("/file/.hg", "text");
  fs.add_file("/names/db", "a file");
  fs.add_directory("/names/format");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_TRUE(result.complete);
}

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
  EXPECT_EQ(result.pointers[0].target, "/b/lib/zlib/../../.git/modules/lib/zlib");
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

TEST(WalkerTest, OnlyTheKindsThatAreAskedForAreFound) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  add_hg(fs, "/hg");
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"hg"}}).repositories), ElementsAre("/hg"));
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"svn"}}).repositories), ElementsAre("/svn"));
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"hg", "svn"}}).repositories),
              ElementsAre("/hg", "/svn"));
}

TEST(WalkerTest, AShareIsARepositoryAndAPointerToItsSource) {
  test::FakeFileSystem fs;
  fs.add_file("/a/share/.hg/sharedpath", "/srv/source/.hg\n");
  fs.add_file("/b/relative/.hg/sharedpath", "../../source/.hg");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/a/share", "/b/relative"));
  ASSERT_THAT(paths(result.pointers), ElementsAre("/a/share", "/b/relative"));
  for (const Pointer& each : result.pointers) {
    EXPECT_EQ(each.kind, "hg");
    EXPECT_EQ(each.why, "share");
    EXPECT_THAT(each.target,
                each.path == "/a/share" ? "/srv/source/.hg" : "/b/relative/.hg/../../source/.hg");
  }
}

TEST(WalkerTest, ARepositoryThatBrokeIsAnErrorAndWhatIsInItIsStillFound) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.add_file("/svn/db/current", "");
  add_hg(fs, "/svn/nested");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/svn/nested"));
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].op, "probe");
  EXPECT_EQ(result.errors[0].path, "/svn/db/current");
  EXPECT_FALSE(result.complete);
}

TEST(WalkerTest, StatsCountWhatWasSeen) {
  test::FakeFileSystem fs;
  fs.add_file("/a/b/file");
  fs.add_file("/a/c/one");
  fs.add_link("/a/c/two", "/a");
  const ScanResult result = walk_fake(fs);
  EXPECT_EQ(result.stats.directories, 4U);
  EXPECT_EQ(result.stats.directories_read, 4U);
  EXPECT_EQ(result.stats.entries, 6U);
  EXPECT_EQ(result.stats.vanished, 0U);
}

TEST(WalkerTest, EveryDirectoryIsReadOnce) {
  test::FakeFileSystem fs;
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 30; ++j) {
      fs.add_directory("/" + std::to_string(i) + "/" + std::to_string(j));
    }
  }
  const ScanResult result = walk_fake(fs, {.jobs = 8});
  EXPECT_EQ(result.stats.directories, 931U);
  EXPECT_EQ(fs.most_listed(), 1);
}

// --- roots, mounts, excludes ---

TEST(WalkerRootsTest, NestedRootsAreWalkedOnceEach) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/svn/a");
  add_svn(fs, "/srv/svn/b");
  const ScanResult result = walk_fake(fs, {.roots = {"/srv", "/srv/svn", "/srv/svn/b"}});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/svn/a", "/srv/svn/b"));
  EXPECT_EQ(fs.most_listed(), 1);
}

TEST(WalkerRootsTest, ARootInsideWhatIsLeftOutIsWalked) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  add_hg(fs, "/svn/db/odd");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/svn"));
  EXPECT_THAT(paths(walk_fake(fs, {.roots = {"/", "/svn/db/odd"}}).repositories),
              ElementsAre("/svn", "/svn/db/odd"));
}

TEST(WalkerRootsTest, AMissingRootIsAnErrorAndTheOthersAreWalked) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/a");
  const ScanResult result = walk_fake(fs, {.roots = {"/none", "/srv"}});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/a"));
  ASSERT_THAT(paths(result.errors), ElementsAre("/none"));
  EXPECT_EQ(result.errors[0].code, ENOENT);
  EXPECT_FALSE(result.complete);
}

TEST(WalkerRootsTest, ARootThatVanishesWhileItIsReadIsAnError) {
  test::FakeFileSystem fs;
  fs.add_directory("/srv");
  fs.fail_list("/srv", 0, ENOENT);
  const ScanResult result = walk_fake(fs, {.roots = {"/srv"}});
  EXPECT_THAT(paths(result.errors), ElementsAre("/srv"));
  EXPECT_FALSE(result.complete);
}

TEST(WalkerMountsTest, AMountOfTheTableIsEntered) {
  test::FakeFileSystem fs;
  add_svn(fs, "/mnt/disk/deep/a");
  fs.set_mount("/mnt/disk");
  for (const int budget : {0, 512}) {
    const ScanResult result = walk_fake(
        fs, {.max_open_directories = budget, .mounts = "2 1 8:2 / /mnt/disk rw - xfs d rw\n"});
    EXPECT_THAT(paths(result.repositories), ElementsAre("/mnt/disk/deep/a"));
    EXPECT_TRUE(result.complete);
  }
}

TEST(WalkerMountsTest, S12_APrunedMountIsNotTouched) {
  test::FakeFileSystem fs;
  add_svn(fs, "/net/a");
  fs.set_mount("/net");
  fs.fail_open("/net", ENOTCONN);
  fs.fail_stat("/net", ENOTCONN);
  const ScanResult result = walk_fake(fs, {.mounts = "2 1 0:9 / /net rw - fuse.sshfs d rw\n"});
  EXPECT_THAT(result.errors, IsEmpty());
  ASSERT_THAT(paths(result.pruned), ElementsAre("/net"));
  EXPECT_EQ(result.pruned[0].why, "fuse.sshfs");
  EXPECT_TRUE(result.pruned[0].notable);
  EXPECT_TRUE(result.complete) << "what is pruned by rule does not make the scan incomplete";
}

TEST(WalkerMountsTest, S15_AMountThatAppearedDuringTheWalkIsAnError) {
  test::FakeFileSystem fs;
  add_svn(fs, "/mnt/new/a");
  fs.set_mount("/mnt/new");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  ASSERT_THAT(paths(result.errors), ElementsAre("/mnt/new"));
  EXPECT_EQ(result.errors[0].code, EXDEV);
  EXPECT_THAT(result.errors[0].message, HasSubstr("mount that appeared"));
  EXPECT_FALSE(result.complete);
}

TEST(WalkerExcludeTest, WhatMatchesIsNotReadAndStandsUnderPruned) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/keep");
  add_svn(fs, "/srv/node_modules/a");
  add_svn(fs, "/srv/old/b");
  add_svn(fs, "/x/old/c");
  const ScanResult result = walk_fake(fs, {.excludes = {"node_modules", "/srv/old"}});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/keep", "/x/old/c"));
  EXPECT_THAT(paths(result.pruned), ElementsAre("/srv/node_modules", "/srv/old"));
  EXPECT_EQ(result.pruned[0].why, "excluded");
  EXPECT_EQ(fs.times_listed("/srv/old"), 0);
  EXPECT_TRUE(result.complete);
}

TEST(WalkerExcludeTest, ARootIsWalkedEvenWhereItMatches) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/a");
  EXPECT_THAT(paths(walk_fake(fs, {.roots = {"/srv"}, .excludes = {"srv"}}).repositories),
              ElementsAre("/srv/a"));
}

struct MarkerCase : test::NamedCase {
  bool (*make)(test::FakeFileSystem& fs, const std::string& path);  // true: it is honoured
};

class DumpRootTest : public testing::TestWithParam<MarkerCase> {};

TEST_P(DumpRootTest, IsPrunedWhereItsMarkerIsRootsOrOurs) {
  test::FakeFileSystem fs;
  add_svn(fs, "/var/backup/current/svn/a/data");
  add_svn(fs, "/srv/a");
  const bool honoured = GetParam().make(fs, "/var/backup/.repo-backup");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  if (honoured) {
    EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/a"));
    ASSERT_THAT(paths(result.pruned), ElementsAre("/var/backup"));
    EXPECT_EQ(result.pruned[0].why, "dump root");
    EXPECT_FALSE(result.pruned[0].notable);
  } else {
    EXPECT_THAT(paths(result.repositories),
                ElementsAre("/srv/a", "/var/backup/current/svn/a/data"));
    EXPECT_THAT(result.pruned, IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Markers, DumpRootTest,
                         testing::Values(MarkerCase{"of_root",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_file(path);
                                                      return true;
                                                    }},
                                         MarkerCase{"of_this_user",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_file(path);
                                                      fs.set_uid(path, geteuid());
                                                      return true;
                                                    }},
                                         MarkerCase{"of_a_stranger",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_file(path);
                                                      fs.set_uid(path, geteuid() + 4321);
                                                      return false;
                                                    }},
                                         MarkerCase{"a_directory",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_directory(path);
                                                      return false;
                                                    }},
                                         MarkerCase{"a_link",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_link(path, "/etc/passwd");
                                                      return false;
                                                    }},
                                         MarkerCase{"a_fifo",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_fifo(path);
                                                      return false;
                                                    }},
                                         MarkerCase{"S22_of_unknown_type",
                                                    [](auto& fs, auto& path) {
                                                      fs.add_file(path);
                                                      fs.hide_type(path);
                                                      return true;
                                                    }},
                                         MarkerCase{"none", [](auto&, auto&) { return false; }}),
                         test::case_name);

// --- the same result whatever the number of threads and descriptors ---

void add_mixed_tree(test::FakeFileSystem& fs) {
  for (int i = 0; i < 12; ++i) {
    const std::string top = "/t" + std::to_string(i);
    for (int j = 0; j < 12; ++j) {
      const std::string path = top + "/d" + std::to_string(j) + "/e/f";
      if (j % 3 == 0) add_svn(fs, path);
      if (j % 4 == 0) add_hg(fs, path + "/g");
      fs.add_link(path + "/loop", top);
    }
    fs.add_directory(top + "/locked/x");
    fs.fail_open(top + "/locked", EACCES);
    fs.add_directory(top + "/d1/bad");
    fs.fail_list(top + "/d1/bad", 0, EIO);
    fs.add_directory(top + "/d2/gone");
    fs.vanish(top + "/d2/gone");
    fs.add_directory(top + "/d5/skip/x");
    fs.hide_type(top + "/d6");
  }
}

struct WayCase : test::NamedCase {
  int jobs;
  int max_open_directories;
};

class WalkerWaysTest : public testing::TestWithParam<WayCase> {};

TEST_P(WalkerWaysTest, S16_TheResultIsThatOfOneThreadWithAllDescriptors) {
  test::FakeFileSystem fs;
  add_mixed_tree(fs);
  const std::string expected =
      manifest(walk_fake(fs, {.jobs = 1, .max_open_directories = 10'000, .excludes = {"skip"}}));
  ASSERT_THAT(expected, HasSubstr("\"/t3/d0/e/f\""));
  for (int round = 0; round < 5; ++round) {
    const ScanResult result =
        walk_fake(fs, {.jobs = GetParam().jobs,
                       .max_open_directories = GetParam().max_open_directories,
                       .excludes = {"skip"}});
    EXPECT_EQ(manifest(result), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Ways, WalkerWaysTest,
                         testing::Values(WayCase{"jobs_1", 1, 512}, WayCase{"jobs_2", 2, 512},
                                         WayCase{"jobs_8", 8, 512},
                                         WayCase{"jobs_1_no_descriptors", 1, 0},
                                         WayCase{"jobs_2_few_descriptors", 2, 3},
                                         WayCase{"jobs_8_no_descriptors", 8, 0}),
                         test::case_name);

TEST(WalkerLimitsTest, S16_OpenDirectoriesStayNearTheBudget) {
  // At each of 300 levels one directory that leads on and two that wait meanwhile, so that without
  // a limit all 300 would be open at once.
  constexpr int kJobs = 4;
  for (const int budget : {0, 8, 64}) {
    test::FakeFileSystem fs;
    std::string path;
    for (int level = 0; level < 300; ++level) {
      for (const char* name : {"/a", "/m", "/z"}) fs.add_directory(path + name + "/leaf");
      path += level % 2 == 0 ? "/a" : "/z";
    }
    add_hg(fs, path);
    const ScanResult result = walk_fake(fs, {.jobs = kJobs, .max_open_directories = budget});
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.stats.directories, 1U + 300 * 6);
    EXPECT_THAT(paths(result.repositories), ElementsAre(path));
    // The root, and for each thread what it has in its hands: while it finds its way again from
    // the root, where it is and the next step.
    EXPECT_LE(fs.most_open_directories(), budget + 1 + 3 * kJobs);
  }
}

TEST(WalkerLimitsTest, S7_ATreeOfTenThousandLevelsIsWalkedToItsEnd) {
  test::FakeFileSystem fs;
  std::string path;
  for (int i = 0; i < 10'000; ++i) path += "/d";
  add_hg(fs, path);
  for (const int jobs : {1, 8}) {
    const ScanResult result = walk_fake(fs, {.jobs = jobs, .max_open_directories = 64'000});
    EXPECT_THAT(paths(result.repositories), ElementsAre(path));
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.stats.directories, 10'001U);
  }
}

TEST(WalkerLimitsTest, S7_ADeepTreeIsWalkedWithoutDescriptorsToSpare) {
  test::FakeFileSystem fs;
  std::string path;
  for (int i = 0; i < 1000; ++i) path += "/" + std::string(100, 'd');  // far beyond PATH_MAX
  add_hg(fs, path);
  const ScanResult result = walk_fake(fs, {.max_open_directories = 0});
  EXPECT_THAT(paths(result.repositories), ElementsAre(path));
  EXPECT_TRUE(result.complete);
  EXPECT_LE(fs.most_open_directories(), 1 + 3 * 2);
}

TEST(WalkerLimitsTest, S8_ADirectoryOfAHundredThousandEntriesIsWalked) {
  test::FakeFileSystem fs;
  for (int i = 0; i < 50'000; ++i) {
    fs.add_directory("/wide/d" + std::to_string(i));
    fs.add_file("/wide/f" + std::to_string(i));
  }
  add_hg(fs, "/wide/d49999");
  const ScanResult result = walk_fake(fs, {.jobs = 8, .max_open_directories = 16});
  EXPECT_EQ(result.stats.directories, 50'002U);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/wide/d49999"));
  EXPECT_TRUE(result.complete);
}

// --- faults ---

struct ErrnoCase : test::NamedCase {
  int code;
};

class WalkerOpenFaults : public testing::TestWithParam<ErrnoCase> {};

TEST_P(WalkerOpenFaults, S1_UnreadableDirectoryIsReportedAndSiblingsAreVisited) {
  test::FakeFileSystem fs;
  add_svn(fs, "/a/hidden");
  add_svn(fs, "/b/seen");
  fs.fail_open("/a", GetParam().code);
  for (const int budget : {0, 512}) {
    const ScanResult result = walk_fake(fs, {.max_open_directories = budget});
    EXPECT_THAT(paths(result.repositories), ElementsAre("/b/seen"));
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors[0].op, "open");
    EXPECT_EQ(result.errors[0].path, "/a");
    EXPECT_EQ(result.errors[0].code, GetParam().code);
    EXPECT_FALSE(result.errors[0].message.empty());
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.stats.vanished, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Errors, WalkerOpenFaults,
    testing::Values(ErrnoCase{"eacces", EACCES}, ErrnoCase{"eperm", EPERM},
                    ErrnoCase{"S3_eio", EIO}, ErrnoCase{"S3_euclean", EUCLEAN},
                    ErrnoCase{"S13_enotconn", ENOTCONN}, ErrnoCase{"S12_estale", ESTALE},
                    ErrnoCase{"S16_emfile", EMFILE}, ErrnoCase{"S16_enfile", ENFILE},
                    ErrnoCase{"S17_enomem", ENOMEM}, ErrnoCase{"S7_enametoolong", ENAMETOOLONG}),
    test::case_name);

class WalkerVanishedFaults : public testing::TestWithParam<ErrnoCase> {};

TEST_P(WalkerVanishedFaults, S11_GoneBetweenListingAndOpeningIsCountedAndNoError) {
  test::FakeFileSystem fs;
  fs.add_directory("/a/gone");
  fs.add_directory("/a/stays");
  fs.fail_open("/a/gone", GetParam().code);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.stats.vanished, 1U);
  EXPECT_EQ(result.stats.directories, 3U);
  EXPECT_TRUE(result.complete);
}

INSTANTIATE_TEST_SUITE_P(Errors, WalkerVanishedFaults,
                         testing::Values(ErrnoCase{"removed", ENOENT},
                                         ErrnoCase{"replaced_by_a_file", ENOTDIR},
                                         ErrnoCase{"replaced_by_a_link", ELOOP}),
                         test::case_name);

TEST(WalkerFaults, S11_GoneBetweenOpeningAndReadingIsCountedAndNoError) {
  test::FakeFileSystem fs;
  fs.add_directory("/a/gone");
  fs.fail_list("/a/gone", 0, ENOENT);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.stats.vanished, 1U);
  EXPECT_TRUE(result.complete);
}

struct ListCase : test::NamedCase {
  std::size_t after;
  int code;
};

class WalkerListFaults : public testing::TestWithParam<ListCase> {};

TEST_P(WalkerListFaults, S2_EioInTheMiddleOfADirectory) {
  // Entries come in the order of their names: of a, b, c and d as many as `after`.
  test::FakeFileSystem fs;
  for (const char* name : {"a", "b", "c", "d"}) add_hg(fs, std::string("/bad/") + name);
  add_hg(fs, "/good");
  fs.fail_list("/bad", GetParam().after, GetParam().code);
  const ScanResult result = walk_fake(fs);
  EXPECT_EQ(result.repositories.size(), 1 + GetParam().after) << "what was listed is looked at";
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].op, "read");
  EXPECT_EQ(result.errors[0].path, "/bad");
  EXPECT_EQ(result.errors[0].code, GetParam().code);
  EXPECT_FALSE(result.complete);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, WalkerListFaults,
    testing::Values(ListCase{"before_the_first", 0, EIO}, ListCase{"after_one", 1, EIO},
                    ListCase{"after_the_last", 4, EIO}, ListCase{"S3_ebadmsg", 2, EBADMSG},
                    ListCase{"S3_euclean", 2, EUCLEAN}, ListCase{"S13_enotconn", 2, ENOTCONN}),
    test::case_name);

TEST(WalkerFaults, S2_ARepositoryWhoseDirectoryCannotBeReadToItsEndIsStillFound) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.add_file("/svn/zzz");
  fs.fail_list("/svn", 5, EIO);  // conf, db, format, hooks, locks
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/svn"));
  EXPECT_THAT(paths(result.errors), ElementsAre("/svn"));
  EXPECT_FALSE(result.complete);
}

TEST(WalkerFaults, S4_ASignatureFileThatCannotBeReadIsAnErrorAndNotNothing) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.fail_open("/svn/db/current", EIO);
  add_hg(fs, "/hg");
  fs.fail_open("/hg/.hg", EACCES);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(paths(result.errors), ElementsAre("/hg/.hg", "/svn/db/current"));
  EXPECT_FALSE(result.complete);
}

TEST(WalkerFaults, S4_ARepositoryWhoseOwnerCannotBeReadIsAnError) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.fail_stat("/svn", EIO);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(paths(result.errors), ElementsAre("/svn"));
}

TEST(WalkerFaults, S22_EntriesWithoutATypeAreAskedForIt) {
  test::FakeFileSystem fs;
  add_svn(fs, "/a/svn");
  add_hg(fs, "/a/hg");
  fs.add_file("/a/file", "x");
  fs.add_link("/a/link", "/a");
  fs.add_fifo("/a/fifo");
  for (const char* path : {"/a", "/a/svn", "/a/svn/format", "/a/svn/db", "/a/hg", "/a/hg/.hg",
                           "/a/file", "/a/link", "/a/fifo"}) {
    fs.hide_type(path);
  }
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/a/hg", "/a/svn"));
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.stats.vanished, 0U) << "files and links are not tried as directories";
  EXPECT_EQ(result.stats.directories, 4U);
}

TEST(WalkerFaults, S22_AnEntryWithoutATypeThatCannotBeAskedIsTriedAndReported) {
  test::FakeFileSystem fs;
  add_svn(fs, "/odd/svn");
  fs.hide_type("/odd");
  fs.fail_stat("/odd", EIO);
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/odd/svn"));
  fs.fail_open("/odd", EIO);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.errors), ElementsAre("/odd"));
}

TEST(WalkerFaults, S22_AnEntryWithoutATypeThatVanishedIsNoError) {
  test::FakeFileSystem fs;
  fs.add_file("/gone");
  fs.hide_type("/gone");
  fs.vanish("/gone");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_TRUE(result.complete);
}

TEST(WalkerFaults, EveryErrorIsKept) {
  test::FakeFileSystem fs;
  for (int i = 0; i < 1000; ++i) {
    fs.add_directory("/d" + std::to_string(i));
    fs.fail_open("/d" + std::to_string(i), EACCES);
  }
  EXPECT_EQ(walk_fake(fs, {.jobs = 8}).errors.size(), 1000U);
}

// --- stopping; the flag is never cleared, so in a child ---

TEST(WalkerStopTest, S18_AfterAStopNoDirectoryIsOpenedAndTheResultIsIncomplete) {
  test::in_child([] {
    test::FakeFileSystem fs;
    for (int i = 0; i < 1000; ++i) fs.add_directory("/d" + std::to_string(i) + "/e");
    fs.on_list("/d0", [] { request_stop(SIGTERM); });
    const ScanResult result = walk_fake(fs, {.jobs = 1});
    EXPECT_FALSE(result.complete);
    EXPECT_LT(result.stats.directories, 2001U);
    EXPECT_THAT(result.errors, IsEmpty());
    const std::uint64_t after = walk_fake(fs, {.jobs = 1}).stats.directories;
    EXPECT_LE(after, 1U) << "stopped before it began";
  });
}

TEST(WalkerStopTest, S18_SeveralThreadsStopToo) {
  test::in_child([] {
    test::FakeFileSystem fs;
    for (int i = 0; i < 5000; ++i) fs.add_directory("/d" + std::to_string(i) + "/e");
    fs.on_list("/", [] { request_stop(SIGINT); });
    const ScanResult result = walk_fake(fs, {.jobs = 8});
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.stats.directories, 1U);
  });
}

}  // namespace
}  // namespace repo

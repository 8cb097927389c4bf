// Roots, mounts and what is excluded.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "scanner/manifest.h"
#include "scanner/walker.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(DumpRootTest, OneThatIsNamedAsARootIsTold) {
  test::FakeFileSystem fs;
  add_svn(fs, "/var/backup/current/svn/a/data");
  fs.add_file("/var/backup/.repo-backup");
  const ScanResult result = walk_fake(fs, {.roots = {"/var/backup"}});
  ASSERT_THAT(paths(result.pruned), ElementsAre("/var/backup"));
  EXPECT_TRUE(result.pruned[0].notable);
}

struct MarkerCase : test::NamedCase {
  bool (*make)(test::FakeFileSystem& fs, const std::string& path);  // true: it is honoured
};

class DumpRootMarkerTest : public testing::TestWithParam<MarkerCase> {};

TEST_P(DumpRootMarkerTest, IsPrunedWhereItsMarkerIsRootsOrOurs) {
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

INSTANTIATE_TEST_SUITE_P(Markers, DumpRootMarkerTest,
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

}  // namespace
}  // namespace repo

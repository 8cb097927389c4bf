// Directories that are told to have no subdirectory are not opened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "scanner/walker.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/fake_fs.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class WalkerLeafTest : public testing::Test {
 protected:
  void SetUp() override {
    fs_.count_links();
    add_svn(fs_, "/srv/a");
    add_hg(fs_, "/srv/b");
    for (const char* path : {"/srv/leaf", "/srv/c/leaf", "/srv/c/other"}) fs_.add_directory(path);
    fs_.add_file("/srv/leaf/file");
  }
  test::FakeFileSystem fs_;
};

TEST_F(WalkerLeafTest, TheyAreCountedAndNotRead) {
  const ScanResult with = walk_fake(fs_, {.leaf_skip = true});
  EXPECT_THAT(paths(with.repositories), ElementsAre("/srv/a", "/srv/b"));
  EXPECT_EQ(fs_.times_listed("/srv/leaf") + fs_.times_listed("/srv/c/leaf"), 0);
  EXPECT_TRUE(with.complete);
  const ScanResult without = walk_fake(fs_);
  EXPECT_EQ(paths(with.repositories), paths(without.repositories));
  EXPECT_EQ(with.stats.directories, without.stats.directories);
  EXPECT_EQ(with.stats.directories_read + with.stats.leaf_skipped, with.stats.directories);
  EXPECT_EQ(with.stats.leaf_skipped, 3U);
  EXPECT_EQ(without.stats.leaf_skipped, 0U);
}

TEST_F(WalkerLeafTest, AMountOnOneIsEntered) {
  add_hg(fs_, "/srv/c/leaf/found");
  fs_.set_mount("/srv/c/leaf");
  const ScanResult result =
      walk_fake(fs_, {.mounts = "2 1 8:2 / /srv/c/leaf rw - ext4 e rw\n", .leaf_skip = true});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/a", "/srv/b", "/srv/c/leaf/found"));
}

TEST_F(WalkerLeafTest, AMountThatAppearsOnOneIsStillAnError) {
  fs_.set_mount("/srv/c/leaf");
  const ScanResult result = walk_fake(fs_, {.leaf_skip = true});
  EXPECT_THAT(paths(result.errors), ElementsAre("/srv/c/leaf"));
  EXPECT_EQ(result.errors[0].code, EXDEV);
}

TEST_F(WalkerLeafTest, WhatCannotBeLookedAtIsOpened) {
  fs_.fail_stat("/srv/c/leaf", EIO);
  fs_.fail_open("/srv/c/leaf", EACCES);
  const ScanResult result = walk_fake(fs_, {.leaf_skip = true});
  EXPECT_THAT(paths(result.errors), ElementsAre("/srv/c/leaf"));
}

TEST_F(WalkerLeafTest, S16_TheResultDoesNotDependOnDescriptorsToSpare) {
  fs_.add_file("/srv/leaf/.git", "gitdir: /srv/elsewhere/.git/worktrees/leaf\n");
  const ScanResult usual = walk_fake(fs_, {.leaf_skip = true});
  const ScanResult result = walk_fake(fs_, {.max_open_directories = 0, .leaf_skip = true});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/a", "/srv/b"));
  EXPECT_THAT(result.pointers, IsEmpty());
  EXPECT_EQ(result.stats.directories, usual.stats.directories);
  EXPECT_EQ(result.stats.leaf_skipped, usual.stats.leaf_skipped);
  EXPECT_EQ(result.stats.entries, usual.stats.entries);
}

// What docs/design.md says of it.
TEST_F(WalkerLeafTest, OnlyPointersAndWhatHasLostItsFoldersAreNotSeen) {
  fs_.add_file("/srv/leaf/.git", "gitdir: /srv/elsewhere/.git/worktrees/leaf\n");
  fs_.add_link("/srv/c/other/.hg", "/srv/b/.hg");
  const ScanResult without = walk_fake(fs_);
  EXPECT_THAT(paths(without.pointers), ElementsAre("/srv/leaf"));
  EXPECT_THAT(paths(without.errors), ElementsAre("/srv/c/other/.hg"));
  const ScanResult with = walk_fake(fs_, {.leaf_skip = true});
  EXPECT_THAT(with.pointers, IsEmpty());
  EXPECT_THAT(with.errors, IsEmpty());
  EXPECT_EQ(paths(with.repositories), paths(without.repositories));
}

}  // namespace
}  // namespace repo

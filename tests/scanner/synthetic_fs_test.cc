// The computed file system is what its header says: a walk of it sees what was asked for.
#include "tests/support/synthetic_fs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/scanner/walker_fixture.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// 1 + 3 + 9 + 27 directories; 39 is the last one, 8 the middle one of the second level.
constexpr test::SyntheticShape kShape = {.fan_out = 3, .depth = 3, .files = 2};

TEST(SyntheticFileSystemTest, PathsFollowFromNumbers) {
  const test::SyntheticFileSystem fs(kShape);
  EXPECT_EQ(fs.directories(), 40U);
  EXPECT_EQ(fs.path_of(0), "/");
  EXPECT_EQ(fs.path_of(1), "/d0");
  EXPECT_EQ(fs.path_of(8), "/d1/d1");
  EXPECT_EQ(fs.path_of(39), "/d2/d2/d2");
}

TEST(SyntheticFileSystemTest, AWalkSeesAllOfItAndTheRepositories) {
  const test::SyntheticFileSystem fs(kShape, {2, 8, 39});
  for (const int most : {512, 0}) {  // relative to open parents, and from the root
    const ScanResult result = walk_fake(fs, {.max_open_directories = most});
    EXPECT_TRUE(result.complete);
    EXPECT_THAT(result.errors, IsEmpty());
    EXPECT_EQ(result.stats.directories, 40U);
    EXPECT_EQ(result.stats.entries, 39U + 40U * 2U + 3U);
    EXPECT_THAT(paths(result.repositories), ElementsAre("/d1", "/d1/d1", "/d2/d2/d2"));
  }
}

TEST(SyntheticFileSystemTest, NothingElseIsThere) {
  const test::SyntheticFileSystem fs(kShape, {8});
  EXPECT_EQ(fs.open_root("/d0").error().code, ENOENT);
  const auto root = *fs.open_root("/");
  for (const char* name : {"d3", "f2", "d", "d0/d0/d0/d0", ".hg", "d1/d1/.hg/store/x"}) {
    EXPECT_EQ(root->stat_entry(name).error().code, ENOENT) << name;
  }
  EXPECT_EQ(root->open_directory("f0", false).error().code, ENOTDIR);
  EXPECT_EQ(root->open_directory("f0/d0", false).error().code, ENOTDIR);
  EXPECT_EQ(root->open_file("d0").error().code, EINVAL);
  EXPECT_TRUE(root->open_directory("d1/d1/.hg/store", false));
  EXPECT_FALSE(root->read_file("d1/d1/.hg/requires", 100)->empty());
}

}  // namespace
}  // namespace repo

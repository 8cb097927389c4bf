// The same result whatever the number of threads and descriptors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

// Nobody can open them; each user could make the manifest as large as he likes.
TEST(WalkerLimitsTest, S7_OfPathsThatNobodyCanOpenSoManyAreKeptWhole) {
  test::FakeFileSystem fs;
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "/" + std::string(100, 'd');
  for (int i = 0; i < 1000; ++i) add_hg(fs, deep + "/" + std::to_string(i));
  add_hg(fs, "/short");
  const ScanResult result = walk_fake(fs);
  EXPECT_GT(result.repositories.size(), 700U);
  EXPECT_LT(result.repositories.size(), 900U);
  EXPECT_EQ(result.repositories.size() + result.errors.size(), 1001U);
  EXPECT_THAT(paths(result.repositories), testing::Contains("/short"));
  for (const Error& each : result.errors) {
    EXPECT_EQ(each.code, ENAMETOOLONG);
    EXPECT_LT(each.path.size(), 4200U);
    EXPECT_TRUE(each.path.starts_with("/ddd"));
  }
  EXPECT_FALSE(result.complete);
}

TEST(WalkerLimitsTest, S7_WhatARepositorySaysOfItselfIsCut) {
  test::FakeFileSystem fs;
  const std::string large(100'000, 'x');
  fs.add_file("/pointer/.git", "gitdir: /" + large + "\n");
  fs.add_file("/bare/HEAD", "ref: refs/heads/" + large + "\n");
  fs.add_directory("/bare/objects");
  fs.add_directory("/bare/refs");
  const ScanResult result = walk_fake(fs);
  ASSERT_EQ(result.pointers.size(), 1U);
  EXPECT_LT(result.pointers[0].target.size(), 4200U);
  ASSERT_EQ(result.repositories.size(), 1U);
  EXPECT_LT(find_text(result.repositories[0].detail, "head").value_or(large).size(), 4200U);
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

}  // namespace
}  // namespace repo

// The source of an item, opened once and compared with the manifest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file_io.h"
#include "dumper/dump_item.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

class OpenSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(path_);
    test::make_hg_skeleton(tree_ / "srv/hg");
    source_ = test::source_at("svn", path_);
  }
  Error refused() const {
    const Result<UniqueFd> opened = open_source(source_);
    if (opened) ADD_FAILURE() << "taken";
    return opened ? Error() : opened.error();
  }
  test::TempDir tree_;
  const std::string path_ = tree_ / "srv/repo";
  Repository source_;
};

TEST_F(OpenSourceTest, WhatWasScannedIsOpened) {
  const Result<UniqueFd> opened = open_source(source_);
  ASSERT_TRUE(opened) << describe(opened.error());
  EXPECT_EQ(*read_small_file(opened->get(), "db/current", 10), "7\n");
  EXPECT_TRUE(open_source(test::source_at("hg", tree_ / "srv/hg")));
}

TEST_F(OpenSourceTest, D24_WhatIsGoneIsEnoent) {
  std::filesystem::remove_all(path_);
  EXPECT_EQ(refused().code, ENOENT);
  EXPECT_EQ(refused().path, path_);
}

TEST_F(OpenSourceTest, D24_AFileInItsPlaceOrAboveIsEnotdir) {
  std::filesystem::remove_all(path_);
  test::write_file(path_, "x");
  EXPECT_EQ(refused().code, ENOTDIR);
  std::filesystem::remove_all(tree_ / "srv");
  test::write_file(tree_ / "srv", "x");
  EXPECT_EQ(refused().code, ENOTDIR);
}

TEST_F(OpenSourceTest, D19_ALinkInItsPlaceIsNotFollowedAlsoToTheSameDirectory) {
  std::filesystem::rename(path_, tree_ / "moved");
  test::make_link(path_, tree_ / "moved");
  EXPECT_EQ(refused().code, ELOOP);
  EXPECT_THAT(refused().message, HasSubstr("symbolic link"));
}

TEST_F(OpenSourceTest, D19_ALinkAboveItIsNotFollowed) {
  std::filesystem::rename(tree_ / "srv", tree_ / "moved");
  test::make_link(tree_ / "srv", "moved");
  EXPECT_EQ(refused().code, ELOOP);
}

TEST_F(OpenSourceTest, D25_AnotherDirectoryInItsPlaceIsRefused) {
  std::filesystem::rename(path_, tree_ / "moved");
  test::make_svn_skeleton(path_);
  EXPECT_THAT(refused().message, HasSubstr("scan again"));
}

TEST_F(OpenSourceTest, D25_AnotherOwnerIsRefused) {
  REPO_NEEDS_ROOT();
  test::give_to(path_, 1234);
  EXPECT_THAT(refused().message, HasSubstr("scan again"));
}

TEST_F(OpenSourceTest, D25_AnotherFileSystemMountedOverItIsRefused) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(path_, "mode=755");
    EXPECT_THAT(refused().message, HasSubstr("scan again"));
  });
}

TEST_F(OpenSourceTest, WhatBecameSomethingElseIsNoRepositoryAnyMore) {
  std::filesystem::remove_all(path_ + "/db");
  EXPECT_THAT(refused().message, HasSubstr("no svn repository any more"));
}

TEST_F(OpenSourceTest, WhatIsOfAnotherKindIsRefused) {
  Repository wrong = test::source_at("svn", tree_ / "srv/hg");
  const Result<UniqueFd> opened = open_source(wrong);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("no svn repository"));
}

TEST_F(OpenSourceTest, ABrokenOneIsAnErrorThatNamesTheFile) {
  std::filesystem::remove(path_ + "/db/uuid");
  EXPECT_EQ(refused().path, path_ + "/db/uuid");
}

TEST_F(OpenSourceTest, AnUnknownKindIsRefused) {
  source_.kind = "cvs";
  EXPECT_NE(refused().message, "");
}

TEST_F(OpenSourceTest, D20_AFifoInItsPlaceDoesNotBlock) {
  std::filesystem::remove_all(path_);
  test::make_fifo(path_);
  EXPECT_EQ(refused().code, ENOTDIR);
}

TEST_F(OpenSourceTest, ADirectoryThatMayNotBeReadIsAnError) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::set_mode(tree_.path(), 0755);
    test::set_mode(path_, 0700);
    test::become_user(1234);
    EXPECT_EQ(refused().code, EACCES);
  });
}

}  // namespace
}  // namespace repo

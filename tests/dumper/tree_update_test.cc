// The second pass of a copy: brings it to what the source is by then, and touches nothing else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "dumper/tree_copier.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

class TreeUpdateTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(target_);
    for (const char* path : {"/a/file", "/a/other", "/b", "/c/d/e"}) {
      test::write_file(source_ + path, "first " + std::string(path));
    }
    test::make_link(source_ + "/link", "a");
  }

  // kSettled: as if it had begun a second after the last change, which is long enough to tell what
  // has changed since.
  enum Age { kFresh, kSettled };
  void first_pass(Age age = kFresh) {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd target = test::open_folder(target_);
    const Result<TreeLook> pass = copy_tree({source.get(), std::nullopt}, target.get(), options());
    ASSERT_TRUE(pass) << describe(pass.error());
    began_ = pass->began;
    if (age == kSettled) {
      began_ = pass->newest;
      began_.tv_sec += 1;
      began_.tv_nsec += 1;  // a settled change is older than a second
    }
    test::next_tick(tree_.path());
  }
  void second_pass() {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd target = test::open_folder(target_);
    const Result<TreeLook> pass =
        update_tree({source.get(), std::nullopt}, target.get(), began_, options());
    ASSERT_TRUE(pass) << describe(pass.error());
    const Result<TreeLook> now =
        look_at_tree({source.get(), std::nullopt}, options().skip, test::patient());
    ASSERT_TRUE(now) << describe(now.error());
    EXPECT_TRUE(*pass == *now);
    EXPECT_EQ(test::contents_and_x(target_), test::contents_and_x(source_));
    for (const auto& [path, content] : test::contents(source_)) {
      const struct stat source_st = test::lstat_of(source_ + "/" + path);
      const struct stat st = test::lstat_of(target_ + "/" + path);
      EXPECT_EQ(st.st_mtim.tv_sec, source_st.st_mtim.tv_sec) << path;
      EXPECT_EQ(st.st_mtim.tv_nsec, source_st.st_mtim.tv_nsec) << path;
    }
  }
  static CopyOptions options() {
    CopyOptions made;
    made.skip = [](const std::string& path) { return path == "skipped"; };
    made.patience = test::patient();
    return made;
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string target_ = tree_ / "target";
  struct timespec began_ = {};  // the first pass
};

TEST_F(TreeUpdateTest, WhatHasNotChangedIsNotWrittenAgain) {
  first_pass(kSettled);
  const std::string before = test::snapshot(target_ + "/a/file") + test::snapshot(target_ + "/b") +
                             test::snapshot(target_ + "/link");
  second_pass();
  EXPECT_EQ(test::snapshot(target_ + "/a/file") + test::snapshot(target_ + "/b") +
                test::snapshot(target_ + "/link"),
            before);
}

TEST_F(TreeUpdateTest, OnlyTheChangedFileIsWrittenAgain) {
  first_pass(kSettled);
  const std::string before = test::snapshot(target_ + "/b");
  test::write_file(source_ + "/a/file", "changed, and longer");
  second_pass();
  EXPECT_EQ(test::snapshot(target_ + "/b"), before);
}

TEST_F(TreeUpdateTest, AChangeThatHidesBehindSizeAndTimeIsSeen) {
  first_pass(kSettled);
  const struct stat st = test::lstat_of(source_ + "/b");
  test::write_file(source_ + "/b", "FIRST /b");
  test::set_mtime(source_ + "/b", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  ASSERT_EQ(test::lstat_of(source_ + "/b").st_size, st.st_size);
  second_pass();
  EXPECT_EQ(test::read_file(target_ + "/b"), "FIRST /b");
}

TEST_F(TreeUpdateTest, WhatWasMadeShortlyBeforeTheFirstPassIsCopiedAgain) {
  first_pass();
  const ino_t before = test::lstat_of(target_ + "/b").st_ino;
  const UniqueFd held(open((target_ + "/b").c_str(), O_RDONLY | O_CLOEXEC));  // keeps its inode
  second_pass();
  EXPECT_NE(test::lstat_of(target_ + "/b").st_ino, before);
}

TEST_F(TreeUpdateTest, NewEntriesArrive) {
  first_pass(kSettled);
  test::write_file(source_ + "/new/in/file", "new");
  test::write_file(source_ + "/a/new", "new");
  test::make_link(source_ + "/a/link", "nowhere");
  second_pass();
}

TEST_F(TreeUpdateTest, DeletedEntriesGo) {
  first_pass(kSettled);
  std::filesystem::remove(source_ + "/a/file");
  std::filesystem::remove_all(source_ + "/c");
  std::filesystem::remove(source_ + "/link");
  second_pass();
}

TEST_F(TreeUpdateTest, EverythingDeletedLeavesAnEmptyCopy) {
  first_pass(kSettled);
  for (const std::string& name : test::names_in(source_)) {
    std::filesystem::remove_all(source_ + "/" + name);
  }
  second_pass();
  EXPECT_THAT(test::names_in(target_), testing::ElementsAre());
}

TEST_F(TreeUpdateTest, AFileThatBecameADirectoryAndTheReverse) {
  first_pass(kSettled);
  std::filesystem::remove(source_ + "/b");
  test::write_file(source_ + "/b/now/a", "directory");
  std::filesystem::remove_all(source_ + "/c");
  test::write_file(source_ + "/c", "now a file");
  second_pass();
}

TEST_F(TreeUpdateTest, D19_ADirectoryThatBecameALinkIsALinkAndItsOldContentIsGone) {
  test::write_file(tree_ / "elsewhere/d/e", "not touched");
  first_pass(kSettled);
  std::filesystem::remove_all(source_ + "/c");
  test::make_link(source_ + "/c", tree_ / "elsewhere");
  second_pass();
  EXPECT_EQ(test::read_file(tree_ / "elsewhere/d/e"), "not touched");
}

TEST_F(TreeUpdateTest, ALinkThatLeadsElsewhereOrBecameADirectory) {
  test::make_link(source_ + "/second", "b");
  first_pass(kSettled);
  std::filesystem::remove(source_ + "/link");
  test::make_link(source_ + "/link", "c");
  std::filesystem::remove(source_ + "/second");
  test::write_file(source_ + "/second/file", "x");
  second_pass();
}

TEST_F(TreeUpdateTest, AChangedXBitIsPutOnTheCopy) {
  first_pass(kSettled);
  test::set_mode(source_ + "/b", 0755);
  second_pass();
  EXPECT_EQ(test::lstat_of(target_ + "/b").st_mode & 07777, 0700U);
}

TEST_F(TreeUpdateTest, AFileThatWasReplacedByARenameIsCopiedAgain) {
  first_pass(kSettled);
  const struct stat st = test::lstat_of(source_ + "/b");
  test::write_file(source_ + "/b.new", "FIRST /b");
  std::filesystem::rename(source_ + "/b.new", source_ + "/b");
  test::set_mtime(source_ + "/b", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  second_pass();
}

TEST_F(TreeUpdateTest, AFileThatShrankOrGrewIsAsLongAsItsSource) {
  first_pass(kSettled);
  test::write_file(source_ + "/a/file", "");
  test::write_file(source_ + "/a/other", std::string(200'000, 'g'));
  second_pass();
}

TEST_F(TreeUpdateTest, D20_AFifoInPlaceOfAFileAndTheReverse) {
  test::make_fifo(source_ + "/pipe");
  first_pass(kSettled);
  std::filesystem::remove(source_ + "/pipe");
  test::write_file(source_ + "/pipe", "a file now");
  std::filesystem::remove(source_ + "/b");
  test::make_fifo(source_ + "/b");
  const UniqueFd source = test::open_folder(source_);
  const UniqueFd target = test::open_folder(target_);
  ASSERT_TRUE(update_tree({source.get(), std::nullopt}, target.get(), began_, options()));
  EXPECT_EQ(test::read_file(target_ + "/pipe"), "a file now");
  EXPECT_FALSE(test::exists(target_ + "/b"));
}

TEST_F(TreeUpdateTest, WhatIsSkippedStaysAway) {
  first_pass(kSettled);
  test::write_file(source_ + "/skipped", "x");
  const UniqueFd source = test::open_folder(source_);
  const UniqueFd target = test::open_folder(target_);
  ASSERT_TRUE(update_tree({source.get(), std::nullopt}, target.get(), began_, options()));
  EXPECT_FALSE(test::exists(target_ + "/skipped"));
}

}  // namespace
}  // namespace repo

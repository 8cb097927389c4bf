// The first pass of a copy: exact, by descriptors.
#include "dumper/tree_copier.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/dumper/tree_copier_fixture.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

TEST_F(TreeCopierTest, FilesDirectoriesAndLinksAreCopiedWhateverTheirNames) {
  test::write_file(source_ + "/a/b/file", "content");
  test::write_file(source_ + "/empty", "");
  test::write_file(source_ + "/two\nlines", "n");
  test::write_file(source_ + "/\xff\xfe/\xc3", "no text");
  test::write_file(source_ + "/-rf", "dash");
  test::write_file(source_ + "/" + std::string(255, 'n'), "long");
  test::write_file(source_ + "/nul", std::string("a\0b", 3));
  test::make_folder(source_ + "/no entries");
  test::make_link(source_ + "/link", "a/b/file");
  test::make_link(source_ + "/broken", "/no/where");
  test::make_link(source_ + "/a/up", "..");
  const auto source = test::contents(source_);
  must_copy();
  EXPECT_EQ(test::contents(target_), source);
}

TEST_F(TreeCopierTest, AnEmptyTreeIsCopied) {
  EXPECT_TRUE(must_copy() == look_at_source());
  EXPECT_THAT(test::names_in(target_), testing::ElementsAre());
}

TEST_F(TreeCopierTest, AFileLargerThanTheBufferIsWhole) {
  std::string bytes;
  for (int i = 0; i < 500'000; ++i) bytes += std::to_string(i * 7);
  test::write_file(source_ + "/large", bytes);
  must_copy();
  EXPECT_TRUE(test::read_file(target_ + "/large") == bytes);
}

struct CopyModeCase : test::NamedCase {
  mode_t source;
  mode_t copy;
};

class CopyModeTest : public TreeCopierTest, public testing::WithParamInterface<CopyModeCase> {};

TEST_P(CopyModeTest, D21_OnlyTheOwnersXBitIsKept) {
  test::write_file(source_ + "/file", "x");
  test::set_mode(source_ + "/file", GetParam().source);
  must_copy();
  EXPECT_EQ(test::lstat_of(target_ + "/file").st_mode & 07777, GetParam().copy);
}

INSTANTIATE_TEST_SUITE_P(
    Modes, CopyModeTest,
    testing::Values(CopyModeCase{"plain", 0644, 0600}, CopyModeCase{"hook", 0755, 0700},
                    CopyModeCase{"unreadable", 0, 0600}, CopyModeCase{"x_for_others", 0011, 0600},
                    CopyModeCase{"setuid", 04755, 0700}, CopyModeCase{"setgid", 02644, 0600},
                    CopyModeCase{"sticky", 01644, 0600}),
    test::case_name);

TEST_F(TreeCopierTest, D21_DirectoriesArePrivateAndWithoutSpecialBits) {
  test::make_folder(source_ + "/d");
  test::set_mode(source_ + "/d", 03777);
  must_copy();
  EXPECT_EQ(test::lstat_of(target_ + "/d").st_mode & 07777, 0700U);
}

TEST_F(TreeCopierTest, D27_TheCopyIsNobodysButThisUsers) {
  REPO_NEEDS_ROOT();
  test::write_file(source_ + "/d/file", "x");
  test::write_file(source_ + "/d/hook", "x");
  test::set_mode(source_ + "/d/hook", 0755);
  test::must_run({"chown", "-R", "1234:1235", source_});
  must_copy();
  const struct {
    const char* path;
    mode_t mode;
  } expected[] = {{"/d", 0700}, {"/d/file", 0600}, {"/d/hook", 0700}};
  for (const auto& each : expected) {
    const struct stat st = test::lstat_of(target_ + each.path);
    EXPECT_EQ(st.st_mode & 07777, each.mode) << each.path;
    EXPECT_EQ(st.st_uid, 0U) << each.path;
    EXPECT_EQ(st.st_gid, 0U) << each.path;
  }
}

TEST_F(TreeCopierTest, TimesAreThoseOfTheSourceToTheNanosecond) {
  test::write_file(source_ + "/d/file", "x");
  test::make_link(source_ + "/d/link", "file");
  test::set_mtime(source_ + "/d/file", 1'000'000'000, 123'456'789);
  test::set_mtime(source_ + "/d/link", 1'000'000'001, 1);
  test::set_mtime(source_ + "/d", 1'000'000'002, 999'999'999);
  test::set_mtime(source_, -5, 7);
  must_copy();
  for (const char* each : {"", "/d", "/d/file", "/d/link"}) {
    const struct stat source = test::lstat_of(source_ + each);
    const struct stat copy = test::lstat_of(target_ + each);
    EXPECT_EQ(copy.st_mtim.tv_sec, source.st_mtim.tv_sec) << each;
    EXPECT_EQ(copy.st_mtim.tv_nsec, source.st_mtim.tv_nsec) << each;
  }
}

TEST_F(TreeCopierTest, ASparseFileStaysSparse) {
  const std::string path = source_ + "/sparse";
  constexpr off_t kSize = off_t{8} << 30;
  test::write_file(path, "begin");
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(pwrite(file.get(), "middle", 6, kSize / 2), 6);
  ASSERT_EQ(ftruncate(file.get(), kSize), 0) << std::strerror(errno);
  must_copy();
  const struct stat st = test::lstat_of(target_ + "/sparse");
  EXPECT_EQ(st.st_size, kSize);
  EXPECT_LT(st.st_blocks, 1024);
  const UniqueFd copy(open((target_ + "/sparse").c_str(), O_RDONLY | O_CLOEXEC));
  char bytes[8] = {};
  ASSERT_EQ(pread(copy.get(), bytes, 5, 0), 5);
  EXPECT_STREQ(bytes, "begin");
  ASSERT_EQ(pread(copy.get(), bytes, 8, kSize / 2), 8);
  EXPECT_EQ(std::memcmp(bytes, "middle\0\0", 8), 0);
}

TEST_F(TreeCopierTest, D20_FifosAndSocketsAreInTheLookAndNotInTheCopy) {
  test::make_fifo(source_ + "/fifo");
  test::make_socket(source_ + "/socket");
  test::write_file(source_ + "/file", "x");
  const TreeLook seen = must_copy();
  EXPECT_THAT(test::names_in(target_), testing::ElementsAre("file"));
  EXPECT_TRUE(seen == look_at_source());
  for (const std::string odd : {"fifo", "socket"}) {
    EXPECT_FALSE(seen == look_at_source([&](const std::string& path) { return path == odd; }));
  }
}

TEST_F(TreeCopierTest, D19_WhatALinkLeadsToIsNotCopied) {
  test::write_file(tree_ / "secret", "secret bytes");
  test::make_link(source_ + "/link", tree_ / "secret");
  must_copy();
  EXPECT_EQ(test::contents(target_).at("link"), "-> " + (tree_ / "secret"));
}

TEST_F(TreeCopierTest, TheSourceIsNotChanged) {
  test::write_file(source_ + "/d/file", "x");
  test::make_link(source_ + "/link", "d");
  const std::string before = test::snapshot(source_);
  must_copy();
  EXPECT_EQ(test::snapshot(source_), before);
}

TEST_F(TreeCopierTest, ASecondNameOfAFileIsAFileOfItsOwn) {
  test::write_file(source_ + "/one", "x");
  ASSERT_EQ(link((source_ + "/one").c_str(), (source_ + "/two").c_str()), 0);
  must_copy();
  EXPECT_EQ(test::lstat_of(target_ + "/one").st_nlink, 1U);
  EXPECT_EQ(test::read_file(target_ + "/two"), "x");
}

TEST_F(TreeCopierTest, WhatIsSkippedIsNeitherInTheLookNorInTheCopy) {
  test::write_file(source_ + "/d/lock", "x");
  test::write_file(source_ + "/d/keep", "x");
  test::write_file(source_ + "/gone/in", "x");
  CopyOptions options = plain();
  options.skip = [](const std::string& path) { return path == "d/lock" || path == "gone"; };
  const TreeLook seen = must_copy(options);
  EXPECT_EQ(test::contents(target_),
            (std::map<std::string, std::string>{{"", "dir"}, {"d", "dir"}, {"d/keep", "x"}}));
  EXPECT_TRUE(seen == look_at_source(options.skip));
  EXPECT_FALSE(seen == look_at_source());
}

TEST_F(TreeCopierTest, TheLookSaysWhatTheSourceWas) {
  test::write_file(source_ + "/d/file", "12345");
  test::set_mode(source_ + "/d/file", 04711);
  const TreeLook seen = must_copy();
  const struct stat st = test::lstat_of(source_ + "/d/file");
  EXPECT_TRUE(seen == look_at_source());
  EXPECT_EQ(seen.apparent, 5U);
  blkcnt_t blocks = 0;
  for (const char* each : {"", "/d", "/d/file"}) blocks += test::lstat_of(source_ + each).st_blocks;
  EXPECT_EQ(seen.on_disk, static_cast<std::uint64_t>(blocks) * 512);
  EXPECT_EQ(seen.newest.tv_sec, st.st_ctim.tv_sec);
  EXPECT_EQ(seen.newest.tv_nsec, st.st_ctim.tv_nsec);
  test::set_mode(source_ + "/d/file", 0711);
  EXPECT_FALSE(seen == look_at_source());
}

TEST_F(TreeCopierTest, WithAnIdentityOnlyWhatThatUserMayReadIsRead) {
  REPO_NEEDS_ROOT();
  test::set_mode(tree_.path(), 0755);
  test::set_mode(source_, 0755);
  test::write_file(source_ + "/file", "for all");
  test::set_mode(source_ + "/file", 0644);
  as_ = Identity{1234, 1234, {}};
  must_copy();
  EXPECT_EQ(test::read_file(target_ + "/file"), "for all");
}

TEST_F(TreeCopierTest, D19_AFileThatTheIdentityMayNotReadIsNamed) {
  REPO_NEEDS_ROOT();
  for (const std::string& each : {tree_.path(), source_}) test::set_mode(each, 0755);
  test::write_file(source_ + "/d/private", "root's");
  test::set_mode(source_ + "/d", 0755);
  test::set_mode(source_ + "/d/private", 0600);
  as_ = Identity{1234, 1234, {}};
  const Result<TreeLook> refused = copy(plain());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EACCES);
  EXPECT_EQ(refused.error().path, "d/private");
}

TEST_F(TreeCopierTest, AfterTheDeadlineItIsAnError) {
  test::write_file(source_ + "/file", "x");
  const Result<TreeLook> late = copy(plain(test::no_time()));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ETIMEDOUT);
}

TEST_F(TreeCopierTest, D5_AFullTargetIsAnErrorThatNamesTheFile) {
  REPO_NEEDS_ROOT();
  test::write_file(source_ + "/d/large", std::string(300'000, 'x'));
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(target_, "size=64k");
    const Result<TreeLook> full = copy(plain());
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ENOSPC);
    EXPECT_EQ(full.error().path, "d/large");
  });
}

TEST_F(TreeCopierTest, D6_WithoutFreeInodesItIsAnErrorThatNamesTheFile) {
  REPO_NEEDS_ROOT();
  for (const char* name : {"/a", "/b", "/c", "/d"}) test::write_file(source_ + name, "x");
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(target_, "nr_inodes=3");
    const Result<TreeLook> full = copy(plain());
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ENOSPC);
    EXPECT_NE(full.error().path, "");
  });
}

TEST_F(TreeCopierTest, WhatIsThereAlreadyStaysWhereThatIsAskedFor) {
  test::write_file(source_ + "/d/a", "new");
  test::write_file(source_ + "/d/b", "new");
  test::write_file(target_ + "/d/a", "there before");
  CopyOptions options = plain();
  options.keep_existing = true;
  must_copy(options);
  EXPECT_EQ(test::read_file(target_ + "/d/a"), "there before");
  EXPECT_EQ(test::read_file(target_ + "/d/b"), "new");
}

TEST_F(TreeCopierTest, OtherwiseAFileThatIsThereIsAnError) {
  test::write_file(source_ + "/a", "new");
  test::write_file(target_ + "/a", "there before");
  const Result<TreeLook> refused = copy(plain());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EEXIST);
  EXPECT_EQ(test::read_file(target_ + "/a"), "there before");
}

}  // namespace
}  // namespace repo

#include "base/file_io.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/stop_signal.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

mode_t mode_of(const std::string& path) {
  struct stat st = {};
  EXPECT_EQ(stat(path.c_str(), &st), 0) << path;
  return st.st_mode & 07777;
}

class OpenBeneathTest : public testing::Test {
 protected:
  OpenBeneathTest() : root_(open(tree_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    test::write_file(tree_ / "in/file", "content");
    test::write_file(tree_ / "secret", "outside");
    std::filesystem::create_symlink("file", tree_ / "in/link");
    std::filesystem::create_symlink("in", tree_ / "dirlink");
    std::filesystem::create_symlink(tree_ / "secret", tree_ / "in/absolute");
    std::filesystem::create_symlink("loop", tree_ / "in/loop");
  }

  // errno, or 0 where it opens.
  int try_open(const std::string& path, int flags = O_RDONLY) const {
    const Result<UniqueFd> fd = open_beneath(root_.get(), path, flags);
    return fd ? 0 : fd.error().code;
  }

  test::TempDir tree_;
  UniqueFd root_;
};

TEST_F(OpenBeneathTest, FilesAndDirectoriesBelowAreOpened) {
  EXPECT_EQ(try_open("in/file"), 0);
  EXPECT_EQ(try_open("in", O_RDONLY | O_DIRECTORY), 0);
  EXPECT_EQ(try_open("in/../in/file"), 0) << "\"..\" that stays below";
}

TEST_F(OpenBeneathTest, APlaceCanBeOpenedWithoutItsContent) {
  EXPECT_EQ(try_open("in", O_PATH | O_DIRECTORY), 0);
  EXPECT_EQ(try_open("in/file", O_PATH), 0);
  EXPECT_EQ(try_open("dirlink/file", O_PATH), ELOOP);
}

TEST_F(OpenBeneathTest, S5_ALinkInAnyComponentIsRefused) {
  EXPECT_EQ(try_open("in/link"), ELOOP);
  EXPECT_EQ(try_open("dirlink/file"), ELOOP);
  EXPECT_EQ(try_open("dirlink", O_RDONLY | O_DIRECTORY), ELOOP);
  EXPECT_EQ(try_open("in/absolute"), ELOOP);
  EXPECT_EQ(try_open("in/loop"), ELOOP);
}

TEST_F(OpenBeneathTest, WhatLeavesTheDirectoryIsRefused) {
  const Result<UniqueFd> in = open_beneath(root_.get(), "in", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(in);
  for (const char* path : {"..", "../secret", "x/../../secret", "/etc/hostname"}) {
    EXPECT_FALSE(open_beneath(in->get(), path, O_RDONLY)) << path;
  }
}

TEST_F(OpenBeneathTest, TheErrorCarriesThePathAndErrno) {
  const Result<UniqueFd> fd = open_beneath(root_.get(), "in/none", O_RDONLY);
  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code, ENOENT);
  EXPECT_EQ(fd.error().path, "in/none");
}

TEST_F(OpenBeneathTest, S24_AFifoDoesNotBlock) {
  ASSERT_EQ(mkfifo((tree_ / "in/fifo").c_str(), 0600), 0);
  EXPECT_EQ(try_open("in/fifo"), 0);  // without O_NONBLOCK this would wait for a writer
}

TEST_F(OpenBeneathTest, TheDescriptorIsClosedOnExec) {
  const Result<UniqueFd> fd = open_beneath(root_.get(), "in/file", O_RDONLY);
  ASSERT_TRUE(fd);
  EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
}

class ReadSmallFileTest : public OpenBeneathTest {
 protected:
  int try_read(const std::string& path, std::size_t limit = 100) const {
    const Result<std::string> content = read_small_file(root_.get(), path, limit);
    return content ? 0 : content.error().code;
  }
};

TEST_F(ReadSmallFileTest, GivesTheBytes) {
  test::write_file(tree_ / "bytes", std::string("a\0\xFF\n", 4));
  const Result<std::string> content = read_small_file(root_.get(), "bytes", 4);
  ASSERT_TRUE(content) << "a file of exactly the limit is read";
  EXPECT_EQ(*content, std::string("a\0\xFF\n", 4));
}

TEST_F(ReadSmallFileTest, AnEmptyFileIsEmpty) {
  test::write_file(tree_ / "empty", "");
  const Result<std::string> content = read_small_file(root_.get(), "empty", 0);
  ASSERT_TRUE(content);
  EXPECT_EQ(*content, "");
}

TEST_F(ReadSmallFileTest, OneByteAboveTheLimitIsTooLarge) {
  EXPECT_EQ(try_read("in/file", 6), EFBIG);
  EXPECT_EQ(try_read("in/file", 7), 0);
}

TEST_F(ReadSmallFileTest, S24_WhatIsNoRegularFileIsNotRead) {
  ASSERT_EQ(mkfifo((tree_ / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(try_read("fifo"), EINVAL);
  EXPECT_EQ(try_read("in"), EINVAL);
  EXPECT_EQ(try_read("in/link"), ELOOP);
  const UniqueFd dev(open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_EQ(read_small_file(dev.get(), "zero", 100).error().code, EINVAL);
}

TEST_F(ReadSmallFileTest, TheErrorCarriesThePath) {
  EXPECT_EQ(read_small_file(root_.get(), "in/file", 1).error().path, "in/file");
}

class CreateFileTest : public OpenBeneathTest {};

TEST_F(CreateFileTest, TheFileIsForItsOwnerAloneWhateverTheUmask) {
  const mode_t before = umask(0);
  EXPECT_TRUE(create_file(root_.get(), "new", "bytes"));
  umask(before);
  EXPECT_EQ(test::read_file(tree_ / "new"), "bytes");
  EXPECT_EQ(mode_of(tree_ / "new"), 0600U);
}

TEST_F(CreateFileTest, WhatExistsIsLeftAlone) {
  std::filesystem::create_symlink("nowhere", tree_ / "dangling");
  EXPECT_EQ(create_file(root_.get(), "secret", "x").error().code, EEXIST);
  EXPECT_EQ(create_file(root_.get(), "dangling", "x").error().code, EEXIST);
  EXPECT_EQ(test::read_file(tree_ / "secret"), "outside");
  EXPECT_FALSE(std::filesystem::exists(tree_ / "nowhere"));
}

class ReplaceFileTest : public testing::Test {
 protected:
  test::TempDir tree_;
};

TEST_F(ReplaceFileTest, MakesAFileAndReplacesIt) {
  const std::string path = tree_ / "file";
  EXPECT_TRUE(replace_file(path, "old"));
  EXPECT_EQ(test::read_file(path), "old");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_TRUE(replace_file(path, "new"));
  EXPECT_EQ(test::read_file(path), "new");
  EXPECT_THAT(names_in(tree_.path()), ElementsAre("file"));
}

TEST_F(ReplaceFileTest, WhoHasTheOldFileOpenGoesOnReadingTheOldOne) {
  const std::string path = tree_ / "file";
  test::write_file(path, "old");
  const UniqueFd reader(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(replace_file(path, "new and longer"));
  EXPECT_EQ(*read_to_end(reader.get(), 100), "old");
}

TEST_F(ReplaceFileTest, AFileInAnOpenDirectoryIsReplacedTheSameWay) {
  const UniqueFd directory(open(tree_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  EXPECT_TRUE(replace_file_at(directory.get(), "file", "old"));
  EXPECT_TRUE(replace_file_at(directory.get(), "file", "new"));
  EXPECT_EQ(test::read_file(tree_ / "file"), "new");
  EXPECT_EQ(mode_of(tree_ / "file"), 0600U);
  EXPECT_THAT(names_in(tree_.path()), ElementsAre("file"));
}

TEST_F(ReplaceFileTest, WritersAtOnceLeaveOneOfTheirFilesWhole) {
  const std::string path = tree_ / "file";
  std::vector<std::jthread> writers;
  for (char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&path, letter] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(replace_file(path, std::string(5000, letter)));
    });
  }
  writers.clear();
  const std::string content = test::read_file(path);
  ASSERT_EQ(content.size(), 5000U);
  EXPECT_EQ(content, std::string(5000, content[0]));
  EXPECT_THAT(names_in(tree_.path()), ElementsAre("file"));
}

TEST_F(ReplaceFileTest, S10_ANameOf255BytesWorks) {
  const std::string path = tree_ / std::string(255, 'n');
  EXPECT_TRUE(replace_file(path, "old"));
  EXPECT_TRUE(replace_file(path, "new"));
  EXPECT_EQ(test::read_file(path), "new");
}

TEST_F(ReplaceFileTest, APathWithoutSlashIsInTheWorkingDirectory) {
  test::in_child([this] {
    ASSERT_EQ(chdir(tree_.path().c_str()), 0);
    EXPECT_TRUE(replace_file("-rf", "bytes"));
  });
  EXPECT_EQ(test::read_file(tree_ / "-rf"), "bytes");
}

TEST_F(ReplaceFileTest, AMissingDirectoryOrADirectoryInItsPlaceIsAnError) {
  std::filesystem::create_directory(tree_ / "directory");
  EXPECT_EQ(replace_file(tree_ / "none/file", "x").error().code, ENOENT);
  EXPECT_EQ(replace_file(tree_ / "directory", "x").error().code, EISDIR);
  EXPECT_THAT(names_in(tree_.path()), ElementsAre("directory"));
}

TEST_F(ReplaceFileTest, S20_AFullDeviceIsAnError) {
  const Status written = replace_file("/dev/full", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ENOSPC);
  EXPECT_EQ(written.error().path, "/dev/full");
}

TEST_F(ReplaceFileTest, AFifoIsWrittenTo) {
  const std::string path = tree_ / "fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_TRUE(replace_file(path, "bytes"));
  EXPECT_EQ(*read_to_end(reader.get(), 100), "bytes");
  EXPECT_THAT(names_in(tree_.path()), ElementsAre("fifo"));
}

TEST_F(ReplaceFileTest, S20_TheOldFileStaysWhereTheDirectoryIsNotWritable) {
  REPO_NEEDS_ROOT();
  const std::string path = tree_ / "sub/file";
  test::write_file(path, "old");
  std::filesystem::permissions(tree_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(path, std::filesystem::perms(0666));
  test::in_child([&] {
    test::become_user(65534);
    const Status written = replace_file(path, "new");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, EACCES);
  });
  EXPECT_EQ(test::read_file(path), "old");
  EXPECT_THAT(names_in(tree_ / "sub"), ElementsAre("file"));
}

struct FullCase : test::NamedCase {
  std::string mount_options;
};

class FullDiskTest : public testing::TestWithParam<FullCase> {};

TEST_P(FullDiskTest, S20_TheOldFileStaysAndNoTemporaryIsLeft) {
  REPO_NEEDS_ROOT();
  const test::TempDir disk;
  test::in_child([&] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(disk.path(), GetParam().mount_options);
    ASSERT_TRUE(replace_file(disk / "file", "old"));
    const Status written = replace_file(disk / "file", std::string(1 << 20, 'x'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ENOSPC);
    EXPECT_EQ(test::read_file(disk / "file"), "old");
    EXPECT_THAT(names_in(disk.path()), ElementsAre("file"));
  });
}

INSTANTIATE_TEST_SUITE_P(Disks, FullDiskTest,
                         testing::Values(FullCase{"no_blocks_left", "size=64k"},
                                         FullCase{"no_inodes_left", "size=4m,nr_inodes=2"}),
                         test::case_name);

TEST(CheckReplaceableTest, TellsBeforeWhatCannotBeWritten) {
  const test::TempDir directory;
  test::write_file(directory / "file", "old");
  EXPECT_TRUE(check_replaceable(directory / "file"));
  EXPECT_TRUE(check_replaceable(directory / "new"));
  EXPECT_TRUE(check_replaceable("/dev/null"));
  const auto code = [](const std::string& path) {
    const Status checked = check_replaceable(path);
    return checked ? 0 : checked.error().code;
  };
  EXPECT_EQ(code(directory.path()), EISDIR);
  EXPECT_EQ(code(directory / "none/new"), ENOENT);
  EXPECT_EQ(code(directory / "file/new"), ENOTDIR);
  EXPECT_EQ(test::read_file(directory / "file"), "old");
}

}  // namespace
}  // namespace repo

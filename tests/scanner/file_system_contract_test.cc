// What every FileSystem must do: the real one on a tree on disk, and the fake one, so that what
// the walker does on it is what it does on the other.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "scanner/fs.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

const std::string kOddName = "odd\n\x1b\xFF";

// The same tree in either.
class Tree {
 public:
  virtual ~Tree() = default;
  virtual const FileSystem& file_system() const = 0;
  virtual std::string root() const = 0;
};

class RealTree final : public Tree {
 public:
  RealTree() {
    namespace fs = std::filesystem;
    fs::create_directories(directory_ / "a/b");
    test::write_file(directory_ / "a/b/file", "content");
    test::write_file(directory_ / "empty", "");
    test::write_file(directory_ / kOddName, "odd");
    fs::create_symlink("a/b/file", directory_ / "link");
    fs::create_symlink("a", directory_ / "dirlink");
    fs::create_symlink("b", directory_ / "a/blink");
    fs::create_symlink("dangling", directory_ / "a/nowhere");
    EXPECT_EQ(mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  }
  const FileSystem& file_system() const override { return real_file_system(); }
  std::string root() const override { return directory_.path(); }

 private:
  test::TempDir directory_;
};

class FakeTree final : public Tree {
 public:
  FakeTree() {
    fake_.count_links();
    fake_.add_file("/t/a/b/file", "content");
    fake_.add_file("/t/empty", "");
    fake_.add_file("/t/" + kOddName, "odd");
    fake_.add_link("/t/link", "a/b/file");
    fake_.add_link("/t/dirlink", "a");
    fake_.add_link("/t/a/blink", "b");
    fake_.add_link("/t/a/nowhere", "dangling");
    fake_.add_fifo("/t/fifo");
    fake_.set_uid("/t/a", geteuid());
  }
  const FileSystem& file_system() const override { return fake_; }
  std::string root() const override { return "/t"; }

 private:
  test::FakeFileSystem fake_;
};

struct TreeCase : test::NamedCase {
  std::unique_ptr<Tree> (*make)();
};

class Names final : public EntrySink {
 public:
  void on_entry(std::string_view name, EntryType type) override {
    EXPECT_EQ(name.data()[name.size()], '\0') << "the name must end with a NUL";
    EXPECT_TRUE(seen.emplace(name, type).second) << "twice: " << name;
  }
  std::map<std::string, EntryType> seen;
};

class FileSystemContract : public testing::TestWithParam<TreeCase> {
 protected:
  void SetUp() override {
    tree_ = GetParam().make();
    Result<std::unique_ptr<Directory>> root = tree_->file_system().open_root(tree_->root());
    ASSERT_TRUE(root);
    root_ = *std::move(root);
  }

  template <typename T>
  static int code(const Result<T>& result) {
    return result ? 0 : result.error().code;
  }
  static std::string value(const Result<std::string>& result) {
    return result ? *result : "error: " + describe(result.error());
  }
  int open_directory(const std::string& path) const {
    return code(root_->open_directory(path, false));
  }
  EntryType type_of(const std::string& path) const {
    const Result<Metadata> metadata = root_->stat_entry(path);
    EXPECT_TRUE(metadata) << path;
    return metadata ? metadata->type : EntryType::kUnknown;
  }

  std::unique_ptr<Tree> tree_;
  std::unique_ptr<Directory> root_;
};

TEST_P(FileSystemContract, S10_EveryEntryIsListedOnceWithItsType) {
  Names names;
  ASSERT_TRUE(root_->list(names));
  EXPECT_THAT(
      names.seen,
      UnorderedElementsAre(Pair("a", EntryType::kDirectory), Pair("empty", EntryType::kFile),
                           Pair(kOddName, EntryType::kFile), Pair("link", EntryType::kSymlink),
                           Pair("dirlink", EntryType::kSymlink), Pair("fifo", EntryType::kOther)));
}

TEST_P(FileSystemContract, ADirectoryCanBeListedTwice) {
  Names first;
  Names second;
  ASSERT_TRUE(root_->list(first));
  ASSERT_TRUE(root_->list(second));
  EXPECT_EQ(first.seen, second.seen);
}

TEST_P(FileSystemContract, ADirectoryBelowIsOpenedByANameOrSeveral) {
  const Result<std::unique_ptr<Directory>> a = root_->open_directory("a", false);
  ASSERT_TRUE(a);
  EXPECT_EQ(code((*a)->open_directory("b", false)), 0);
  const Result<std::unique_ptr<Directory>> b = root_->open_directory("a/b", false);
  ASSERT_TRUE(b);
  Names names;
  ASSERT_TRUE((*b)->list(names));
  EXPECT_THAT(names.seen, UnorderedElementsAre(Pair("file", EntryType::kFile)));
}

TEST_P(FileSystemContract, S5_NoLinkIsFollowedToADirectory) {
  EXPECT_THAT(open_directory("dirlink"), testing::AnyOf(ELOOP, ENOTDIR));
  EXPECT_EQ(open_directory("dirlink/b"), ELOOP);
  EXPECT_EQ(open_directory("a/blink/x"), ELOOP);
}

TEST_P(FileSystemContract, WhatIsNoDirectoryIsNotOpenedAsOne) {
  EXPECT_EQ(open_directory("empty"), ENOTDIR);
  EXPECT_EQ(open_directory("fifo"), ENOTDIR);
  EXPECT_EQ(open_directory("empty/x"), ENOTDIR);
  EXPECT_EQ(open_directory("none"), ENOENT);
  EXPECT_EQ(open_directory("none/x"), ENOENT);
}

TEST_P(FileSystemContract, S24_OnlyARegularFileIsOpenedAsAFile) {
  EXPECT_EQ(code(root_->open_file("a/b/file")), 0);
  EXPECT_EQ(code(root_->open_file("fifo")), EINVAL);
  EXPECT_EQ(code(root_->open_file("a")), EINVAL);
  EXPECT_EQ(code(root_->open_file("none")), ENOENT);
  EXPECT_EQ(code(root_->open_file("empty/x")), ENOTDIR);
}

TEST_P(FileSystemContract, S5_NoLinkIsFollowedToAFile) {
  EXPECT_EQ(code(root_->open_file("link")), ELOOP);
  EXPECT_EQ(code(root_->open_file("dirlink/b/file")), ELOOP);
  EXPECT_EQ(code(root_->open_file("a/blink/file")), ELOOP);
}

TEST_P(FileSystemContract, AFileIsReadAtAnyOffsetAndEndsWhereItEnds) {
  const Result<std::unique_ptr<File>> file = root_->open_file("a/b/file");
  ASSERT_TRUE(file);
  EXPECT_EQ((*file)->size(), 7U);
  std::array<char, 5> buffer{};
  EXPECT_EQ(*(*file)->read_at(0, buffer), 5U);
  EXPECT_EQ(std::string(buffer.data(), 5), "conte");
  EXPECT_EQ(*(*file)->read_at(5, buffer), 2U);
  EXPECT_EQ(std::string(buffer.data(), 2), "nt");
  EXPECT_EQ(*(*file)->read_at(7, buffer), 0U);
  EXPECT_EQ(*(*file)->read_at(700, buffer), 0U);
}

TEST_P(FileSystemContract, AFileIsReadWholeUpToALimit) {
  EXPECT_EQ(value(root_->read_file("a/b/file", 7)), "content");
  EXPECT_EQ(value(root_->read_file("empty", 0)), "");
  EXPECT_EQ(value(root_->read_file(kOddName, 100)), "odd");
  EXPECT_EQ(code(root_->read_file("a/b/file", 6)), EFBIG);
  EXPECT_EQ(code(root_->read_file("fifo", 100)), EINVAL);
}

TEST_P(FileSystemContract, StatOfAnEntrySaysWhatItIsItself) {
  EXPECT_EQ(type_of("a"), EntryType::kDirectory);
  EXPECT_EQ(type_of("a/b/file"), EntryType::kFile);
  EXPECT_EQ(type_of("link"), EntryType::kSymlink);
  EXPECT_EQ(type_of("a/nowhere"), EntryType::kSymlink);
  EXPECT_EQ(type_of("fifo"), EntryType::kOther);
  const Result<Metadata> file = root_->stat_entry("a/b/file");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->size, 7U);
}

TEST_P(FileSystemContract, S5_StatGoesThroughNoLink) {
  EXPECT_EQ(code(root_->stat_entry("dirlink/b")), ELOOP);
  EXPECT_EQ(code(root_->stat_entry("a/blink/file")), ELOOP);
  EXPECT_EQ(code(root_->stat_entry("none")), ENOENT);
  EXPECT_EQ(code(root_->stat_entry("empty/x")), ENOTDIR);
}

TEST_P(FileSystemContract, ALinkSaysWhereItPoints) {
  EXPECT_EQ(value(root_->read_link("link")), "a/b/file");
  EXPECT_EQ(value(root_->read_link("a/nowhere")), "dangling");
  EXPECT_EQ(code(root_->read_link("a")), EINVAL);
  EXPECT_EQ(code(root_->read_link("none")), ENOENT);
}

TEST_P(FileSystemContract, S5_ALinkBehindALinkIsNotRead) {
  EXPECT_EQ(code(root_->read_link("dirlink/nowhere")), ELOOP);
}

TEST_P(FileSystemContract, WhatHasASubdirectoryOrIsNoDirectoryIsNoLeaf) {
  for (const char* name : {"a", "empty", "link", "dirlink", "fifo", "missing"}) {
    EXPECT_FALSE(root_->is_leaf(name)) << name;
  }
}

TEST_P(FileSystemContract, ADirectoryKnowsItself) {
  const Result<Metadata> seen = root_->stat_entry("a");
  const Result<std::unique_ptr<Directory>> a = root_->open_directory("a", false);
  ASSERT_TRUE(seen);
  ASSERT_TRUE(a);
  const Result<Metadata> own = (*a)->metadata();
  ASSERT_TRUE(own);
  EXPECT_EQ(own->type, EntryType::kDirectory);
  EXPECT_EQ(own->inode, seen->inode);
  EXPECT_EQ(own->device, seen->device);
  EXPECT_EQ(own->uid, geteuid());
  EXPECT_NE(own->inode, root_->metadata()->inode);
}

TEST_P(FileSystemContract, AMissingRootIsAnError) {
  EXPECT_EQ(code(tree_->file_system().open_root(tree_->root() + "/none")), ENOENT);
  EXPECT_EQ(code(tree_->file_system().open_root(tree_->root() + "/empty")), ENOTDIR);
}

TEST_P(FileSystemContract, SeveralThreadsOpenBelowOneDirectory) {
  std::vector<std::jthread> threads;
  std::atomic<int> opened{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 200; ++round) {
        if (root_->open_directory("a/b", false)) ++opened;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(opened, 800);
}

INSTANTIATE_TEST_SUITE_P(
    FileSystems, FileSystemContract,
    testing::Values(
        TreeCase{"real", []() -> std::unique_ptr<Tree> { return std::make_unique<RealTree>(); }},
        TreeCase{"fake", []() -> std::unique_ptr<Tree> { return std::make_unique<FakeTree>(); }}),
    test::case_name);

TEST(BorrowDirectoryTest, ReadsThroughTheDescriptorAndLeavesItOpen) {
  const RealTree tree;
  const UniqueFd fd(open(tree.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Result<std::string> content = borrow_directory(fd.get())->read_file("a/b/file", 100);
  ASSERT_TRUE(content);
  EXPECT_EQ(*content, "content");
  EXPECT_GE(fcntl(fd.get(), F_GETFD), 0);
}

}  // namespace
}  // namespace repo

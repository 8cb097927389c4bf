// The first pass of a copy: exact, by descriptors.
#include "dumper/tree_copier.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

class TreeCopierTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(target_);
  }
  Result<TreeLook> copy(const CopyOptions& options) const {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd target = test::open_folder(target_);
    return copy_tree({source.get(), as_}, target.get(), options);
  }
  TreeLook must_copy(const CopyOptions& options) const {
    Result<TreeLook> seen = copy(options);
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? *std::move(seen) : TreeLook();
  }
  TreeLook must_copy() const { return must_copy(plain()); }
  static CopyOptions plain(const Patience& patience = test::patient()) {
    CopyOptions options;
    options.patience = patience;
    return options;
  }
  TreeLook look_at_source(const Skip& skip = {}) const {
    const UniqueFd source = test::open_folder(source_);
    Result<TreeLook> seen = look_at_tree({source.get(), std::nullopt}, skip, test::patient());
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? *std::move(seen) : TreeLook();
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string target_ = tree_ / "target";
  std::optional<Identity> as_;
};

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

// A copy that shares "shared/…" with the one before.
class SharingTest : public TreeCopierTest {
 protected:
  void SetUp() override {
    TreeCopierTest::SetUp();
    for (const char* path : {"/shared/a", "/shared/d/b", "/other"}) {
      test::write_file(source_ + path, "content of " + std::string(path));
      test::set_mtime(source_ + path, 1'000'000'000, 7);
    }
    test::must_run({"cp", "-a", source_, previous_});
  }
  CopyOptions sharing() {
    previous_fd_ = test::open_folder(previous_);
    CopyOptions options = plain();
    options.shared = {previous_fd_.get(), [this](const std::string& path) {
                        asked_.push_back(path);
                        return path.starts_with("shared/");
                      }};
    return options;
  }
  bool is_shared(const std::string& path) const {
    const struct stat copy = test::lstat_of(target_ + "/" + path);
    const struct stat before = test::lstat_of(previous_ + "/" + path);
    // A reflink is a file of its own, with blocks that are not.
    return copy.st_ino == before.st_ino;
  }
  bool links_are_made() const {
    const UniqueFd from = test::open_folder(previous_);
    test::write_file(tree_ / "clone", "");
    return test::run({"cp", "--reflink=always", previous_ + "/other", tree_ / "clone"}).status != 0;
  }

  const std::string previous_ = tree_ / "previous";
  UniqueFd previous_fd_;
  std::vector<std::string> asked_;
};

TEST_F(SharingTest, WhatNeverChangesIsThePreviousCopysAndTheRestIsCopied) {
  const std::string before = test::snapshot(previous_ + "/other");
  const TreeLook seen = must_copy(sharing());
  EXPECT_EQ(test::contents(target_), test::contents(source_));
  if (links_are_made()) {
    EXPECT_TRUE(is_shared("shared/a"));
    EXPECT_TRUE(is_shared("shared/d/b"));
  }
  EXPECT_FALSE(is_shared("other"));
  EXPECT_EQ(test::snapshot(previous_ + "/other"), before);
  EXPECT_THAT(asked_, testing::ElementsAre("other", "shared/a", "shared/d/b"));
  EXPECT_TRUE(seen == look_at_source()) << "the look is the one at the source";
  for (const char* each : {"/shared/a", "/shared/d/b"}) {
    EXPECT_EQ(test::lstat_of(target_ + each).st_mtim.tv_nsec, 7) << each;
  }
}

struct ChangedCase : test::NamedCase {
  std::function<void(const std::string& source, const std::string& previous)> deed;
};

class NotSharedTest : public SharingTest, public testing::WithParamInterface<ChangedCase> {};

TEST_P(NotSharedTest, WhatIsNotTheSameFileIsCopied) {
  GetParam().deed(source_ + "/shared/a", previous_ + "/shared/a");
  must_copy(sharing());
  EXPECT_EQ(test::contents(target_), test::contents(source_));
  EXPECT_EQ(test::lstat_of(target_ + "/shared/a").st_nlink, 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, NotSharedTest,
    testing::Values(
        ChangedCase{"another_size",
                    [](const auto& source, const auto&) {
                      test::write_file(source, "longer than it was before");
                      test::set_mtime(source, 1'000'000'000, 7);
                    }},
        ChangedCase{"another_time", [](const auto& source,
                                       const auto&) { test::set_mtime(source, 1'000'000'000, 8); }},
        ChangedCase{"an_older_time", [](const auto& source,
                                        const auto&) { test::set_mtime(source, 999'999'999, 7); }},
        ChangedCase{"gone", [](const auto&, const auto& previous) { unlink(previous.c_str()); }},
        ChangedCase{"a_link_there",
                    [](const auto& source, const auto& previous) {
                      unlink(previous.c_str());
                      test::make_link(previous, source);
                    }},
        ChangedCase{"a_fifo_there",
                    [](const auto&, const auto& previous) {
                      unlink(previous.c_str());
                      test::make_fifo(previous);
                    }}),
    test::case_name);

TEST_F(SharingTest, D19_AFileOfSomebodyElseInThePreviousCopyIsNotShared) {
  REPO_NEEDS_ROOT();
  test::give_to(previous_ + "/shared/a", 1234);
  must_copy(sharing());
  EXPECT_EQ(test::lstat_of(target_ + "/shared/a").st_uid, 0U);
  EXPECT_EQ(test::lstat_of(target_ + "/shared/a").st_nlink, 1U);
}

TEST_F(SharingTest, D19_AFolderOfThePreviousCopyThatIsALinkIsNotFollowed) {
  test::must_run({"mv", previous_ + "/shared", tree_ / "away"});
  test::make_link(previous_ + "/shared", tree_ / "away");
  must_copy(sharing());
  EXPECT_EQ(test::lstat_of(tree_ / "away/a").st_nlink, 1U);
}

TEST_F(SharingTest, ALinkInPlaceOfAFileAtTheSourceIsALink) {
  unlink((source_ + "/shared/a").c_str());
  test::make_link(source_ + "/shared/a", "b");
  must_copy(sharing());
  EXPECT_EQ(test::contents(target_).at("shared/a"), "-> b");
}

TEST_F(SharingTest, BelowAFolderThePathsAreThoseOfTheWhole) {
  const Shared above = sharing().shared;
  const SharedBelow below(above, "shared/d");
  EXPECT_TRUE(below.get().immutable("b"));
  EXPECT_EQ(asked_.back(), "shared/d/b");
  CopyOptions options = plain();
  options.shared = below.get();
  const UniqueFd source = test::open_folder(source_ + "/shared/d");
  const UniqueFd target = test::open_folder(target_);
  ASSERT_TRUE(copy_tree({source.get(), std::nullopt}, target.get(), options));
  if (links_are_made()) {
    EXPECT_EQ(test::lstat_of(target_ + "/b").st_ino,
              test::lstat_of(previous_ + "/shared/d/b").st_ino);
  }
}

TEST_F(SharingTest, WhereThePreviousCopyHasNoSuchFolderNothingIsShared) {
  for (const char* folder : {"none", "other", "shared/a/b"}) {
    EXPECT_LT(SharedBelow(sharing().shared, folder).get().previous, 0) << folder;
  }
  EXPECT_LT(SharedBelow(Shared(), "shared").get().previous, 0);
  test::make_link(previous_ + "/link", "shared");
  EXPECT_LT(SharedBelow(sharing().shared, "link").get().previous, 0);
}

// --- A copy of the same tree that belongs to another item ---

class TwinTest : public SharingTest {
 protected:
  void copy_beside_twin() {
    twin_ = test::open_folder(previous_);
    CopyOptions options = plain();
    options.twin = twin();
    must_copy(options);
    EXPECT_EQ(test::contents(target_), test::contents(source_));
  }
  Twin twin() {
    return {twin_.get(), [](const std::string& path) { return path != "shared/a"; }, &used_};
  }
  UniqueFd twin_;
  bool used_ = false;
};

TEST_F(TwinTest, WhatIsEqualThereIsSharedWithIt) {
  test::write_file(source_ + "/large", std::string(300'000, 'x'));
  test::must_run({"cp", "-a", source_ + "/large", previous_});
  test::write_file(source_ + "/own", "own");
  copy_beside_twin();
  EXPECT_TRUE(used_);
  for (const char* each : {"other", "shared/d/b", "large"}) {
    EXPECT_TRUE(is_shared(each) || !links_are_made()) << each;
  }
  EXPECT_FALSE(is_shared("shared/a")) << "it may change";
}

TEST_F(TwinTest, D19_WhatIsNotEqualThereIsCopied) {
  const auto change = [this](const char* path, const std::string& content) {
    const struct stat st = test::lstat_of(source_ + path);
    test::write_file(previous_ + path, content);
    test::set_mtime(previous_ + path, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  };
  const std::string large(300'000, 'x');
  test::write_file(source_ + "/large", large);
  change("/large", large.substr(1) + "y");
  change("/shared/a", "CONTENT of /shared/a");
  change("/shared/d/b", "content");
  test::set_mtime(previous_ + "/other", 5, 5);
  copy_beside_twin();
  EXPECT_FALSE(used_);
  EXPECT_EQ(test::lstat_of(previous_ + "/large").st_nlink, 1U);
}

TEST_F(TwinTest, D19_WhatTheReaderMayNotReadIsNotTakenFromThere) {
  REPO_NEEDS_ROOT();
  test::set_mode(source_ + "/other", 0600);
  test::set_mode(tree_.path(), 0755);
  as_ = identity_of(1234);
  twin_ = test::open_folder(previous_);
  CopyOptions options = plain();
  options.twin = twin();
  const Result<TreeLook> copied = copy(options);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, EACCES);
  EXPECT_FALSE(test::exists(target_ + "/other"));
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

// Files that a copy shares with another copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "dumper/tree_copier.h"
#include "tests/dumper/tree_copier_fixture.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

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

}  // namespace
}  // namespace repo

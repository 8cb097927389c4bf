// Copies of .hg where no lock can be made. In real time: they wait until what changed last is older
// than the tick of a file system's clock.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "dumper/hg_copy.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class HgUnlockedTest : public testing::Test {
 protected:
  void SetUp() override {
    test::set_mode(tree_.path(), 0755);
    test::make_hg_skeleton(source_);
    test::make_folder(staging_);
  }
  CopyFacts must_copy() const {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    return test::value_of(copy_hg({test::source_at("hg", source_),
                                   source.get(),
                                   staging.get(),
                                   1'900'000'005,
                                   {},
                                   test::patient(),
                                   {},
                                   std::nullopt}));
  }
  // From now on the source is a share of what it was, which its owner may read and not lock.
  void make_share_of_another_user() {
    REPO_NEEDS_ROOT();
    test::must_run({"chown", "-R", "1235:1235", source_});
    test::must_run({"chmod", "-R", "a+rX", source_});
    const std::string share = tree_ / "share";
    test::write_file(share + "/.hg/requires", "share-safe\nshared\n");
    test::write_file(share + "/.hg/sharedpath", source_ + "/.hg");
    test::must_run({"chown", "-R", "1234:1234", share});
    source_ = share;
  }

  static constexpr std::chrono::seconds kSettled{6};
  test::TempDir tree_;
  std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string hg_ = staging_ + "/data/.hg";
};

TEST_F(HgUnlockedTest, OnAReadOnlyMountItIsCopiedWithoutLocksAndSaysSo) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::enter_private_mount_namespace();
    ASSERT_EQ(mount(source_.c_str(), source_.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(mount(nullptr, source_.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
              0);
    const CopyFacts facts = must_copy();
    EXPECT_THAT(facts.notes, ElementsAre(HasSubstr("no lock could be made")));
    EXPECT_FALSE(facts.lock_seconds);
    EXPECT_EQ(test::contents(hg_), test::contents(source_ + "/.hg"));
  });
}

TEST_F(HgUnlockedTest, WithoutTheRightToWriteItIsCopiedWithoutLocks) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::must_run({"chmod", "-R", "a+rX", source_});
    test::give_to(staging_, 1234);
    test::become_user(1234);
    EXPECT_THAT(must_copy().notes, ElementsAre(HasSubstr("no lock could be made")));
  });
}

TEST_F(HgUnlockedTest, D5_WhereTheSourcesDiskIsFullItIsCopiedWithoutLocks) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::make_folder(tree_ / "disk");
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_ / "disk", "nr_inodes=30,mode=755");
    source_ = tree_ / "disk/repo";
    test::make_hg_skeleton(source_);
    for (int i = 0; symlink("x", (tree_ / "disk/fill" + std::to_string(i)).c_str()) == 0; ++i) {
    }
    EXPECT_EQ(errno, ENOSPC);
    EXPECT_THAT(must_copy().notes, ElementsAre(HasSubstr("no lock could be made")));
  });
}

TEST_F(HgUnlockedTest, AShareWhoseOwnerMayReadAndNotLockIsCopiedWithANote) {
  make_share_of_another_user();
  EXPECT_THAT(must_copy().notes, Contains(HasSubstr("no lock could be made")));
  EXPECT_FALSE(test::exists(source_ + "/.hg/wlock"));
}

// Made long ago, as a share is on most nights: nothing in it needs to be waited for.
TEST_F(HgUnlockedTest, AnOldShareWhoseOwnerMayReadAndNotLockIsCopiedToo) {
  make_share_of_another_user();
  test::let_age(tree_.path(), kSettled);
  EXPECT_THAT(must_copy().notes, Contains(HasSubstr("no lock could be made")));
}

TEST_F(HgUnlockedTest, AnOldShareWhoseSourceHasJustChangedIsCopiedToo) {
  make_share_of_another_user();
  test::let_age(tree_.path(), kSettled);
  test::write_file(tree_ / "source/.hg/store/data/file.i", "just changed");
  EXPECT_THAT(must_copy().notes, Contains(HasSubstr("no lock could be made")));
  EXPECT_EQ(test::read_file(hg_ + "/store/data/file.i"), "just changed");
}

}  // namespace
}  // namespace repo

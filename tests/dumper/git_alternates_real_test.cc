// Repositories that borrow objects of others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/dumper/git_dumper_fixture.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::Contains;
using testing::HasSubstr;

// --- Alternates ---

class GitAlternatesTest : public GitRealTest {
 protected:
  void SetUp() override {
    GitRealTest::SetUp();
    test::git_init(donor_);
    test::git_commit(donor_, "file", "of the donor\n");
    test::git("/", {"clone", "-q", "--shared", donor_, path_});
    test::git_commit(path_, "file", "of the borrower\n");
  }
  void chown(const std::string& path, unsigned id) const {
    const std::string user = std::to_string(id);
    test::must_run({"chown", "-R", user + ":" + user, path});
  }
  const std::string donor_ = tree_ / "donor";
};

TEST_F(GitAlternatesTest, TheCopyNeedsNoOtherRepository) {
  const ItemResult result = must_dump();
  EXPECT_THAT(result.notes, Contains(HasSubstr("alternate")));
  std::filesystem::remove_all(donor_);
  EXPECT_FALSE(test::exists(copy("/objects/info/alternates")));
  EXPECT_EQ(test::git_complaint(data()), "");
  EXPECT_EQ(of_copy({"show", "HEAD~1:file"}), "of the donor\n");
}

// object-file.c follows five.
TEST_F(GitAlternatesTest, WhatIsNestedTooDeepIsLeftOutAndTold) {
  std::string from = donor_ + "/.git/objects";
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    const std::string next = tree_ / name;
    test::make_folder(next);
    test::write_file(from + "/info/alternates", next + "\n");
    from = next;
  }
  const ItemResult result = must_dump();
  EXPECT_THAT(result.notes, Contains(HasSubstr("nested too deep: " + tree_ / "e")));
  EXPECT_THAT(result.notes, testing::Not(Contains(HasSubstr(tree_ / "f"))));
}

TEST_F(GitAlternatesTest, D15_OfAnyNumberOfThemTheFirstAreTold) {
  std::string lines = donor_ + "/.git/objects\n";
  for (int i = 0; i < 20'000; ++i) lines += "/nowhere/" + std::to_string(i) + "\n";
  test::write_file(path_ + "/.git/objects/info/alternates", lines);
  const ItemResult result = must_dump();
  EXPECT_LE(result.notes.size(), 21U);
  EXPECT_THAT(result.notes, Contains(HasSubstr("more alternates")));
}

TEST_F(GitAlternatesTest, PacksOfTheDonorComeAlong) {
  test::git(donor_, {"gc", "-q"});
  git({"gc", "-q"});
  must_dump();
  std::filesystem::remove_all(donor_);
  EXPECT_EQ(test::git_complaint(data()), "");
}

TEST_F(GitAlternatesTest, ADonorsDonorComesAlongToo) {
  const std::string third = tree_ / "third";
  test::git("/", {"clone", "-q", "--shared", path_, third});
  std::filesystem::rename(path_, tree_ / "second");
  test::write_file(third + "/.git/objects/info/alternates", tree_ / "second/.git/objects\n");
  std::filesystem::rename(third, path_);
  must_dump();
  for (const std::string& gone : {donor_, tree_ / "second"}) std::filesystem::remove_all(gone);
  EXPECT_EQ(test::git_complaint(data()), "");
}

// Where the donor is copied by itself, its objects are on the target once.
TEST_F(GitAlternatesTest, ObjectsAreSharedWithTheDonorsCopy) {
  test::git_commit(donor_, "large", std::string(100'000, 'x'));
  // With files beside the packs that are no objects.
  test::git(donor_, {"repack", "-q", "-a", "-d", "--write-bitmap-index"});
  const std::string borrower = path_;
  path_ = donor_;
  must_dump();
  const std::string of_donor = data();
  path_ = borrower;
  for (int night = 0; night < 2; ++night) {
    const ItemResult result = night == 0 ? dump() : dump_later();
    ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    const auto same_inode =
        test::run({"find", data(), "-name", "*.pack", "-samefile",
                   test::run({"find", of_donor, "-name", "*.pack", "-printf", "%p"}).out});
    const bool is_linked = !same_inode.out.empty();
    const bool is_cloned =
        test::run({"cp", "--reflink=always", of_donor + "/.git/HEAD", root_->path + "/clone"})
            .status == 0;
    EXPECT_TRUE(is_linked || is_cloned) << night;
    EXPECT_LT(result.bytes_written, result.bytes);
    git({"commit", "-q", "--allow-empty", "-m", "next"});
  }
  // Each stands by itself.
  std::filesystem::remove_all(of_donor);
  std::filesystem::remove_all(donor_);
  EXPECT_EQ(test::git_complaint(data()), "");
}

TEST_F(GitAlternatesTest, D19_TheOwnerGetsNothingThatOnlyOthersMayRead) {
  test::git_commit(donor_, "secret", "secret bytes\n");
  chown(donor_, 1235);
  test::set_mode(donor_, 0700);
  chown(path_, 1234);
  test::set_mode(tree_.path(), 0755);
  EXPECT_THAT(describe(must_fail()), HasSubstr("fsck"));
  const std::string blob = test::git(donor_, {"rev-parse", "HEAD:secret"}).substr(2, 38);
  EXPECT_EQ(test::run({"find", root_->path, "-name", blob}).out, "");
}

TEST_F(GitAlternatesTest, D19_AFileOfAlternatesThatOthersCanWriteIsNotFollowed) {
  for (const bool planted : {false, true}) {
    const std::string file = path_ + "/.git/objects/info/alternates";
    if (planted) test::give_to(file, 1234);
    test::set_mode(file, planted ? 0644 : 0664);
    EXPECT_EQ(dump().status, ItemStatus::kFailed) << planted;
  }
}

TEST_F(GitAlternatesTest, AnAlternateThatIsGoneAndNotNeededIsANote) {
  git({"repack", "-a", "-d", "-q"});
  std::filesystem::remove_all(donor_);
  EXPECT_THAT(must_dump().notes, Contains(HasSubstr("cannot be read")));
  EXPECT_EQ(test::git_complaint(data()), "");
}

TEST_F(GitAlternatesTest, D19_ALoopEnds) {
  test::write_file(donor_ + "/.git/objects/info/alternates", path_ + "/.git/objects\n");
  must_dump();
  EXPECT_EQ(test::git_complaint(data()), "");
}

}  // namespace
}  // namespace repo

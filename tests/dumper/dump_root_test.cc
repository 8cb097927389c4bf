// The dump root: initialised, locked, refused.
#include "dumper/dump_root.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <functional>

#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class DumpRootTest : public testing::Test {
 protected:
  Result<DumpRoot> open_it() const { return test::open_root(dir_); }
  DumpRoot must_open() const {
    Result<DumpRoot> root = open_it();
    EXPECT_TRUE(root) << describe(root.error());
    return root ? *std::move(root) : DumpRoot();
  }
  void expect_whole() const {
    EXPECT_THAT(test::names_in(dir_),
                ElementsAre(".repo-backup", "README.txt", "control", "current", "older"));
    EXPECT_THAT(test::names_in(dir_ + "/control"), ElementsAre("lock", "runs", "staging"));
    EXPECT_THAT(test::names_in(dir_ + "/control/staging"), ElementsAre("CACHEDIR.TAG"));
    EXPECT_NE(test::read_file(dir_ + "/README.txt"), "");
  }
  // The error of the look, where nothing was touched.
  Error refused(const std::string& dir) const {
    const std::string before = test::snapshot(tree_.path());
    const Result<TargetLook> look = look_at_target(dir);
    EXPECT_EQ(test::snapshot(tree_.path()), before);
    if (look) ADD_FAILURE() << dir << " is taken";
    return look ? Error() : look.error();
  }
  test::TempDir tree_;
  const std::string dir_ = tree_ / "dump";
};

TEST_F(DumpRootTest, ALookTouchesNothing) {
  const Result<TargetLook> look = look_at_target(dir_);
  ASSERT_TRUE(look) << describe(look.error());
  EXPECT_EQ(look->path, dir_);
  EXPECT_FALSE(look->exists || look->initialised);
  EXPECT_FALSE(test::exists(dir_));
}

TEST_F(DumpRootTest, ADirectoryThatIsMissingIsMadeAndInitialised) {
  const DumpRoot root = must_open();
  EXPECT_EQ(root.path, dir_);
  expect_whole();
}

TEST_F(DumpRootTest, D27_EverythingIsPrivateWhateverTheUmask) {
  const mode_t before = umask(0);
  const DumpRoot root = must_open();
  umask(before);
  for (const char* each :
       {"", "/control", "/control/staging", "/control/runs", "/current", "/older"}) {
    EXPECT_EQ(test::lstat_of(dir_ + each).st_mode & 07777, 0700U) << each;
  }
  for (const char* each : {"/.repo-backup", "/README.txt", "/control/lock"}) {
    EXPECT_EQ(test::lstat_of(dir_ + each).st_mode & 07777, 0600U) << each;
  }
}

TEST_F(DumpRootTest, AnEmptyDirectoryIsInitialised) {
  test::make_folder(dir_);
  test::make_folder(dir_ + "/lost+found");
  EXPECT_TRUE(open_it());
  EXPECT_TRUE(look_at_target(dir_)->initialised);
}

TEST_F(DumpRootTest, ItIsOpenedAgainAndWhatIsInItStays) {
  { const DumpRoot first = must_open(); }
  test::write_file(dir_ + "/current/svn/x/data/file", "kept");
  test::write_file(dir_ + "/notes of the admin", "kept");
  const DumpRoot again = must_open();
  EXPECT_EQ(test::read_file(dir_ + "/current/svn/x/data/file"), "kept");
  EXPECT_EQ(test::read_file(dir_ + "/notes of the admin"), "kept");
}

TEST_F(DumpRootTest, PathsAreMadeCanonical) {
  test::make_folder(tree_ / "real");
  test::make_link(tree_ / "link", "real");
  EXPECT_EQ(look_at_target(tree_ / "link/")->path, tree_ / "real");
  EXPECT_EQ(look_at_target(tree_ / "link/new///")->path, tree_ / "real/new");
  test::in_child([this] {
    ASSERT_EQ(chdir((tree_ / "real").c_str()), 0);
    EXPECT_EQ(look_at_target("new")->path, tree_ / "real/new");
    EXPECT_EQ(look_at_target(".")->path, tree_ / "real");
  });
}

TEST_F(DumpRootTest, D26_ADirectoryOfOthersThingsIsRefused) {
  test::write_file(dir_ + "/photo.jpg", "x");
  EXPECT_THAT(describe(refused(dir_)), HasSubstr("not empty"));
}

TEST_F(DumpRootTest, AMarkerThatIsALinkIsNone) {
  test::make_folder(dir_);
  test::make_link(dir_ + "/.repo-backup", "/etc/passwd");
  EXPECT_THAT(describe(refused(dir_)), HasSubstr("not empty"));
}

TEST_F(DumpRootTest, AMarkerOfSomebodyElseIsNone) {
  REPO_NEEDS_ROOT();
  test::write_file(dir_ + "/.repo-backup", "");
  test::give_to(dir_ + "/.repo-backup", 1234);
  EXPECT_THAT(describe(refused(dir_)), HasSubstr("not empty"));
}

TEST_F(DumpRootTest, ADirectoryOfSomebodyElseIsRefused) {
  REPO_NEEDS_ROOT();
  test::make_folder(dir_);
  test::give_to(dir_, 1234);
  EXPECT_THAT(describe(refused(dir_)), HasSubstr("somebody else"));
}

class WritableDumpRootTest : public DumpRootTest, public testing::WithParamInterface<mode_t> {};

TEST_P(WritableDumpRootTest, IsRefused) {
  test::make_folder(dir_);
  test::set_mode(dir_, GetParam());
  EXPECT_THAT(describe(refused(dir_)), HasSubstr("others can write"));
}

INSTANTIATE_TEST_SUITE_P(Modes, WritableDumpRootTest, testing::Values(0777, 01777, 0770, 0722));

TEST_F(DumpRootTest, WhatIsNoDirectoryIsRefused) {
  test::write_file(tree_ / "file", "x");
  EXPECT_EQ(refused(tree_ / "file").code, ENOTDIR);
  EXPECT_EQ(refused(tree_ / "file/below").code, ENOTDIR);
}

TEST_F(DumpRootTest, AMissingParentIsAnErrorSoThatAMistypedPathMakesNoTree) {
  EXPECT_EQ(refused(tree_ / "no/such").code, ENOENT);
  EXPECT_EQ(refused(tree_ / "no/..").code, ENOENT);
  EXPECT_EQ(refused("").code, ENOENT);
}

TEST_F(DumpRootTest, ABrokenLinkIsNotFollowedToMakeADirectory) {
  test::make_link(dir_, tree_ / "elsewhere");
  const Result<DumpRoot> root = open_it();
  EXPECT_FALSE(root);
  EXPECT_FALSE(test::exists(tree_ / "elsewhere"));
}

TEST_F(DumpRootTest, D16_ASecondRunIsToldWhoHoldsTheLock) {
  const DumpRoot first = must_open();
  const Result<DumpRoot> second = open_it();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, EWOULDBLOCK);
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(getpid()) + ")"));
  EXPECT_EQ(second.error().path, dir_ + "/control/lock");
}

TEST_F(DumpRootTest, D16_TheLockOfAProcessThatWasKilledIsFree) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    const DumpRoot held = must_open();
    const bool told = write(ends[1], "x", 1) == 1;
    while (told) pause();
    _exit(1);
  }
  const UniqueFd told(ends[0]);
  close(ends[1]);
  char byte = 0;
  ASSERT_EQ(read(told.get(), &byte, 1), 1);
  const Result<DumpRoot> locked = open_it();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  ASSERT_FALSE(locked);
  EXPECT_THAT(locked.error().message, HasSubstr("process " + std::to_string(child)));
  EXPECT_TRUE(open_it());
}

TEST_F(DumpRootTest, D16_ASecondRunTouchesNothing) {
  const DumpRoot first = must_open();
  test::write_file(dir_ + "/control/staging/svn.x/data/half", "in the making");
  const std::string before = test::snapshot(dir_ + "/control");
  EXPECT_FALSE(open_it());
  EXPECT_EQ(test::snapshot(dir_ + "/control"), before);
}

TEST_F(DumpRootTest, ALockThatIsALinkIsNotFollowed) {
  { const DumpRoot first = must_open(); }
  test::write_file(tree_ / "victim", "bytes");
  std::filesystem::remove(dir_ + "/control/lock");
  test::make_link(dir_ + "/control/lock", tree_ / "victim");
  EXPECT_FALSE(open_it());
  EXPECT_EQ(test::read_file(tree_ / "victim"), "bytes");
}

// Every state that a crash during initialisation can leave: the steps come in this order.
class InterruptedInitialisationTest : public DumpRootTest,
                                      public testing::WithParamInterface<int> {};

TEST_P(InterruptedInitialisationTest, D1_IsCompletedByTheNextRun) {
  const std::string control = dir_ + "/control";
  const std::vector<std::function<void()>> steps = {
      [&] { test::make_folder(dir_); },
      [&] { test::write_file(dir_ + "/.repo-backup", ""); },
      [&] { test::make_folder(control); },
      [&] { test::write_file(control + "/lock", "4711\n"); },
      [&] { test::make_folder(dir_ + "/current"); },
      [&] { test::make_folder(dir_ + "/older"); },
      [&] { test::make_folder(control + "/staging"); },
      [&] { test::make_folder(control + "/staging/trial.a"); },
      [&] { test::make_folder(control + "/staging/trial.b"); },
      [&] { fs::rename(control + "/staging/trial.a", control + "/staging/trial.c"); },
      [&] { fs::rename(control + "/staging/trial.c", control + "/staging/trial.a"); },
      [&] { fs::rename(control + "/staging/trial.a", dir_ + "/current/.trial"); },
      [&] { fs::rename(dir_ + "/current/.trial", control + "/staging/trial.a"); },
      [&] { fs::rename(control + "/staging/trial.a", dir_ + "/older/.trial"); },
  };
  for (int i = 0; i < GetParam(); ++i) steps[static_cast<std::size_t>(i)]();
  const DumpRoot root = must_open();
  expect_whole();
  EXPECT_EQ(test::read_file(control + "/lock"), std::to_string(getpid()) + "\n");
  EXPECT_THAT(test::names_in(dir_ + "/current"), testing::IsEmpty());
  EXPECT_THAT(test::names_in(dir_ + "/older"), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(AfterSteps, InterruptedInitialisationTest, testing::Range(0, 15));

TEST_F(DumpRootTest, D5_AFullTargetIsAnErrorThatNamesIt) {
  REPO_NEEDS_ROOT();
  test::make_folder(dir_);
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(dir_, "nr_inodes=4,mode=700");
    const Result<DumpRoot> root = open_it();
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().code, ENOSPC);
    EXPECT_THAT(root.error().path, testing::StartsWith(dir_));
  });
}

TEST_F(DumpRootTest, D8_AReadOnlyTargetIsAnErrorThatNamesIt) {
  REPO_NEEDS_ROOT();
  test::make_folder(dir_);
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(dir_, "ro,mode=700");
    const Result<DumpRoot> root = open_it();
    ASSERT_FALSE(root);
    EXPECT_EQ(root.error().code, EROFS);
    EXPECT_THAT(root.error().path, testing::StartsWith(dir_));
  });
}

struct FstabCase : test::NamedCase {
  std::string fstab;
  std::vector<std::string> mounted;
  std::string path;
  std::optional<std::string> unmounted;
};

class UnmountedPointTest : public testing::TestWithParam<FstabCase> {};

TEST_P(UnmountedPointTest, D9_IsFound) {
  EXPECT_EQ(unmounted_point(GetParam().fstab, GetParam().mounted, GetParam().path),
            GetParam().unmounted);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, UnmountedPointTest,
    testing::Values(
        FstabCase{"no_fstab", "", {"/"}, "/backup", std::nullopt},
        FstabCase{"comments_alone", "# nothing\n\n", {"/"}, "/backup", std::nullopt},
        FstabCase{"not_mounted", "/dev/b /backup ext4 defaults 0 0\n", {"/"}, "/backup", "/backup"},
        FstabCase{"mounted",
                  "/dev/b /backup ext4 defaults 0 0\n",
                  {"/", "/backup"},
                  "/backup",
                  std::nullopt},
        FstabCase{"a_parent_is_not_mounted",
                  "/dev/b /backup ext4 defaults 0 0\n",
                  {"/"},
                  "/backup/a/b",
                  "/backup"},
        FstabCase{"the_lower_of_two",
                  "/dev/a /mnt ext4 d 0 0\n/dev/b /mnt/b ext4 d 0 0\n",
                  {"/", "/mnt"},
                  "/mnt/b/x",
                  "/mnt/b"},
        FstabCase{"another_with_the_same_beginning",
                  "/dev/b /backup2 ext4 d 0 0\n",
                  {"/"},
                  "/backup",
                  std::nullopt},
        FstabCase{
            "below_is_no_matter", "/dev/b /backup/b ext4 d 0 0\n", {"/"}, "/backup", std::nullopt},
        FstabCase{"noauto_is_not_expected",
                  "/dev/b /backup ext4 noauto 0 0\n",
                  {"/"},
                  "/backup",
                  std::nullopt},
        FstabCase{"noauto_among_others",
                  "/dev/b /backup ext4 rw,noauto,user 0 0\n",
                  {"/"},
                  "/backup",
                  std::nullopt},
        FstabCase{
            "nofail_is_expected", "/dev/b /backup ext4 nofail 0 0\n", {"/"}, "/backup", "/backup"},
        FstabCase{"swap_has_no_point",
                  "/dev/s none swap sw 0 0\n/dev/t swap swap sw 0 0\n",
                  {"/"},
                  "/backup",
                  std::nullopt},
        FstabCase{"trailing_slash", "/dev/b /backup/ ext4 d 0 0\n", {"/"}, "/backup", "/backup"},
        FstabCase{"trailing_slash_and_mounted",
                  "/dev/b /backup/ ext4 d 0 0\n",
                  {"/", "/backup"},
                  "/backup",
                  std::nullopt},
        FstabCase{"a_blank_in_the_name",
                  "/dev/b /my\\040disk ext4 d 0 0\n",
                  {"/"},
                  "/my disk/x",
                  "/my disk"},
        FstabCase{"last_line_without_newline",
                  "/dev/b /backup ext4 defaults 0 0",
                  {"/"},
                  "/backup",
                  "/backup"},
        FstabCase{"root_is_mounted", "/dev/a / ext4 d 0 1\n", {"/"}, "/backup", std::nullopt}),
    test::case_name);

}  // namespace
}  // namespace repo

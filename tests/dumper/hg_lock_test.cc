// Mercurial's locks, as another process would see them.
#include "dumper/hg_lock.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/stop_signal.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds kNoWait{0};

class HgLockTest : public testing::Test {
 protected:
  Result<HgLock> acquire(std::chrono::seconds wait = kNoWait,
                         const std::optional<Identity>& as = std::nullopt,
                         const Patience& patience = test::patient()) const {
    return HgLock::acquire(folder_.get(), "lock", as, wait, patience);
  }
  std::string holder() const {
    return test::exists(path_) ? std::filesystem::read_symlink(path_).string() : "nobody";
  }
  test::TempDir tree_;
  const std::string path_ = tree_ / "lock";
  const UniqueFd folder_ = test::open_folder(tree_.path());
};

TEST_F(HgLockTest, TheTextIsThatOfMercurialForThisProcess) {
  std::array<char, HOST_NAME_MAX + 1> host{};
  gethostname(host.data(), host.size());
  struct stat st = {};
  ASSERT_EQ(stat("/proc/self/ns/pid", &st), 0);
  std::array<char, 300> expected{};
  snprintf(expected.data(), expected.size(), "%s/%lx:%d", host.data(), st.st_ino, getpid());
  EXPECT_EQ(hg_lock_text(), expected.data());
}

TEST_F(HgLockTest, IsALinkThatNamesTheHolderWhileItIsHeldAndGoneAfterwards) {
  {
    const Result<HgLock> lock = acquire();
    ASSERT_TRUE(lock) << describe(lock.error());
    EXPECT_EQ(holder(), hg_lock_text());
  }
  EXPECT_EQ(holder(), "nobody");
}

TEST_F(HgLockTest, MovesWithItsObjectAndIsFreedOnce) {
  std::optional<HgLock> kept;
  {
    Result<HgLock> lock = acquire();
    ASSERT_TRUE(lock) << describe(lock.error());
    kept.emplace(*std::move(lock));
  }
  EXPECT_EQ(holder(), hg_lock_text());
  kept.reset();
  EXPECT_EQ(holder(), "nobody");
}

TEST_F(HgLockTest, IsFreedAlsoWhenTheCallersDescriptorIsClosedBefore) {
  UniqueFd folder = test::open_folder(tree_.path());
  {
    const Result<HgLock> lock =
        HgLock::acquire(folder.get(), "lock", std::nullopt, kNoWait, test::patient());
    ASSERT_TRUE(lock) << describe(lock.error());
    folder.reset();
  }
  EXPECT_EQ(holder(), "nobody");
}

TEST_F(HgLockTest, HeldBySomebodyElseItIsAnErrorThatNamesTheHolder) {
  test::make_link(path_, "web2/f0000001:4711");
  const Result<HgLock> lock = acquire();
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, EEXIST);
  EXPECT_EQ(lock.error().path, "lock");
  EXPECT_THAT(lock.error().message, HasSubstr("web2/f0000001:4711"));
  EXPECT_EQ(holder(), "web2/f0000001:4711");
}

// A process of this host and namespace that is no more: waited for, so its number is not taken.
std::string text_of_a_dead_process() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  const std::string mine = hg_lock_text();
  return mine.substr(0, mine.rfind(':') + 1) + std::to_string(child);
}

TEST_F(HgLockTest, D16_ALockThatADeadProcessOfOursHasLeftIsBroken) {
  test::make_link(path_, text_of_a_dead_process());
  const Result<HgLock> lock = acquire(std::chrono::seconds(60));
  ASSERT_TRUE(lock) << describe(lock.error());
  EXPECT_EQ(holder(), hg_lock_text());
  EXPECT_FALSE(test::exists(path_ + ".break"));
}

TEST_F(HgLockTest, D16_OneThatWasMadeForAnotherUserIsBrokenForThatUser) {
  REPO_NEEDS_ROOT();
  test::make_link(path_, text_of_a_dead_process());
  const std::string folder = path_.substr(0, path_.rfind('/'));
  for (const std::string& each : {path_, folder}) test::give_to(each, 1234);
  const UniqueFd directory = test::open_folder(folder);
  const Result<HgLock> lock =
      HgLock::acquire(directory.get(), path_.substr(folder.size() + 1), identity_of(1234),
                      std::chrono::seconds(5), test::patient());
  ASSERT_TRUE(lock) << describe(lock.error());
  EXPECT_EQ(holder(), hg_lock_text());
  EXPECT_EQ(test::lstat_of(path_).st_uid, 1234U);
}

TEST_F(HgLockTest, D16_ALockOfAnotherUserIsNotBrokenEvenIfItsProcessIsDead) {
  REPO_NEEDS_ROOT();
  test::make_link(path_, text_of_a_dead_process());
  test::give_to(path_, 1234);
  const Result<HgLock> lock = acquire();
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, EOWNERDEAD);
  EXPECT_NE(holder(), "nobody");
}

TEST_F(HgLockTest, D16_ALockThatSomebodyElseIsJustBreakingIsLeftToHim) {
  test::make_link(path_, text_of_a_dead_process());
  test::make_link(path_ + ".break", "web2/f:1");
  EXPECT_FALSE(acquire());
  EXPECT_TRUE(test::exists(path_));
  EXPECT_TRUE(test::exists(path_ + ".break"));
}

struct AliveCase : test::NamedCase {
  std::string text;
};

class HgForeignLockTest : public HgLockTest, public testing::WithParamInterface<AliveCase> {};

TEST_P(HgForeignLockTest, D16_IsNotBroken) {
  test::make_link(path_, GetParam().text);
  EXPECT_FALSE(acquire());
  EXPECT_EQ(holder(), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Holders, HgForeignLockTest,
    testing::Values(
        AliveCase{"a_process_that_lives", hg_lock_text()},
        AliveCase{"another_host", "another-host:999999999"},
        AliveCase{"another_namespace",
                  hg_lock_text().substr(0, hg_lock_text().find('/')) + "/f0000099:999999999"},
        AliveCase{"no_number", hg_lock_text().substr(0, hg_lock_text().rfind(':')) + ":x1"},
        AliveCase{"a_number_and_more", hg_lock_text() + "9x"},
        AliveCase{"all_processes", hg_lock_text().substr(0, hg_lock_text().rfind(':')) + ":-1"},
        AliveCase{"a_number_too_large", hg_lock_text() + "99999999999999999999"}),
    test::case_name);

TEST_F(HgLockTest, D29_TheHoldersNameIsMadeHarmless) {
  test::make_link(path_, "\x1b[2J\n:1");
  const Result<HgLock> lock = acquire();
  ASSERT_FALSE(lock);
  EXPECT_THAT(describe(lock.error()), testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(describe(lock.error()), testing::Not(HasSubstr("\n")));
}

TEST_F(HgLockTest, ALockThatIsAFileIsHeldTooAsOldMercurialMadeThem) {
  test::write_file(path_, "4711");
  const Result<HgLock> lock = acquire();
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, EEXIST);
  EXPECT_EQ(test::read_file(path_), "4711");
}

TEST_F(HgLockTest, WaitsUntilTheOtherOneFreesIt) {
  test::make_link(path_, "web2/f:1");
  std::thread other([this] { unlink(path_.c_str()); });
  const Result<HgLock> lock = acquire(std::chrono::seconds(60));
  other.join();
  ASSERT_TRUE(lock) << describe(lock.error());
  EXPECT_EQ(holder(), hg_lock_text());
}

TEST_F(HgLockTest, TheDeadlineEndsTheWait) {
  test::make_link(path_, "web2/f:1");
  const auto begin = std::chrono::steady_clock::now();
  const Patience patience{begin + std::chrono::milliseconds(50), std::chrono::seconds(60)};
  const Result<HgLock> lock = acquire(std::chrono::seconds(60), std::nullopt, patience);
  ASSERT_FALSE(lock);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

TEST_F(HgLockTest, D14_AStopEndsTheWait) {
  test::in_child([this] {
    install_stop_signals();
    test::make_link(path_, "web2/f:1");
    request_stop(SIGTERM);
    const Result<HgLock> lock = acquire(std::chrono::seconds(60));
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().message, "stopped");
  });
}

TEST_F(HgLockTest, D16_ALockThatWasFreedByForceAndTakenByOthersIsLeftToThem) {
  {
    const Result<HgLock> lock = acquire();
    ASSERT_TRUE(lock) << describe(lock.error());
    ASSERT_EQ(unlink(path_.c_str()), 0);
    test::make_link(path_, "web2/f:1");
  }
  EXPECT_EQ(holder(), "web2/f:1");
}

TEST_F(HgLockTest, ALockThatWasFreedByForceIsNotMissed) {
  const Result<HgLock> lock = acquire();
  ASSERT_TRUE(lock) << describe(lock.error());
  ASSERT_EQ(unlink(path_.c_str()), 0);
}

TEST_F(HgLockTest, WithAnIdentityItIsMadeAndFreedWithThatUsersRights) {
  REPO_NEEDS_ROOT();
  test::give_to(tree_.path(), 1234);
  {
    const Result<HgLock> lock = acquire(kNoWait, Identity{1234, 1234, {}});
    ASSERT_TRUE(lock) << describe(lock.error());
    EXPECT_EQ(test::lstat_of(path_).st_uid, 1234U);
  }
  EXPECT_EQ(holder(), "nobody");
}

TEST_F(HgLockTest, WhereTheIdentityMayNotWriteItIsAnError) {
  REPO_NEEDS_ROOT();
  test::set_mode(tree_.path(), 0755);
  const Result<HgLock> lock = acquire(kNoWait, Identity{1234, 1234, {}});
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, EACCES);
}

TEST_F(HgLockTest, OnAReadOnlyFileSystemItIsAnError) {
  REPO_NEEDS_ROOT();
  test::in_child([this] {
    test::enter_private_mount_namespace();
    ASSERT_EQ(mount(tree_.path().c_str(), tree_.path().c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(
        mount(nullptr, tree_.path().c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
        0);
    const UniqueFd folder = test::open_folder(tree_.path());
    const Result<HgLock> lock = HgLock::acquire(folder.get(), "lock", std::nullopt,
                                                std::chrono::seconds(60), test::patient());
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, EROFS);
  });
}

TEST_F(HgLockTest, InAFolderThatIsGoneItIsAnError) {
  test::make_folder(tree_ / "gone");
  const UniqueFd folder = test::open_folder(tree_ / "gone");
  std::filesystem::remove(tree_ / "gone");
  const Result<HgLock> lock =
      HgLock::acquire(folder.get(), "lock", std::nullopt, kNoWait, test::patient());
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ENOENT);
}

}  // namespace
}  // namespace repo

// Our locks and Mercurial's keep each other out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "dumper/hg_lock.h"
#include "tests/support/background.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class HgLockRealTest : public test::RealDumpTest {
 protected:
  HgLockRealTest() : RealDumpTest("hg") {}
  void SetUp() override {
    RealDumpTest::SetUp();
    test::hg_init(path_);
    test::hg_commit(path_, "file", "one\n");
    test::write_file(path_ + "/file", "two\n");
  }
  test::Ran commit() const {
    return test::try_hg(path_, {"--config", "ui.timeout=1", "commit", "-m", "two"});
  }
  Result<HgLock> lock(const std::string& name) const {
    const bool in_store = name == "lock";
    const UniqueFd folder = test::open_folder(path_ + (in_store ? "/.hg/store" : "/.hg"));
    return HgLock::acquire(folder.get(), name, std::nullopt, seconds(1), test::patient());
  }
  // Mercurial's own way of holding one until it is told to end.
  test::Background holder(const std::string& option, const std::string& file) const {
    test::Background made({"/usr/bin/env", "HGRCPATH=", "hg", "-R", path_, "debuglocks", option});
    while (!test::exists(path_ + "/.hg/" + file)) std::this_thread::yield();
    return made;
  }
};

TEST_F(HgLockRealTest, WhatWeLockMercurialDoesNotWrite) {
  for (const char* name : {"wlock", "lock"}) {
    const Result<HgLock> held = lock(name);
    ASSERT_TRUE(held) << describe(held.error());
    const test::Ran refused = commit();
    EXPECT_NE(refused.status, 0) << name;
    EXPECT_THAT(refused.err, HasSubstr(std::to_string(getpid()))) << name;
  }
  EXPECT_EQ(commit().status, 0);
}

TEST_F(HgLockRealTest, D11_WhatMercurialLocksWeWaitForAndThenNameItsHolder) {
  stall_ = seconds(1);
  for (const auto& [option, file] :
       {std::pair{"--set-wlock", "wlock"}, std::pair{"--set-lock", "store/lock"}}) {
    const test::Background held = holder(option, file);
    const Error error = must_fail();
    EXPECT_THAT(error.message, HasSubstr(":" + std::to_string(held.pid()))) << file;
  }
}

TEST_F(HgLockRealTest, WhatMercurialFreesWhileWeWaitIsCopied) {
  test::Background held = holder("--set-wlock", "wlock");
  std::jthread other([pid = held.pid()] { kill(pid, SIGTERM); });
  RealDumpTest::must_dump();
  EXPECT_EQ(test::hg_complaint(data()), "");
}

// What kill -9 of repo-dump leaves in a repository stops nobody for long.
TEST_F(HgLockRealTest, D16_ALockThatWeLeftWhenWeWereKilledIsBrokenByMercurialAndByUs) {
  for (const bool by_us : {true, false}) {
    const pid_t child = fork();
    if (child == 0) {
      const Result<HgLock> held = lock("wlock");
      kill(getpid(), SIGKILL);
    }
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(test::exists(path_ + "/.hg/wlock")) << "the control";
    if (by_us) {
      RealDumpTest::must_dump();
    } else {
      EXPECT_EQ(commit().status, 0);
    }
    EXPECT_FALSE(test::exists(path_ + "/.hg/wlock"));
  }
}

}  // namespace
}  // namespace repo

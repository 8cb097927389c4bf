// Sandboxes that a killed run has left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dumper/orphans.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

// A bwrap that waits for ever with `place` open: before its first process executes anything.
class WaitingBwrap {
 public:
  explicit WaitingBwrap(const std::string& place) {
    // Nobody else inherits the ends: closing the last one would let it go on.
    int block[2];
    int about[2];
    EXPECT_EQ(pipe2(block, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(about, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      fcntl(block[0], F_SETFD, 0);
      fcntl(about[1], F_SETFD, 0);
      open(place.c_str(), O_RDONLY | O_DIRECTORY);
      execl("/usr/bin/bwrap", "bwrap", "--ro-bind", "/", "/", "--block-fd",
            std::to_string(block[0]).c_str(), "--info-fd", std::to_string(about[1]).c_str(), "true",
            nullptr);
      _exit(127);
    }
    close(block[0]);
    close(about[1]);
    write_end_ = block[1];
    // It says so when its first process is there (bwrap(1), --info-fd).
    char byte = 0;
    while (read(about[0], &byte, 1) == 1 && byte != '}') {
    }
    EXPECT_EQ(byte, '}');
    close(about[0]);
  }
  ~WaitingBwrap() {
    close(write_end_);
    waitpid(pid_, nullptr, 0);
  }
  // Whether it ended without having executed what it was to, once it has ended.
  bool was_ended() const {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    return info.si_code != CLD_EXITED || info.si_status != 0;
  }
  bool is_alive() const {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
           info.si_pid == 0;
  }

 private:
  pid_t pid_ = -1;
  int write_end_ = -1;
};

TEST(OrphansTest, D1_ASandboxThatHoldsTheStagingIsEndedAndNoOther) {
  REPO_NEEDS_ROOT();
  const test::TempDir tree;
  test::make_folder(tree / "staging");
  test::make_folder(tree / "staging/svn.x");
  test::make_folder(tree / "staging-of-another");
  const WaitingBwrap ours(tree / "staging/svn.x");
  const WaitingBwrap others(tree / "staging-of-another");
  ASSERT_GE(end_orphans(tree / "staging"), 1);
  EXPECT_TRUE(ours.was_ended());
  EXPECT_TRUE(others.is_alive());
}

TEST(OrphansTest, AProcessThatIsNoSandboxIsLeftAlone) {
  REPO_NEEDS_ROOT();
  const test::TempDir tree;
  test::make_folder(tree / "staging");
  const UniqueFd open_here = test::open_folder(tree / "staging");
  EXPECT_EQ(end_orphans(tree / "staging"), 0);
}

}  // namespace
}  // namespace repo

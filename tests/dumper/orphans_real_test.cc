// Sandboxes that a killed run has left.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dumper/orphans.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

// A bwrap that waits for ever, with `place` open.
class WaitingBwrap {
 public:
  explicit WaitingBwrap(const std::string& place) {
    int block[2];
    EXPECT_EQ(pipe(block), 0);
    pid_ = fork();
    if (pid_ == 0) {
      open(place.c_str(), O_RDONLY | O_DIRECTORY);
      const std::string number = std::to_string(block[0]);
      execl("/usr/bin/bwrap", "bwrap", "--ro-bind", "/", "/", "--block-fd", number.c_str(), "true",
            nullptr);
      _exit(127);
    }
    close(block[0]);
    write_end_ = block[1];
    // It is bwrap from the moment of the execve on.
    const std::string exe = "/proc/" + std::to_string(pid_) + "/exe";
    char text[64] = {};
    while (readlink(exe.c_str(), text, sizeof text - 1) > 0 &&
           std::string(text) != "/usr/bin/bwrap") {
    }
  }
  ~WaitingBwrap() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    close(write_end_);
  }
  // How it ended, once it has.
  int wait_for_signal() const {
    siginfo_t info = {};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
    return info.si_code == CLD_KILLED ? info.si_status : 0;
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
  EXPECT_EQ(end_orphans(tree / "staging"), 1);
  EXPECT_EQ(ours.wait_for_signal(), SIGKILL);
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

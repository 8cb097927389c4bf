// When a sandbox ends, everything in it has ended.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <thread>

#include "base/stop_signal.h"
#include "dumper/sandbox.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/sandboxed.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;
using End = CommandResult::End;
using std::chrono::seconds;
using testing::HasSubstr;

class SandboxLifeTest : public test::SandboxTest {
 protected:
  SandboxLifeTest() : SandboxTest(REPO_SANDBOX_PROBE) {}
};

TEST_F(SandboxLifeTest, OutputAndExitStatusComeThrough) {
  const CommandResult result =
      sandbox_->run(tree_.command({"bash", "-c", "echo out; echo err >&2; exit 7"}));
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST_F(SandboxLifeTest, AToolThatIsEndedByASignalDidNotEndWell) {
  EXPECT_FALSE(sandbox_->run(tree_.command({"bash", "-c", "kill -SEGV $$"})).ok());
  EXPECT_FALSE(sandbox_->run(tree_.command({"bash", "-c", "kill -KILL $$"})).ok());
}

TEST_F(SandboxLifeTest, D39_AMissingToolIsToldByName) {
  const CommandResult result = sandbox_->run(tree_.command({"no-such-tool"}));
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(describe(result), HasSubstr("no-such-tool"));
}

TEST_F(SandboxLifeTest, D15_OutputIsBounded) {
  const CommandResult result = sandbox_->run(tree_.command(
      {"bash", "-c", "head -c 9999999 /dev/zero & head -c 9999999 /dev/zero >&2; wait"}));
  EXPECT_TRUE(result.ok());
  EXPECT_LE(result.out.size(), std::size_t{1} << 20);
  EXPECT_LE(result.err.size(), std::size_t{64} << 10);
}

// It has a session of its own, ignores all signals and holds the pipes and the FIFO.
TEST_F(SandboxLifeTest, D12_ADaemonThatWasLeftBehindIsGoneWhenTheCallReturns) {
  test::EndOfWriters fifo(tree_ / "staging/fifo");
  const auto begin = Clock::now();
  EXPECT_EQ(test::said(sandbox_->run(tree_.probe({"daemon", "/staging/fifo"}))), "ok");
  EXPECT_TRUE(fifo.is_gone());
  EXPECT_LT(Clock::now() - begin, seconds(20));
}

TEST_F(SandboxLifeTest, D12_TheDeadlineEndsWhatIgnoresAllSignalsAndItsChildren) {
  test::EndOfWriters fifo(tree_ / "staging/fifo");
  Command command = tree_.probe({"stay", "/staging/fifo"});
  command.patience = {Clock::now() + seconds(1), seconds(60)};
  EXPECT_EQ(sandbox_->run(command).end, End::kOverdue);
  EXPECT_TRUE(fifo.wait_for_byte());
  EXPECT_TRUE(fifo.is_gone());
}

TEST_F(SandboxLifeTest, D11_ASilentToolIsEndedAfterTheStallTime) {
  Command command = tree_.command({"tail", "-f", "/dev/null"});
  command.patience.stall = seconds(1);
  EXPECT_EQ(sandbox_->run(command).end, End::kStalled);
}

// The work is done by processes of the sandbox, two levels below the one that was started.
TEST_F(SandboxLifeTest, D11_AToolThatWorksSilentlyIsNotStalled) {
  Command command =
      tree_.command({"bash", "-c", "timeout 4 cat /dev/zero | cat >/dev/null; echo done"});
  command.patience.stall = seconds(2);
  EXPECT_EQ(test::said(sandbox_->run(command)), "done");
}

TEST_F(SandboxLifeTest, D14_AStopEndsIt) {
  test::in_child([this] {
    install_stop_signals();
    test::EndOfWriters fifo(tree_ / "staging/fifo");
    std::thread other([&] {
      EXPECT_TRUE(fifo.wait_for_byte());
      request_stop(SIGTERM);
    });
    EXPECT_EQ(sandbox_->run(tree_.probe({"stay", "/staging/fifo"})).end, End::kStopped);
    other.join();
    EXPECT_TRUE(fifo.is_gone());
  });
}

TEST_F(SandboxLifeTest, D1_WhereTheParentIsKilledEverythingInsideGoesWithIt) {
  test::EndOfWriters fifo(tree_ / "staging/fifo");
  const pid_t parent = fork();
  if (parent == 0) {
    sandbox_->run(tree_.probe({"stay", "/staging/fifo"}));
    _exit(0);
  }
  EXPECT_TRUE(fifo.wait_for_byte());
  EXPECT_FALSE(fifo.is_gone());
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_TRUE(fifo.wait_until_gone());
}

TEST_F(SandboxLifeTest, D13_NothingIsLeftToReapAndNoDescriptorIsOpen) {
  EXPECT_TRUE(sandbox_->run(tree_.command({"true"})).ok());
  const std::size_t before = test::names_in("/proc/self/fd").size();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(sandbox_->run(tree_.command({"true"})).ok());
  EXPECT_EQ(test::names_in("/proc/self/fd").size(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(SandboxLifeTest, D13_ConcurrentOnesDoNotMeet) {
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < 6; ++i) {
    threads.emplace_back([this, i] {
      for (int n = 0; n < 5; ++n) {
        Command command = tree_.command({"bash", "-c", "id -u; kill -0 -1 || echo alone"});
        command.uid = kFirstSandboxUid + i;
        EXPECT_EQ(test::said(sandbox_->run(command)),
                  std::to_string(kFirstSandboxUid + i) + "\nalone");
      }
    });
  }
}

TEST_F(SandboxLifeTest, D19_ASourceThatWasExchangedIsStillTheOneThatWasOpened) {
  Command command = tree_.probe({"read", "/source/inside"});
  command.reads_any_file = true;
  std::filesystem::rename(tree_ / "source", tree_ / "moved");
  test::write_file(tree_ / "source/inside", "of somebody else");
  EXPECT_EQ(test::said(sandbox_->run(command)), "ok inside bytes");
}

TEST_F(SandboxLifeTest, D19_ASourceThatBecameALinkIsStillTheOneThatWasOpened) {
  Command command = tree_.probe({"read", "/source/inside"});
  command.reads_any_file = true;
  std::filesystem::rename(tree_ / "source", tree_ / "moved");
  test::make_link(tree_ / "source", "/etc");
  EXPECT_EQ(test::said(sandbox_->run(command)), "ok inside bytes");
}

TEST_F(SandboxLifeTest, D24_ASourceThatWasRemovedIsAFailure) {
  Command command = tree_.probe({"read", "/source/inside"});
  std::filesystem::remove_all(tree_ / "source");
  EXPECT_FALSE(sandbox_->run(command).ok());
}

struct OddName {
  const char* name;
  std::string bytes;
};

TEST_F(SandboxLifeTest, D18_AnyPathCanBeBound) {
  for (const std::string& name :
       {std::string("two\nlines"), std::string("\xff\xfe"), std::string("-rf"),
        std::string("a b'\""), std::string("back\\slash"), std::string("100%@{}"),
        std::string(255, 'n')}) {
    test::write_file(tree_.path() + "/" + name + "/in", "bytes of it");
    test::set_mode(tree_.path() + "/" + name, 0755);
    test::set_mode(tree_.path() + "/" + name + "/in", 0644);
    const UniqueFd source = test::open_folder(tree_.path() + "/" + name);
    Command command = tree_.probe({"read", "/source/in"});
    command.binds[0].fd = source.get();
    EXPECT_EQ(test::said(sandbox_->run(command)), "ok bytes of it") << testing::PrintToString(name);
  }
}

}  // namespace
}  // namespace repo

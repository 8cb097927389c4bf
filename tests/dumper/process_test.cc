// Child processes: what they inherit, what is kept of their output, how they end.
#include "dumper/process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <sstream>
#include <thread>

#include "base/stop_signal.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using End = CommandResult::End;
using Clock = std::chrono::steady_clock;
using std::chrono::seconds;
using testing::HasSubstr;

CommandResult run(const std::vector<std::string>& argv, const Patience& patience = test::patient(),
                  const std::vector<FdMapping>& descriptors = {}) {
  Result<Child> child = spawn(argv, {"PATH=/usr/bin:/bin", "MARK=set by the test"}, descriptors);
  if (!child) {
    ADD_FAILURE() << describe(child.error());
    return {};
  }
  const pid_t pid = child->pid;
  return watch(*std::move(child), pid, patience, [pid] { kill(-pid, SIGKILL); });
}

CommandResult shell(const std::string& script, const Patience& patience = test::patient(),
                    const std::vector<FdMapping>& descriptors = {}) {
  return run({"/bin/bash", "-c", script}, patience, descriptors);
}

TEST(ProcessTest, TheExitStatusAndBothOutputsAreTold) {
  const CommandResult result = shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(result.end, End::kExited);
  EXPECT_EQ(result.code, 7);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_FALSE(result.ok());
  EXPECT_TRUE(shell("exit 0").ok());
}

TEST(ProcessTest, ASignalIsNotAnExitStatus) {
  const CommandResult result = shell("kill -SEGV $$");
  EXPECT_EQ(result.end, End::kSignalled);
  EXPECT_EQ(result.code, SIGSEGV);
  EXPECT_FALSE(result.ok());
}

TEST(ProcessTest, AMissingProgramIsAnErrorThatNamesIt) {
  const Result<Child> child = spawn({"/usr/bin/no-such-program"}, {}, {});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, ENOENT);
  EXPECT_EQ(child.error().path, "/usr/bin/no-such-program");
}

TEST(ProcessTest, AFileThatIsNoProgramIsAnError) {
  const test::TempDir tree;
  test::write_file(tree / "text", "x");
  const Result<Child> child = spawn({tree / "text"}, {}, {});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, EACCES);
}

TEST(ProcessTest, ArgumentsArriveAsTheyAre) {
  const std::vector<std::string> odd = {"", "a b", "\n", "-x", "$(id)", "\xff", "*"};
  std::vector<std::string> argv = {"/usr/bin/printf", "<%s>"};
  argv.insert(argv.end(), odd.begin(), odd.end());
  EXPECT_EQ(run(argv).out, "<><a b><\n><-x><$(id)><\xff><*>");
}

TEST(ProcessTest, TheEnvironmentIsTheGivenOneAlone) {
  ASSERT_EQ(setenv("OF_THE_TEST", "1", 1), 0);
  EXPECT_EQ(run({"/usr/bin/env"}).out, "PATH=/usr/bin:/bin\nMARK=set by the test\n");
}

TEST(ProcessTest, StandardInputIsEmpty) {
  EXPECT_EQ(shell("read -r line && echo read; echo end").out, "end\n");
}

TEST(ProcessTest, ItIsTheLeaderOfItsOwnSession) {
  // proc(5), /proc/PID/stat: the sixth field.
  EXPECT_EQ(shell("[ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && echo leader").out, "leader\n");
}

TEST(ProcessTest, NoSignalIsBlockedOrIgnoredInIt) {
  test::in_child([] {
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGUSR1, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
    const CommandResult result = shell("grep -E 'Sig(Blk|Ign)' /proc/self/status");
    // 32 and 33 are glibc's own: posix_spawn leaves them ignored.
    EXPECT_THAT(result.out, testing::MatchesRegex("SigBlk:\t0+\nSigIgn:\t0+(180000000)?\n"));
  });
}

TEST(ProcessTest, TheMappedDescriptorsAreThere) {
  const test::TempDir tree;
  test::write_file(tree / "given", "given");
  const UniqueFd given(open((tree / "given").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(shell("cat <&7", test::patient(), {{given.get(), 7}}).out, "given");
}

// Whoever started this process may have left it descriptors that are not closed on exec.
TEST(ProcessTest, D31_NoOtherDescriptorIsInheritedWhoeverOpenedIt) {
  const test::TempDir tree;
  const UniqueFd folder = test::open_folder(tree.path());
  const UniqueFd ours(fcntl(folder.get(), F_DUPFD, 3));
  const UniqueFd low(fcntl(folder.get(), F_DUPFD, 8));
  const UniqueFd high(fcntl(folder.get(), F_DUPFD, 200));
  const CommandResult result =
      shell("for ((n = 0; n < 300; n++)); do [ -e /proc/$$/fd/$n ] && printf \"$n \"; done; echo",
            test::patient(), {{folder.get(), 9}});
  EXPECT_EQ(result.out, "0 1 2 9 \n");
}

TEST(ProcessTest, MappingsMayExchangeNumbers) {
  const test::TempDir tree;
  test::write_file(tree / "a", "a");
  test::write_file(tree / "b", "b");
  const UniqueFd a(open((tree / "a").c_str(), O_RDONLY | O_CLOEXEC));
  const UniqueFd b(open((tree / "b").c_str(), O_RDONLY | O_CLOEXEC));
  const std::string script =
      "cat <&" + std::to_string(a.get()) + "; cat <&" + std::to_string(b.get());
  const CommandResult result =
      shell(script, test::patient(), {{a.get(), b.get()}, {b.get(), a.get()}});
  EXPECT_EQ(result.out, "ba");
}

TEST(ProcessTest, D27_ItStartsAlsoWhereTheStandardDescriptorsAreClosed) {
  test::in_child([] {
    CommandResult result;
    {
      const UniqueFd keep(fcntl(2, F_DUPFD_CLOEXEC, 10));
      for (const int fd : {0, 1, 2}) close(fd);
      result = shell("echo out; echo err >&2");
      dup2(keep.get(), 2);
      dup2(keep.get(), 1);
    }
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
  });
}

TEST(ProcessTest, D15_OutputOnBothPipesIsBoundedAndItsEndIsKept) {
  const CommandResult result = shell(
      "head -c 20000000 /dev/zero & head -c 20000000 /dev/zero >&2; wait;"
      "echo end of out; echo end of err >&2");
  EXPECT_TRUE(result.ok()) << describe(result);
  EXPECT_LE(result.out.size(), std::size_t{1} << 20);
  EXPECT_LE(result.err.size(), std::size_t{64} << 10);
  EXPECT_TRUE(result.out.ends_with("end of out\n"));
  EXPECT_TRUE(result.err.ends_with("end of err\n"));
}

TEST(ProcessTest, D15_BinaryOutputIsKeptAsItIs) {
  EXPECT_EQ(shell("printf '\\0\\377\\n'").out, std::string("\0\xff\n", 3));
}

TEST(ProcessTest, AProcessThatHoldsThePipesIsNotWaitedFor) {
  const auto begin = Clock::now();
  const CommandResult result = shell("tail -f /dev/null & echo $!");
  EXPECT_TRUE(result.ok());
  EXPECT_LT(Clock::now() - begin, seconds(60));
  const pid_t left = std::stoi(result.out);
  EXPECT_EQ(kill(left, SIGKILL), 0);
}

TEST(ProcessTest, D12_ProcessesThatWriteForEverAreNotWaitedFor) {
  const CommandResult result = shell("for i in 1 2 3 4; do yes & echo $! >&2; done");
  EXPECT_TRUE(result.ok()) << describe(result);
  std::istringstream pids(result.err);
  int ended = 0;
  for (pid_t pid = 0; pids >> pid; ++ended) kill(pid, SIGKILL);
  EXPECT_EQ(ended, 4);
}

TEST(ProcessTest, D11_TheDeadlineEndsIt) {
  const CommandResult result =
      shell("while :; do echo busy; done", {Clock::now() + seconds(1), seconds(60)});
  EXPECT_EQ(result.end, End::kOverdue);
  EXPECT_THAT(describe(result), HasSubstr("--max-time"));
}

TEST(ProcessTest, D12_TheDeadlineEndsAlsoWhatIgnoresSigterm) {
  const CommandResult result = shell("trap '' TERM INT HUP; echo ready; exec tail -f /dev/null",
                                     {Clock::now() + seconds(1), seconds(60)});
  EXPECT_EQ(result.end, End::kOverdue);
  EXPECT_EQ(result.out, "ready\n");
}

TEST(ProcessTest, D11_ASilentOneIsEndedAfterTheStallTime) {
  const auto begin = Clock::now();
  const CommandResult result = shell("exec tail -f /dev/null", {begin + seconds(60), seconds(1)});
  EXPECT_EQ(result.end, End::kStalled);
  EXPECT_LT(Clock::now() - begin, seconds(30));
  EXPECT_THAT(describe(result), HasSubstr("--timeout"));
}

// What works in a grandchild, writes nothing to us and reads from a pipe all the time.
TEST(ProcessTest, D11_OneThatWorksSilentlyIsNotStalled) {
  const auto begin = Clock::now();
  const CommandResult result = shell("(timeout 3 cat /dev/zero | cat >/dev/null); exit 5",
                                     {begin + seconds(60), seconds(1)});
  EXPECT_EQ(result.end, End::kExited) << describe(result);
  EXPECT_EQ(result.code, 5);
  EXPECT_GE(Clock::now() - begin, seconds(3));
}

TEST(ProcessTest, D14_AStopEndsIt) {
  test::in_child([] {
    install_stop_signals();
    request_stop(SIGTERM);
    const CommandResult result = shell("exec tail -f /dev/null");
    EXPECT_EQ(result.end, End::kStopped);
  });
}

TEST(ProcessTest, D13_NoChildIsLeftToReap) {
  test::in_child([] {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(run({"/bin/true"}).ok());
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
  });
}

TEST(ProcessTest, D13_ManyThreadsEachGetTheirOwnResult) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([i] {
      for (int n = 0; n < 10; ++n) {
        const CommandResult result = shell("echo $0 >&2; exit " + std::to_string(i));
        EXPECT_EQ(result.code, i);
      }
    });
  }
}

TEST(ProcessTest, D13_NoDescriptorIsLeftOpen) {
  auto open_now = [] { return test::names_in("/proc/self/fd").size(); };
  EXPECT_TRUE(run({"/bin/true"}).ok());
  const std::size_t before = open_now();
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(run({"/bin/true"}).ok());
    EXPECT_FALSE(spawn({"/no/such"}, {}, {}));
  }
  EXPECT_EQ(open_now(), before);
}

TEST(ProcessTest, WithoutFreeDescriptorsItIsAnError) {
  test::in_child([] {
    const rlim_t used = static_cast<rlim_t>(dup(0)) + 1;
    const struct rlimit none = {used, used};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const Result<Child> child = spawn({"/bin/true"}, {}, {});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, EMFILE);
  });
}

TEST(BytesMovedTest, CountsReadersAndWhatTheyHaveReaped) {
  const std::uint64_t before = bytes_moved(getpid()).value_or(0);
  EXPECT_TRUE(shell("head -c 3000000 /dev/zero | cat >/dev/null").ok());
  EXPECT_GE(bytes_moved(getpid()).value_or(0), before + 3'000'000);
}

TEST(BytesMovedTest, OfNobodyItIsUnknown) { EXPECT_FALSE(bytes_moved(0x7ffffffe)); }

}  // namespace
}  // namespace repo

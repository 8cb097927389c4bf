// The flag is the process's and is never cleared, so each test sets it in a child.
#include "base/stop_signal.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/support/child.h"
#include "tests/support/table.h"

namespace repo {
namespace {

bool readable_now(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 1;
}

TEST(StopSignalTest, NothingIsRequestedAtTheStart) {
  test::in_child([] {
    EXPECT_EQ(stop_requested(), 0);
    EXPECT_EQ(stop_fd(), -1);
    install_stop_signals();
    EXPECT_EQ(stop_requested(), 0);
    ASSERT_GE(stop_fd(), 0);
    EXPECT_FALSE(readable_now(stop_fd()));
  });
}

struct SignalCase : test::NamedCase {
  int signal;
};

class StopSignalsTest : public testing::TestWithParam<SignalCase> {};

TEST_P(StopSignalsTest, S18_SetTheFlagAndMakeTheDescriptorReadableForEver) {
  test::in_child([] {
    install_stop_signals();
    ASSERT_EQ(raise(GetParam().signal), 0);
    EXPECT_EQ(stop_requested(), GetParam().signal);
    EXPECT_TRUE(readable_now(stop_fd()));
    EXPECT_TRUE(readable_now(stop_fd()));
  });
}

TEST_P(StopSignalsTest, S18_InterruptACallThatWaits) {
  test::in_child([] {
    install_stop_signals();
    const pid_t parent = getpid();
    const pid_t sender = fork();
    if (sender == 0) {
      kill(parent, GetParam().signal);
      _exit(0);
    }
    // Whether the signal comes before or while it waits, poll() must come back.
    struct pollfd poll_fd = {stop_fd(), POLLIN, 0};
    const int result = poll(&poll_fd, 1, 20'000);
    EXPECT_TRUE(result == 1 || (result == -1 && errno == EINTR)) << result;
    EXPECT_EQ(stop_requested(), GetParam().signal);
    waitpid(sender, nullptr, 0);
  });
}

TEST_P(StopSignalsTest, S18_TheSecondOneEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        install_stop_signals();
        raise(GetParam().signal);
        raise(GetParam().signal);
        _exit(0);
      },
      testing::KilledBySignal(GetParam().signal), "");
}

INSTANTIATE_TEST_SUITE_P(Signals, StopSignalsTest,
                         testing::Values(SignalCase{"sigint", SIGINT},
                                         SignalCase{"sigterm", SIGTERM},
                                         SignalCase{"sighup", SIGHUP}),
                         test::case_name);

TEST(StopSignalTest, S18_ASecondOneOfAnotherKindEndsTheProcessToo) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        install_stop_signals();
        raise(SIGINT);
        raise(SIGTERM);
        _exit(0);
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(StopSignalTest, TheFirstRequestIsTheOneThatCounts) {
  test::in_child([] {
    install_stop_signals();
    request_stop(SIGTERM);
    request_stop(SIGINT);
    EXPECT_EQ(stop_requested(), SIGTERM);
  });
}

TEST(StopSignalTest, ARequestWithoutInstalledSignalsSetsTheFlagAlone) {
  test::in_child([] {
    request_stop(SIGTERM);
    EXPECT_EQ(stop_requested(), SIGTERM);
    EXPECT_EQ(stop_fd(), -1);
  });
}

TEST(StopSignalTest, ASignalThatWasIgnoredStaysIgnored) {
  test::in_child([] {
    std::signal(SIGHUP, SIG_IGN);  // as nohup(1) does
    install_stop_signals();
    raise(SIGHUP);
    EXPECT_EQ(stop_requested(), 0);
  });
}

TEST(StopSignalTest, S19_AClosedPipeIsAnErrorAndNoSignal) {
  test::in_child([] {
    install_stop_signals();
    int ends[2] = {};
    ASSERT_EQ(pipe(ends), 0);
    close(ends[0]);
    EXPECT_EQ(write(ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  });
}

TEST(StopSignalTest, InstallingTwiceKeepsTheDescriptor) {
  test::in_child([] {
    install_stop_signals();
    const int fd = stop_fd();
    install_stop_signals();
    EXPECT_EQ(stop_fd(), fd);
  });
}

}  // namespace
}  // namespace repo

// Reading to the end and writing all, under signals.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "base/file_io.h"
#include "base/stop_signal.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    out = UniqueFd(ends[0]);
    in = UniqueFd(ends[1]);
  }
  UniqueFd out;
  UniqueFd in;
};

TEST(ReadToEndTest, APipeIsReadUntilItsWriterCloses) {
  Pipe pipe;
  const std::string bytes(300'000, 'x');
  std::jthread writer([&] {
    EXPECT_TRUE(write_all(pipe.in.get(), bytes));
    pipe.in.reset();
  });
  const Result<std::string> read = read_to_end(pipe.out.get(), bytes.size());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, bytes);
}

// Whether a thread of this process waits in poll(2).
bool waits_in_poll(pid_t thread) {
  const std::string call =
      test::read_file("/proc/self/task/" + std::to_string(thread) + "/syscall");
#ifdef SYS_poll
  if (call.starts_with(std::to_string(SYS_poll) + " ")) return true;
#endif
  return call.starts_with(std::to_string(SYS_ppoll) + " ");
}

TEST(ReadToEndTest, S18_ASignalEndsTheWaitForAPipeThatSaysNothing) {
  test::in_child([] {
    install_stop_signals();
    const Pipe pipe;
    const pid_t reader = gettid();
    const pthread_t handle = pthread_self();
    std::jthread sender([=] {
      while (!waits_in_poll(reader)) std::this_thread::yield();
      pthread_kill(handle, SIGTERM);
    });
    const Result<std::string> read = read_to_end(pipe.out.get(), 100);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, EINTR);
  });
}

TEST(ReadToEndTest, S18_ASignalThatCameBeforeTheWaitEndsItToo) {
  test::in_child([] {
    install_stop_signals();
    const Pipe pipe;
    raise(SIGTERM);
    const Result<std::string> read = read_to_end(pipe.out.get(), 100);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, EINTR);
  });
}

TEST(ReadToEndTest, S18_WhatIsThereIsReadAfterASignalToo) {
  test::in_child([] {
    install_stop_signals();
    const test::TempDir tree;
    test::write_file(tree / "file", "content");
    raise(SIGTERM);
    const UniqueFd file(open((tree / "file").c_str(), O_RDONLY | O_CLOEXEC));
    const Result<std::string> read = read_to_end(file.get(), 100);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_EQ(*read, "content");
  });
}

TEST(ReadToEndTest, M5_WhatHasNoEndIsGivenUpAtTheLimit) {
  const UniqueFd zero(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read_to_end(zero.get(), 1'000'000).error().code, EFBIG);
}

void ignore_signal(int) {}

TEST(WriteAllTest, S21_SignalsAndShortWritesLoseNothing) {
  test::in_child([] {
    struct sigaction action = {};
    action.sa_handler = ignore_signal;  // no SA_RESTART: calls come back short or with EINTR
    sigaction(SIGALRM, &action, nullptr);
    Pipe pipe;
    std::string bytes;
    for (int i = 0; i < 1'000'000; ++i) bytes += static_cast<char>('a' + i % 23);
    std::string read;
    std::jthread reader([&] {
      sigset_t alarm;
      sigemptyset(&alarm);
      sigaddset(&alarm, SIGALRM);
      pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
      std::array<char, 501> chunk{};
      for (ssize_t n = 0; (n = ::read(pipe.out.get(), chunk.data(), chunk.size())) > 0;) {
        read.append(chunk.data(), static_cast<std::size_t>(n));
      }
    });
    const struct itimerval often = {{0, 100}, {0, 100}};
    setitimer(ITIMER_REAL, &often, nullptr);
    EXPECT_TRUE(write_all(pipe.in.get(), bytes));
    const struct itimerval never = {};
    setitimer(ITIMER_REAL, &never, nullptr);
    pipe.in.reset();
    reader.join();
    EXPECT_EQ(read.size(), bytes.size());
    EXPECT_TRUE(read == bytes);
  });
}

TEST(WriteAllTest, S19_AReaderThatIsGoneIsAnError) {
  test::in_child([] {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    pipe.out.reset();
    const Status written = write_all(pipe.in.get(), "x");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, EPIPE);
  });
}

}  // namespace
}  // namespace repo

#include "tests/support/background.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

extern char** environ;  // NOLINT: POSIX

namespace repo::test {

Background::Background(const std::vector<std::string>& argv, const std::string& errors) {
  std::vector<char*> raw;
  for (const std::string& each : argv) raw.push_back(const_cast<char*>(each.c_str()));
  raw.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0644);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSID));
  const int failed = posix_spawnp(&pid_, raw[0], &actions, &attributes, raw.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(failed, 0) << argv[0] << ": " << std::strerror(failed);
  if (failed != 0) pid_ = -1;
}

Background::Background(Background&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Background::~Background() {
  if (pid_ < 0) return;
  kill(-pid_, SIGKILL);
  wait();
}

int Background::wait() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

namespace {

bool is_readable(int fd, int milliseconds) {
  struct pollfd ready = {fd, POLLIN, 0};
  return poll(&ready, 1, milliseconds) > 0;
}

constexpr int kHalfAMinute = 30'000;

}  // namespace

EndOfWriters::EndOfWriters(const std::string& fifo) {
  EXPECT_EQ(mkfifo(fifo.c_str(), 0666), 0) << fifo << ": " << std::strerror(errno);
  chmod(fifo.c_str(), 0666);
  fd_ = UniqueFd(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_TRUE(fd_) << fifo << ": " << std::strerror(errno);
}

bool EndOfWriters::wait_for_byte() {
  char byte = 0;
  return is_readable(fd_.get(), kHalfAMinute) && read(fd_.get(), &byte, 1) == 1;
}

bool EndOfWriters::wait_until_gone() {
  char bytes[256];
  while (is_readable(fd_.get(), kHalfAMinute)) {
    if (read(fd_.get(), bytes, sizeof bytes) == 0) return true;
  }
  return false;
}

bool EndOfWriters::is_gone() const {
  char bytes[256];
  ssize_t n = 0;
  do {
    n = read(fd_.get(), bytes, sizeof bytes);
  } while (n > 0);
  return n == 0;
}

}  // namespace repo::test

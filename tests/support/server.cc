#include "tests/support/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/number.h"
#include "tests/support/test_support.h"

extern char** environ;  // NOLINT: POSIX

namespace repo::test {
namespace {

// One line, or less where it does not come within half a minute.
std::string read_line(int fd) {
  constexpr int kHalfAMinute = 30'000;
  std::string line;
  struct pollfd ready = {fd, POLLIN, 0};
  char c = 0;
  while (poll(&ready, 1, kHalfAMinute) > 0 && read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

}  // namespace

Server::Server(const std::string& script, const std::vector<std::string>& arguments) {
  start(script, arguments);
}

void Server::start(const std::string& script, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {"/usr/bin/python3", "-B",
                                   REPO_TEST_SUPPORT "/servers/" + script};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<char*> raw;
  for (std::string& each : argv) raw.push_back(each.data());
  raw.push_back(nullptr);
  int in[2];
  int out[2];
  ASSERT_EQ(pipe2(in, O_CLOEXEC), 0) << std::strerror(errno);
  ASSERT_EQ(pipe2(out, O_CLOEXEC), 0) << std::strerror(errno);
  stdin_ = UniqueFd(in[1]);
  UniqueFd port_line(out[0]);
  UniqueFd its_in(in[0]);
  UniqueFd its_out(out[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, its_in.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, its_out.get(), 1);
  const int failed = posix_spawn(&pid_, raw[0], &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ASSERT_EQ(failed, 0) << std::strerror(failed);
  its_out.reset();
  const std::string line = read_line(port_line.get());
  const auto port = to_number<std::uint16_t>(line);
  ASSERT_TRUE(port) << script << " is not ready, it says: " << line;
  port_ = *port;
}

Server::~Server() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::uint16_t closed_port() {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  void* where = &address;
  EXPECT_EQ(bind(fd.get(), static_cast<struct sockaddr*>(where), length), 0);
  EXPECT_EQ(getsockname(fd.get(), static_cast<struct sockaddr*>(where), &length), 0);
  return ntohs(address.sin_port);
}

void make_certificates(const std::string& directory) {
  must_run({REPO_TEST_SUPPORT "/servers/make_certificates", directory});
}

}  // namespace repo::test

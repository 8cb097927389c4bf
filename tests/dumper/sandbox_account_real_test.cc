// Tools that are somebody of the machine, and tools that talk to servers: what they reach, and what
// still is out of reach.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/number.h"
#include "base/stop_signal.h"
#include "dumper/sandbox.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/sandboxed.h"
#include "tests/support/table.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

constexpr unsigned kSomebody = 54321;
const Account kAccount = {kSomebody, 54322, {54323, 54324}, "somebody"};

class SandboxAccountTest : public test::SandboxTest {
 protected:
  SandboxAccountTest() : SandboxTest(REPO_SANDBOX_PROBE) {}
  std::string inside(const Words& words, Sockets sockets) const {
    Command command = tree_.probe(words);
    command.sockets = sockets;
    return test::said(sandbox_->run(command));
  }
  const std::unique_ptr<CommandRunner> direct_ = make_direct_runner();
};

// A process that runs as this user; -1 where there is none.
pid_t process_of(unsigned uid) {
  for (const std::string& name : test::names_in("/proc")) {
    const std::optional<pid_t> pid = to_number<pid_t>(name);
    struct stat st = {};
    if (pid && stat(("/proc/" + name).c_str(), &st) == 0 && st.st_uid == uid) return *pid;
  }
  return -1;
}

struct Listening {
  UniqueFd server;
  std::string at;  // port, or path
};

Listening listen_on_loopback() {
  Listening made;
  made.server = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* any = reinterpret_cast<struct sockaddr*>(&address);
  EXPECT_EQ(bind(made.server.get(), any, length), 0) << std::strerror(errno);
  EXPECT_EQ(listen(made.server.get(), 5), 0);
  EXPECT_EQ(getsockname(made.server.get(), any, &length), 0);
  made.at = std::to_string(ntohs(address.sin_port));
  return made;
}

UniqueFd listen_at(const std::string& name) {
  UniqueFd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + name.size());
  EXPECT_EQ(bind(server.get(), reinterpret_cast<struct sockaddr*>(&address), length), 0)
      << std::strerror(errno);
  EXPECT_EQ(listen(server.get(), 5), 0);
  return server;
}

struct ReachCase : test::NamedCase {
  Sockets sockets;
  const char* unix_socket;  // in a bound folder
  const char* abstract;
  const char* tcp;
};

class ReachTest : public SandboxAccountTest, public testing::WithParamInterface<ReachCase> {};

TEST_P(ReachTest, D22_WhatWasAskedForIsReachedAndNothingElse) {
  const ReachCase& reach = GetParam();
  const UniqueFd in_folder = listen_at(tree_ / "source/s");
  test::set_mode(tree_ / "source/s", 0777);
  test::set_mode(tree_ / "source", 0755);
  const std::string name = "repo-backup-test-" + std::to_string(getpid());
  const UniqueFd abstract = listen_at(std::string(1, '\0') + name);
  const Listening tcp = listen_on_loopback();
  EXPECT_EQ(inside({"unix", "/source/s"}, reach.sockets), reach.unix_socket);
  EXPECT_EQ(inside({"abstract", name}, reach.sockets), reach.abstract);
  EXPECT_EQ(inside({"tcp", tcp.at}, reach.sockets), reach.tcp);
  EXPECT_EQ(inside({"read", "/etc/shadow"}, reach.sockets), "ENOENT");
  const std::string names = inside({"read", "/etc/hosts"}, reach.sockets);
  EXPECT_EQ(names.starts_with("ok"), reach.sockets == Sockets::kHost) << names;
}

INSTANTIATE_TEST_SUITE_P(
    Sockets, ReachTest,
    testing::Values(ReachCase{"none", Sockets::kNone, "EPERM", "EPERM", "EPERM"},
                    ReachCase{"unix", Sockets::kUnix, "ok", "ECONNREFUSED", "EPERM"},
                    ReachCase{"own", Sockets::kOwn, "ok", "ECONNREFUSED", "ECONNREFUSED"},
                    ReachCase{"host", Sockets::kHost, "ok", "ok", "ok"}),
    test::case_name);

TEST_F(SandboxAccountTest, TheToolIsThatUserWithItsGroups) {
  Command command = tree_.command({"id"});
  command.account = kAccount;
  EXPECT_THAT(test::said(sandbox_->run(command)),
              HasSubstr("uid=54321 gid=54322 groups=54322,54323,54324"));
  command.account->groups.clear();
  EXPECT_THAT(test::said(sandbox_->run(command)), HasSubstr("groups=54322"));
}

TEST_F(SandboxAccountTest, WithoutASandboxTheToolIsThatUserTooAndComesToNoDumpRoot) {
  Command command = tree_.command({"id"});
  command.account = kAccount;
  EXPECT_THAT(describe(direct_->run(command)), HasSubstr("the user somebody cannot come"));
  command.binds.clear();
  EXPECT_THAT(test::said(direct_->run(command)),
              HasSubstr("uid=54321 gid=54322 groups=54322,54323,54324"));
}

TEST_F(SandboxAccountTest, ItReadsWhatThatUserMayReadAndNothingElse) {
  test::give_to(tree_ / "source", kSomebody);
  test::give_to(tree_ / "source/inside", kSomebody);
  test::set_mode(tree_ / "staging", 0755);
  Command command = tree_.probe({"read", "/source/inside"});
  EXPECT_EQ(test::said(sandbox_->run(command)), "EACCES");
  command.account = kAccount;
  EXPECT_EQ(test::said(sandbox_->run(command)), "ok inside bytes");
  command.argv = {"/staging/probe", "setuid"};
  EXPECT_EQ(test::said(sandbox_->run(command)), "EPERM");
}

// Another process of the user could otherwise reach all that the tool has open (ptrace(2)).
TEST_F(SandboxAccountTest, D22_ThatUserCannotTraceItFromOutside) {
  test::in_child([this] {
    install_stop_signals();
    test::give_to(tree_ / "staging", kSomebody);
    test::EndOfWriters fifo(tree_ / "staging/fifo");
    test::give_to(tree_ / "staging/fifo", kSomebody);
    Command command = tree_.probe({"stay", "/staging/fifo"});
    command.account = kAccount;
    std::thread other([&] {
      EXPECT_TRUE(fifo.wait_for_byte());
      const pid_t found = process_of(kSomebody);
      EXPECT_GT(found, 0);
      test::in_child([&] {
        test::become_user(kSomebody);
        EXPECT_EQ(kill(found, 0), 0) << "it is that user's";
        EXPECT_EQ(ptrace(PTRACE_ATTACH, found, nullptr, nullptr), -1);
        EXPECT_EQ(errno, EPERM);
        const int root = open(fmt::format("/proc/{}/root/staging", found).c_str(), O_RDONLY);
        EXPECT_EQ(root, -1);
      });
      request_stop(SIGTERM);
    });
    sandbox_->run(command);
    other.join();
  });
}

TEST_F(SandboxAccountTest, FilesThatWereMadeForItAreThereForReading) {
  Command command =
      tree_.command({"bash", "-c", "cat /etc/passwd /etc/deep/er; echo x >>/etc/passwd"});
  command.files = {{"/etc/passwd", "a:x:1:1::/:/bin/sh\n"}, {"/etc/deep/er", std::string()}};
  const CommandResult result = sandbox_->run(command);
  EXPECT_EQ(result.out, "a:x:1:1::/:/bin/sh\n");
  EXPECT_EQ(result.code, 1) << "nobody writes to it";
}

TEST_F(SandboxAccountTest, D31_ASecretIsInheritedAtItsNumberAlone) {
  test::write_file(tree_ / "key", "the secret\n");
  test::set_mode(tree_ / "key", 0600);
  const UniqueFd key(open((tree_ / "key").c_str(), O_RDONLY | O_CLOEXEC));
  for (const auto& runner : {std::cref(*sandbox_), std::cref(*direct_)}) {
    ASSERT_EQ(lseek(key.get(), 0, SEEK_SET), 0);
    Command command = tree_.command({"bash", "-c", "cat <&5"});
    command.handed = {{key.get(), 5}};
    EXPECT_EQ(test::said(runner.get().run(command)), "the secret");
  }
  Command command = tree_.probe({"descriptors"});
  command.handed = {{key.get(), 5}};
  EXPECT_EQ(test::said(sandbox_->run(command)), "ok 0 1 2 5");
}

TEST_F(SandboxAccountTest, StdoutGoesWhereItIsSent) {
  const UniqueFd file(open((tree_ / "out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  Command command = tree_.command({"bash", "-c", "head -c 3000000 /dev/zero; echo err >&2"});
  command.output = file.get();
  const CommandResult result = sandbox_->run(command);
  EXPECT_TRUE(result.ok()) << describe(result);
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(test::lstat_of(tree_ / "out").st_size, 3'000'000);
}

}  // namespace
}  // namespace repo

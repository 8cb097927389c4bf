// The walls of the sandbox, from inside: a planted program tries each way out. Every way is tried
// outside too, where it must be open.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "dumper/sandbox.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/sandboxed.h"
#include "tests/support/table.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

class SandboxWallsTest : public test::SandboxTest {
 protected:
  SandboxWallsTest() : SandboxTest(REPO_SANDBOX_PROBE) {}
  std::string inside(const Words& words, bool reads_any_file = false) const {
    Command command = tree_.probe(words);
    command.reads_any_file = reads_any_file;
    return test::said(sandbox_->run(command));
  }
  // With {tree} for the folder of the test.
  Words filled(Words words) const {
    for (std::string& word : words) {
      for (std::size_t at = word.find("{tree}"); at != std::string::npos;
           at = word.find("{tree}")) {
        word.replace(at, 6, tree_.path());
      }
    }
    return words;
  }
};

// The same words inside and outside, or others outside that do the same there.
struct WayCase : test::NamedCase {
  Words words;
  Words refused;       // any of these answers
  Words outside = {};  // empty: the same words
  bool open_outside = true;
};

class WayOutTest : public SandboxWallsTest, public testing::WithParamInterface<WayCase> {};

TEST_P(WayOutTest, D22_IsShutInsideAndOpenOutside) {
  const WayCase& way = GetParam();
  for (const bool reads_any_file : {false, true}) {
    EXPECT_THAT(way.refused, testing::Contains(inside(filled(way.words), reads_any_file)))
        << (reads_any_file ? "with" : "without") << " CAP_DAC_READ_SEARCH";
  }
  if (!way.open_outside) return;
  test::in_child([&] {
    test::enter_private_mount_namespace();
    EXPECT_THAT(tree_.outside(filled(way.outside.empty() ? way.words : way.outside)),
                StartsWith("ok"))
        << "the control";
  });
}

INSTANTIATE_TEST_SUITE_P(
    Files, WayOutTest,
    testing::Values(WayCase{"passwords", {"read", "/etc/shadow"}, {"ENOENT"}},
                    WayCase{"file_beside_the_source", {"read", "{tree}/secret"}, {"ENOENT"}},
                    WayCase{"up_from_the_source",
                            {"read", "/source/../secret"},
                            {"ENOENT", "EACCES"},
                            {"read", "{tree}/source/../secret"}},
                    WayCase{"up_from_an_open_folder",
                            {"read-below", "/source", "../secret"},
                            {"ENOENT", "EBADF"},
                            {"read-below", "{tree}/source", "../secret"}},
                    WayCase{"far_up_from_an_open_folder",
                            {"read-below", "/staging", "../../../../../../../etc/shadow"},
                            {"ENOENT"},
                            {"read-below", "{tree}/staging", "../../../../../../../etc/shadow"}},
                    WayCase{"link_in_the_source",
                            {"read", "/source/link-out"},
                            {"ENOENT", "EACCES"},
                            {"read", "{tree}/source/link-out"}},
                    WayCase{"homes", {"list", "/root"}, {"ENOENT"}},
                    WayCase{"var", {"list", "/var"}, {"ENOENT"}},
                    WayCase{"proc", {"read", "/proc/self/status"}, {"ENOENT"}},
                    WayCase{"sys", {"list", "/sys"}, {"ENOENT"}},
                    WayCase{"disks", {"list", "/dev/mapper"}, {"ENOENT"}, {"list", "/dev"}},
                    WayCase{"writing_the_source",
                            {"write", "/source/inside"},
                            {"EROFS", "EACCES"},
                            {"write", "{tree}/source/inside"}},
                    WayCase{"making_a_file_in_the_source",
                            {"create", "/source/new"},
                            {"EROFS", "EACCES"},
                            {"create", "{tree}/source/new"}},
                    WayCase{"removing_from_the_source",
                            {"unlink", "/source/inside"},
                            {"EROFS", "EACCES"},
                            {"unlink", "{tree}/source/inside"}},
                    WayCase{"changing_a_mode_in_the_source",
                            {"chmod", "/source/inside"},
                            {"EROFS", "EACCES", "EPERM"},
                            {"chmod", "{tree}/source/inside"}},
                    WayCase{"a_second_name_for_a_file_of_the_source",
                            {"link", "/source/inside", "/staging/stolen"},
                            {"EXDEV", "EACCES"},
                            {"link", "{tree}/source/inside", "{tree}/staging/stolen"}},
                    WayCase{"moving_a_file_out_of_the_source",
                            {"rename", "/source/inside", "/staging/stolen"},
                            {"EXDEV", "EROFS", "EACCES"},
                            {"rename", "{tree}/source/inside", "{tree}/staging/stolen"}},
                    WayCase{"writing_a_program", {"write", "/usr/bin/env"}, {"EROFS", "EACCES"}},
                    WayCase{"making_a_program",
                            {"create", "/usr/bin/.repo-backup-probe"},
                            {"EROFS", "EACCES"},
                            {},
                            false},
                    WayCase{"making_a_file_beside_the_binds",
                            {"create", "/new"},
                            {"EROFS", "EACCES"},
                            {"create", "{tree}/new"}},
                    WayCase{"making_a_device",
                            {"mknod", "/staging/null"},
                            {"EPERM"},
                            {"mknod", "{tree}/staging/null"}}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Kernel, WayOutTest,
    testing::Values(
        WayCase{"mounting", {"mount", "/tmp"}, {"EPERM"}, {"mount", "{tree}/source"}},
        WayCase{"binding",
                {"bind", "/staging", "/source"},
                {"EPERM"},
                {"bind", "{tree}/staging", "{tree}/source"}},
        WayCase{"making_the_source_writable", {"remount", "/source"}, {"EPERM"}, {}, false},
        WayCase{"unmounting", {"umount", "/source"}, {"EPERM"}, {}, false},
        WayCase{
            "changing_the_root", {"chroot", "/staging"}, {"EPERM"}, {"chroot", "{tree}/staging"}},
        WayCase{"a_mount_namespace", {"unshare", std::to_string(CLONE_NEWNS)}, {"EPERM"}},
        WayCase{"a_user_namespace", {"unshare", std::to_string(CLONE_NEWUSER)}, {"EPERM"}},
        WayCase{
            "a_user_namespace_for_a_child", {"clone", std::to_string(CLONE_NEWUSER)}, {"EPERM"}},
        WayCase{"a_pid_namespace_for_a_child", {"clone", std::to_string(CLONE_NEWPID)}, {"EPERM"}},
        WayCase{"the_namespace_of_the_first_process",
                {"setns", "1", std::to_string(CLONE_NEWNS)},
                {"EPERM"},
                {},
                false},
        WayCase{"tracing", {"trace"}, {"EPERM"}}, WayCase{"keys", {"keyctl"}, {"EPERM"}},
        WayCase{"bpf", {"bpf"}, {"EPERM"}}, WayCase{"io_uring", {"io_uring"}, {"EPERM"}, {}, false},
        WayCase{"becoming_root", {"setuid"}, {"EPERM"}},
        WayCase{"the_group_of_root", {"setgid"}, {"EPERM"}},
        WayCase{"all_other_processes", {"kill", "-1"}, {"ESRCH"}}),
    test::case_name);

TEST_F(SandboxWallsTest, WhatIsBoundIsThere) {
  EXPECT_EQ(inside({"read", "/source/inside"}, true), "ok inside bytes");
  EXPECT_EQ(inside({"create", "/staging/new"}), "ok");
  EXPECT_TRUE(test::exists(tree_ / "staging/new"));
  EXPECT_EQ(inside({"list", "/"}, true), inside({"list", "/"}));
  EXPECT_THAT(inside({"list", "/"}), AnyOf(HasSubstr("ok bin dev lib"), HasSubstr("ok bin dev")));
  EXPECT_THAT(inside({"list", "/"}), Not(HasSubstr("proc")));
  EXPECT_THAT(inside({"list", "/"}), Not(HasSubstr("etc")));
}

TEST_F(SandboxWallsTest, APrivateSourceOfSomebodyElseIsReadWithTheCapabilityAlone) {
  EXPECT_EQ(inside({"read", "/source/inside"}), "EACCES");
  EXPECT_EQ(inside({"read", "/source/inside"}, true), "ok inside bytes");
}

// The bytes of a handle can be guessed: they are an inode number.
TEST_F(SandboxWallsTest, D19_AHandleOfAFileOutsideOpensNothingInside) {
  alignas(struct file_handle) std::array<unsigned char, sizeof(struct file_handle) + MAX_HANDLE_SZ>
      room{};
  auto* handle = reinterpret_cast<struct file_handle*>(room.data());
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  const std::string secret = tree_ / "secret";
  ASSERT_EQ(name_to_handle_at(AT_FDCWD, secret.c_str(), handle, &mount, 0), 0)
      << std::strerror(errno);
  std::string hex;
  for (unsigned i = 0; i < handle->handle_bytes; ++i) {
    hex += fmt::format("{:02x}", room[sizeof(struct file_handle) + i]);
  }
  const std::string type = std::to_string(handle->handle_type);
  EXPECT_EQ(tree_.outside({"handle", tree_ / "source", type, hex}), "ok secret bytes");
  for (const char* mounted : {"/staging", "/source", "/usr"}) {
    EXPECT_EQ(inside({"handle", mounted, type, hex}, true), "EPERM") << mounted;
  }
}

TEST_F(SandboxWallsTest, CapabilitiesAreNoneOrTheOneThatReads) {
  EXPECT_EQ(inside({"capabilities"}), "ok eff=0 prm=0 inh=0 bnd=0 amb=0 nnp=1");
  EXPECT_EQ(inside({"capabilities"}, true), "ok eff=4 prm=4 inh=4 bnd=4 amb=4 nnp=1");
  EXPECT_THAT(tree_.outside({"capabilities"}), Not(HasSubstr("eff=0 ")));
}

TEST_F(SandboxWallsTest, TheUserIsItsOwnWithoutGroups) {
  const std::string id = std::to_string(test::SandboxTree::kUid);
  EXPECT_EQ(inside({"identity"}), fmt::format("ok {0} {0} {0} {0} {0} {0} groups=0", id));
}

TEST_F(SandboxWallsTest, D31_TheEnvironmentIsCleared) {
  ASSERT_EQ(setenv("SECRET_OF_THE_CALLER", "x", 1), 0);
  Command command = tree_.probe({"environment"});
  command.environment = {{"HGPLAIN", "1"}};
  EXPECT_THAT(test::said(sandbox_->run(command)),
              testing::MatchesRegex(
                  "ok HOME=/nonexistent LC_ALL=C.UTF-8 (PATH=[^ ]* HGPLAIN=1|HGPLAIN=1 PATH=[^ "
                  "]*)( PWD=/)?|"
                  "ok PATH=/usr/bin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 HGPLAIN=1( PWD=/)?|"
                  "ok PWD=/ PATH=/usr/bin:/bin HOME=/nonexistent LC_ALL=C.UTF-8 HGPLAIN=1"));
  EXPECT_THAT(tree_.outside({"environment"}), HasSubstr("SECRET_OF_THE_CALLER"));
}

TEST_F(SandboxWallsTest, D31_NoDescriptorIsThereButTheThreeStandardOnes) {
  EXPECT_EQ(inside({"descriptors"}), "ok 0 1 2");
}

// A folder that is open leads anywhere with "..".
TEST_F(SandboxWallsTest, D31_NoDescriptorOfTheCallerIsThereWhoeverOpenedIt) {
  const UniqueFd folder(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd leaked(fcntl(folder.get(), F_DUPFD, 3));
  const UniqueFd high(fcntl(folder.get(), F_DUPFD, 300));
  EXPECT_EQ(inside({"descriptors"}), "ok 0 1 2");
  EXPECT_EQ(inside({"read", fmt::format("/dev/fd/{}/etc/hostname", leaked.get())}), "ENOENT");
}

TEST_F(SandboxWallsTest, TheProcessesOfTheHostAreNotThere) {
  const test::Background waiting({"tail", "-f", "/dev/null"});
  const std::string pid = std::to_string(waiting.pid());
  EXPECT_EQ(inside({"kill", pid}), "ESRCH");
  EXPECT_EQ(tree_.outside({"kill", pid}), "ok");
}

TEST_F(SandboxWallsTest, D22_AServerOfTheHostIsNotReached) {
  const UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* any = reinterpret_cast<struct sockaddr*>(&address);
  ASSERT_EQ(bind(server.get(), any, length), 0) << std::strerror(errno);
  ASSERT_EQ(listen(server.get(), 5), 0);
  ASSERT_EQ(getsockname(server.get(), any, &length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  EXPECT_EQ(inside({"tcp", port}), "EPERM");
  EXPECT_EQ(tree_.outside({"tcp", port}), "ok");
}

// Listens at an address of AF_UNIX; `name` begins with NUL where it is abstract.
UniqueFd listen_at(const std::string& name) {
  UniqueFd server(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  const auto length = static_cast<socklen_t>(offsetof(struct sockaddr_un, sun_path) + name.size() +
                                             (name[0] == '\0' ? 0 : 1));
  EXPECT_EQ(bind(server.get(), reinterpret_cast<struct sockaddr*>(&address), length), 0)
      << std::strerror(errno);
  EXPECT_EQ(listen(server.get(), 5), 0);
  return server;
}

TEST_F(SandboxWallsTest, D22_AnAbstractSocketOfTheHostIsNotReached) {
  const std::string name = "repo-backup-test-" + std::to_string(getpid());
  const UniqueFd server = listen_at(std::string(1, '\0') + name);
  EXPECT_EQ(inside({"abstract", name}), "EPERM");
  EXPECT_EQ(tree_.outside({"abstract", name}), "ok");
}

TEST_F(SandboxWallsTest, D22_ASocketInAFolderOfTheHostIsNotReached) {
  const UniqueFd server = listen_at(tree_ / "s");
  EXPECT_EQ(inside({"unix", tree_ / "s"}), "EPERM");
  EXPECT_EQ(tree_.outside({"unix", tree_ / "s"}), "ok");
}

// A socket that the owner of a repository keeps in it: his server would be talked to.
TEST_F(SandboxWallsTest, D22_ASocketInTheSourceIsNotReached) {
  const UniqueFd server = listen_at(tree_ / "source/s");
  test::set_mode(tree_ / "source/s", 0777);
  EXPECT_EQ(inside({"unix", "/source/s"}, true), "EPERM");
  EXPECT_EQ(tree_.outside({"unix", tree_ / "source/s"}), "ok");
}

TEST_F(SandboxWallsTest, D22_TheOldArchitectureEndsTheTool) {
  EXPECT_THAT(inside({"old-architecture"}), Not(StartsWith("ok")));
}

TEST_F(SandboxWallsTest, TmpIsPrivateEmptyAndSticky) {
  EXPECT_EQ(inside({"mode", "/tmp"}), "ok 1777");
  EXPECT_EQ(inside({"create", "/tmp/.of-the-probe"}), "ok");
  EXPECT_FALSE(test::exists("/tmp/.of-the-probe"));
  EXPECT_EQ(inside({"list", "/tmp"}), "ok");
}

TEST_F(SandboxWallsTest, NoCoreIsDumpedAndAFileHasItsLargestSize) {
  Command command = tree_.command({"bash", "-c", "ulimit -c; ulimit -f; ulimit -Hf"});
  command.max_file_size = 1 << 20;
  EXPECT_EQ(test::said(sandbox_->run(command)), "0\n1024\n1024");
}

TEST_F(SandboxWallsTest, D15_AFileBeyondTheLimitIsNotWritten) {
  Command command = tree_.command({"bash", "-c", "head -c 9999999 /dev/zero >/staging/large"});
  command.max_file_size = 1 << 20;
  EXPECT_FALSE(sandbox_->run(command).ok());
  EXPECT_LE(test::lstat_of(tree_ / "staging/large").st_size, 1 << 20);
}

// As another user than root: the same walls, made of a user namespace.
TEST_F(SandboxWallsTest, AsAnOrdinaryUserTheWallsStandToo) {
  test::give_to(tree_ / "staging", test::SandboxTree::kOwner);
  test::in_child([this] {
    test::become_user(test::SandboxTree::kOwner);
    Result<std::unique_ptr<CommandRunner>> made = make_sandbox();
    ASSERT_TRUE(made) << describe(made.error());
    sandbox_ = *std::move(made);
    EXPECT_EQ(inside({"read", "/source/inside"}), "ok inside bytes");
    EXPECT_EQ(inside({"create", "/staging/new"}), "ok");
    EXPECT_EQ(inside({"write", "/source/inside"}), "EROFS");
    EXPECT_EQ(inside({"read", "/etc/passwd"}), "ENOENT");
    EXPECT_EQ(inside({"read", "/source/../secret"}), "ENOENT");
    EXPECT_EQ(inside({"list", "/proc"}), "ENOENT");
    EXPECT_EQ(inside({"mount", "/tmp"}), "EPERM");
    EXPECT_EQ(inside({"remount", "/source"}), "EPERM");
    EXPECT_EQ(inside({"kill", "-1"}), "ESRCH");
    EXPECT_THAT(inside({"capabilities"}), StartsWith("ok eff=0 prm=0 inh=0 "));
  });
}

}  // namespace
}  // namespace repo

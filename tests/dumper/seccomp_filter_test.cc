// The filter alone, put on a process that is root with all capabilities: so what is refused here
// is refused by the filter and by nothing else.
#include "dumper/seccomp_filter.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

void put_filter_on() {
  Result<std::string> program = seccomp_program();
  ASSERT_TRUE(program) << describe(program.error());
  std::vector<struct sock_filter> instructions(program->size() / sizeof(struct sock_filter));
  std::memcpy(instructions.data(), program->data(), program->size());
  const struct sock_fprog filter = {static_cast<unsigned short>(instructions.size()),
                                    instructions.data()};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0) << std::strerror(errno);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0) << std::strerror(errno);
}

TEST(SeccompFilterTest, IsAProgramOfWholeInstructions) {
  const Result<std::string> program = seccomp_program();
  ASSERT_TRUE(program) << describe(program.error());
  EXPECT_GT(program->size(), 50 * sizeof(struct sock_filter));
  EXPECT_EQ(program->size() % sizeof(struct sock_filter), 0U);
}

// A call with arguments that do no harm: outside it fails, if at all, with another error.
struct CallCase : test::NamedCase {
  long number;
  std::array<long, 5> arguments;
  bool maybe_forbidden_outside = false;  // by a setting of the machine
};

int errno_of(const CallCase& call) {
  const auto& a = call.arguments;
  errno = 0;
  return syscall(call.number, a[0], a[1], a[2], a[3], a[4]) == -1 ? errno : 0;
}

class RefusedCallTest : public testing::TestWithParam<CallCase> {};

TEST_P(RefusedCallTest, D22_GivesEpermWithTheFilterAndNotWithout) {
  REPO_NEEDS_ROOT();
  test::in_child([] {
    setsid();
    if (!GetParam().maybe_forbidden_outside) {
      EXPECT_NE(errno_of(GetParam()), EPERM) << "the control";
    }
  });
  test::in_child([] {
    setsid();
    put_filter_on();
    EXPECT_EQ(errno_of(GetParam()), EPERM);
  });
}

const long kNowhere = reinterpret_cast<long>("/no/such/file");

INSTANTIATE_TEST_SUITE_P(
    Calls, RefusedCallTest,
    testing::Values(
        CallCase{"name_to_handle_at", SYS_name_to_handle_at, {-1, kNowhere, 0, 0, 0}},
        CallCase{"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}},
        CallCase{"mount", SYS_mount, {kNowhere, kNowhere, kNowhere, 0, 0}},
        CallCase{"umount2", SYS_umount2, {kNowhere, 0}},
        CallCase{"pivot_root", SYS_pivot_root, {kNowhere, kNowhere}},
        CallCase{"chroot", SYS_chroot, {kNowhere}},
        CallCase{"open_tree", SYS_open_tree, {-1, kNowhere, 0}},
        CallCase{"move_mount", SYS_move_mount, {-1, kNowhere, -1, kNowhere, 0}},
        CallCase{"fsopen", SYS_fsopen, {0, 0}},
        CallCase{"fsconfig", SYS_fsconfig, {-1, 0, 0, 0, 0}},
        CallCase{"fsmount", SYS_fsmount, {-1, 0, 0}},
        CallCase{"fspick", SYS_fspick, {-1, kNowhere, 0}},
        CallCase{"mount_setattr", SYS_mount_setattr, {-1, kNowhere, 0, 0, 0}},
        CallCase{"unshare", SYS_unshare, {0}}, CallCase{"setns", SYS_setns, {-1, 0}},
        CallCase{"ptrace", SYS_ptrace, {16, 0x7ffffffe, 0, 0}},
        CallCase{"process_vm_readv", SYS_process_vm_readv, {0x7ffffffe, 0, 0, 0, 0}},
        CallCase{"process_vm_writev", SYS_process_vm_writev, {0x7ffffffe, 0, 0, 0, 0}},
        CallCase{"kcmp", SYS_kcmp, {0x7ffffffe, 0x7ffffffe, 0, 0, 0}},
        CallCase{"pidfd_getfd", SYS_pidfd_getfd, {-1, 0, 0}},
        CallCase{"process_madvise", SYS_process_madvise, {-1, 0, 0, 0, 0}},
        CallCase{"bpf", SYS_bpf, {9999, 0, 0}, true},
        CallCase{"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, 0}, true},
        CallCase{"userfaultfd", SYS_userfaultfd, {-1}},
        CallCase{"keyctl", SYS_keyctl, {9999}, true},
        CallCase{"add_key", SYS_add_key, {0, 0, 0, 0, 0}, true},
        CallCase{"request_key", SYS_request_key, {0, 0, 0, 0}, true},
        CallCase{"io_uring_setup", SYS_io_uring_setup, {0, 0}, true},
        CallCase{"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0}, true},
        CallCase{"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}, true},
        CallCase{"finit_module", SYS_finit_module, {-1, 0, 0}, true},
        CallCase{"delete_module", SYS_delete_module, {kNowhere, 0}, true},
        CallCase{"kexec_load", SYS_kexec_load, {0, 0, 0, -1}, true},
        CallCase{"reboot", SYS_reboot, {0, 0, 0, 0}}, CallCase{"swapon", SYS_swapon, {kNowhere, 0}},
        CallCase{"swapoff", SYS_swapoff, {kNowhere}}, CallCase{"acct", SYS_acct, {kNowhere}},
        CallCase{"quotactl", SYS_quotactl, {-1, 0, 0, 0}},
        CallCase{"syslog", SYS_syslog, {9999, 0, 0}, true},
        CallCase{"settimeofday", SYS_settimeofday, {1, 0}},
        CallCase{"clock_settime", SYS_clock_settime, {9999, 1}},
        CallCase{"clock_adjtime", SYS_clock_adjtime, {9999, 1}},
        CallCase{"adjtimex", SYS_adjtimex, {0}}, CallCase{"sethostname", SYS_sethostname, {0, -1}},
        CallCase{"setdomainname", SYS_setdomainname, {0, -1}},
        CallCase{"fanotify_init", SYS_fanotify_init, {-1, 0}},
        CallCase{"personality", SYS_personality, {0xffffffff}}),
    test::case_name);

// clone(2) and at once the end of what it made. 0 or errno.
int try_clone(unsigned long flags) {
  const long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  if (pid < 0) return errno;
  waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return 0;
}

struct FlagCase : test::NamedCase {
  unsigned long flag;
  bool maybe_forbidden_outside = false;
};

class CloneFlagTest : public testing::TestWithParam<FlagCase> {};

TEST_P(CloneFlagTest, D22_ANewNamespaceIsRefusedAlone) {
  REPO_NEEDS_ROOT();
  if (!GetParam().maybe_forbidden_outside) {
    EXPECT_EQ(try_clone(GetParam().flag), 0) << "the control: " << std::strerror(errno);
  }
  test::in_child([] {
    put_filter_on();
    EXPECT_EQ(try_clone(GetParam().flag), EPERM);
    EXPECT_EQ(try_clone(GetParam().flag | CLONE_VFORK), EPERM);
    EXPECT_EQ(try_clone(GetParam().flag | 1UL << 40), EPERM);
    EXPECT_EQ(try_clone(0), 0);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Flags, CloneFlagTest,
    testing::Values(FlagCase{"user", CLONE_NEWUSER,
                             true},  // in a chroot FlagCase{"mount", CLONE_NEWNS},
                    FlagCase{"pid", CLONE_NEWPID}, FlagCase{"net", CLONE_NEWNET},
                    FlagCase{"ipc", CLONE_NEWIPC}, FlagCase{"uts", CLONE_NEWUTS},
                    FlagCase{"cgroup", CLONE_NEWCGROUP}),
    test::case_name);

TEST(SeccompFilterTest, Clone3IsUnknownSoThatLibcTakesClone) {
  test::in_child([] {
    put_filter_on();
    EXPECT_EQ(syscall(SYS_clone3, nullptr, 0), -1);
    EXPECT_EQ(errno, ENOSYS);
    int ran = 0;
    std::thread([&ran] { ran = 1; }).join();
    EXPECT_EQ(ran, 1);
    EXPECT_EQ(test::run({"/bin/true"}).status, 0);
  });
}

TEST(SeccompFilterTest, D22_NothingIsTypedIntoATerminal) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  char c = 'x';
  EXPECT_EQ(syscall(SYS_ioctl, null, TIOCSTI, &c), -1);
  EXPECT_EQ(errno, ENOTTY) << "the control";
  test::in_child([&] {
    put_filter_on();
    for (const unsigned long high : {0UL, 1UL << 32, 0xdeadbeefUL << 32}) {
      EXPECT_EQ(syscall(SYS_ioctl, null, high | TIOCSTI, &c), -1);
      EXPECT_EQ(errno, EPERM) << high;
    }
    EXPECT_EQ(syscall(SYS_ioctl, null, TIOCGWINSZ, &c), -1);
    EXPECT_EQ(errno, ENOTTY);
  });
}

// Not only those of a network namespace: a Unix socket lies in a bound folder, AF_VSOCK and AF_ALG
// lead to the machine's host and deep into the kernel.
TEST(SeccompFilterTest, D22_NoSocketCanBeMade) {
  test::in_child([] {
    put_filter_on();
    for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, 38, 40}) {
      for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW}) {
        EXPECT_EQ(syscall(SYS_socket, family, type, 0), -1);
        EXPECT_EQ(errno, EPERM) << family;
      }
    }
    std::array<int, 2> ends{};
    EXPECT_EQ(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends.data()), -1);
    EXPECT_EQ(errno, EPERM);
  });
}

#ifdef __x86_64__
// How a child ends that does `deed` behind the filter.
int wait_status_of(void (*deed)()) {
  const pid_t pid = fork();
  if (pid == 0) {
    // Not the calling thread alone: another one must go with it.
    std::thread([] {
      while (true) pause();
    }).detach();
    put_filter_on();
    deed();
    _exit(0);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  return status;
}

TEST(SeccompFilterTest, D22_ACallOfTheOldArchitectureEndsTheProcess) {
  const int status = wait_status_of([] {
    long number = 20;  // getpid of i386
    asm volatile("int $0x80" : "+a"(number) : : "memory");
  });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}

TEST(SeccompFilterTest, D22_ACallOfX32EndsTheProcess) {
  const int status = wait_status_of([] { syscall(0x40000000L + SYS_getpid); });
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGSYS);
}
#endif

}  // namespace
}  // namespace repo

#include "dumper/seccomp_filter.h"

#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "base/file_io.h"

namespace repo {
namespace {

constexpr std::array kRefused = {
    SCMP_SYS(open_by_handle_at), SCMP_SYS(name_to_handle_at),
    // mounts and namespaces
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(unshare), SCMP_SYS(setns),
    // other processes
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp),
    SCMP_SYS(pidfd_getfd), SCMP_SYS(process_madvise),
    // 32-bit programs' way to sockets, which no filter can look into
    SCMP_SYS(socketcall),
    // the kernel
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl),
    SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(quotactl_fd),
    SCMP_SYS(syslog), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl),
    SCMP_SYS(ioperm), SCMP_SYS(vhangup), SCMP_SYS(fanotify_init), SCMP_SYS(lookup_dcookie),
    SCMP_SYS(personality), SCMP_SYS(modify_ldt)};

constexpr unsigned long kNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                      CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

// A network namespace does not keep a tool from a Unix socket in a bound folder.
int refuse_sockets(scmp_filter_ctx filter, Sockets allowed) {
  constexpr std::array kCalls = {SCMP_SYS(socket), SCMP_SYS(socketpair)};
  constexpr int kLastFamily = AF_INET6;  // of those that are ever allowed
  for (const int call : kCalls) {
    if (allowed == Sockets::kNone) {
      if (const int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0); code < 0) {
        return code;
      }
      continue;
    }
    for (int family = 0; family <= kLastFamily; ++family) {
      const bool is_internet = family == AF_INET || family == AF_INET6;
      if (family == AF_UNIX || (is_internet && allowed != Sockets::kUnix)) continue;
      const int code =
          seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
                           SCMP_A0(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, static_cast<unsigned>(family)));
      if (code < 0) return code;
    }
    const int code = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
                                      SCMP_A0(SCMP_CMP_GT, static_cast<unsigned>(kLastFamily)));
    if (code < 0) return code;
  }
  return 0;
}

}  // namespace

Result<std::string> seccomp_program(Sockets sockets) {
  const std::unique_ptr<void, decltype(&seccomp_release)> filter(seccomp_init(SCMP_ACT_ALLOW),
                                                                 &seccomp_release);
  if (!filter) return system_error("make a seccomp filter", "", ENOMEM);
  // libseccomp's own choice would end the calling thread alone.
  if (const int code =
          seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
      code < 0) {
    return system_error("make a seccomp filter", "", -code);
  }
  for (const int call : kRefused) {
    if (const int code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0); code < 0) {
      return system_error("make a seccomp filter", "", -code);
    }
  }
  if (const int code = refuse_sockets(filter.get(), sockets); code < 0) {
    return system_error("make a seccomp filter", "", -code);
  }
  // One rule a flag: any of them refuses the call.
  for (unsigned long flag = 1; flag != 0 && flag <= kNamespaces; flag <<= 1) {
    if ((kNamespaces & flag) == 0) continue;
    const int code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                                      SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag));
    if (code < 0) return system_error("make a seccomp filter", "", -code);
  }
  int code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  if (code == 0) {  // input typed into the caller's terminal
    code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1,
                            SCMP_A1(SCMP_CMP_MASKED_EQ, 0xFFFFFFFF, TIOCSTI));
  }
  if (code < 0) return system_error("make a seccomp filter", "", -code);

  const UniqueFd memory(memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory) return system_error("memfd_create", "", errno);
  code = seccomp_export_bpf(filter.get(), memory.get());
  if (code < 0) return system_error("export a seccomp filter", "", -code);
  if (lseek(memory.get(), 0, SEEK_SET) != 0) return system_error("seek", "", errno);
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  return read_to_end(memory.get(), kLimit);
}

}  // namespace repo

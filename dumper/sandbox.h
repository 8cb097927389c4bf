// The two real CommandRunners: in a bubblewrap sandbox, and without one.
//
// In the sandbox a tool sees its binds, the files made for it, /usr (read-only), a private /tmp and
// a minimal /dev; no /proc, no network (but Sockets::kHost), no other process, no environment of
// ours. It runs under a user id of its own that owns nothing, without capabilities (but
// CAP_DAC_READ_SEARCH where Command::reads_any_file), behind a seccomp filter. With
// Command::account it is that user of the machine, and has CAP_NET_BIND_SERVICE, which is of no use
// to it in there: without any, other processes of that user could trace it (ptrace(2)) and reach
// what it has open. Its binds are descriptors: a path that is exchanged meanwhile leads
// nowhere else. When the call returns, every process of the sandbox is gone; when this process
// dies, the kernel ends them.
//
// As another user than root the sandbox is a user namespace and the tool runs as that user.
//
// Needs /proc on the host, and a root directory that is a mount point (in a chroot: mount --bind
// DIR DIR). See bwrap(1), setpriv(1); docs/design.md, "The sandbox".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// Tools of concurrent items run under different ids, from this one up: in the range that no
// distribution hands out (systemd's UIDS-GIDS document: above the container ranges).
inline constexpr std::uint32_t kFirstSandboxUid = 1'900'000'000;

// The sandbox is tried out before it is returned; the error says what to do where it cannot run.
// `mark`: a file that every tool sees as /.mark, read-only, and that so tells whose a bwrap is that
// was left behind (orphans.h); none: -1. It stays the caller's, for as long as the sandbox.
Result<std::unique_ptr<CommandRunner>> make_sandbox(int mark = -1);

// Without walls: for repositories that one trusts. The binds' current paths stand in argv in place
// of Bind::at. The tool runs as this process's user, or as Command::account.
std::unique_ptr<CommandRunner> make_direct_runner();

// The bwrap command line; descriptors are named by the numbers they have in the child.
struct SandboxNumbers {
  int seccomp = 10;
  int info = 11;
  int block = 12;
  int first_bind = 13;
};
std::vector<std::string> sandbox_argv(const Command& command, const SandboxNumbers& numbers,
                                      bool as_root);

}  // namespace repo

// The system calls that a sandboxed tool is refused, as a BPF program for bwrap --seccomp.
#pragma once

#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// Everything is allowed but what leads out of a sandbox or deep into the kernel: file handles
// (with CAP_DAC_READ_SEARCH they open any file of the file system), mounts and namespaces,
// ptrace and its like, sockets but those of `sockets` (Unix ones, and of Internet families), bpf,
// keyrings, io_uring, modules, kexec, clocks.
// Refused calls give EPERM; clone3 gives ENOSYS, since its flags cannot be looked at and libc falls
// back to clone. Calls of another architecture end the tool.
Result<std::string> seccomp_program(Sockets sockets = Sockets::kNone);

}  // namespace repo

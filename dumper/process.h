// Starting a child process and watching it to its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"

namespace repo {

// Both ends are closed on exec.
struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
Result<Pipe> make_pipe();

struct FdMapping {
  int from = -1;  // ours; stays open here
  int to = -1;    // its number in the child
};

// A running child, the leader of its own session, with stdin from /dev/null and stdout and stderr
// in pipes. It inherits no descriptor but the mapped ones, no signal mask and no ignored signal.
struct Child {
  pid_t pid = -1;
  UniqueFd pidfd;
  UniqueFd out;  // none where stdout was mapped
  UniqueFd err;
};

// Where one of `descriptors` is for the number 1, that is its stdout.
// Errors: ENOENT where argv[0], an absolute path, does not exist.
Result<Child> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment,
                    const std::vector<FdMapping>& descriptors);

// How long a killed process is waited for. One that waits in the kernel for a dead server cannot be
// ended: it is left behind, and told.
inline constexpr std::chrono::seconds kKillGrace{30};

// Waits for the end of `child`, collecting its output. Where patience ends or a stop is requested
// first, calls `kill_all` (which must make the child end) and waits on. `worker` is the process
// whose input and output, with that of its descendants, counts as progress.
CommandResult watch(Child child, pid_t worker, const Patience& patience,
                    const std::function<void()>& kill_all);

// Bytes that `pid` and its living and reaped descendants have read and written, as proc(5),
// /proc/PID/io, counts them; nothing where the kernel does not tell.
std::optional<std::uint64_t> bytes_moved(pid_t pid);

}  // namespace repo

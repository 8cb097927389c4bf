#include "dumper/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <sstream>
#include <utility>

#include "base/file_io.h"
#include "base/stop_signal.h"

namespace repo {
namespace {

constexpr std::size_t kKeepOut = std::size_t{1} << 20;
constexpr std::size_t kKeepErr = std::size_t{64} << 10;

class SpawnAttributes {
 public:
  SpawnAttributes() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID));
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> raw;
  raw.reserve(strings.size() + 1);
  for (const std::string& each : strings) raw.push_back(const_cast<char*>(each.c_str()));
  raw.push_back(nullptr);
  return raw;
}

// Takes what is there, keeps the end of it. False once the other side has closed.
bool drain(int fd, std::string& kept, std::size_t limit) {
  std::array<char, 65536> buffer{};
  const ssize_t n = read(fd, buffer.data(), buffer.size());
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  kept.append(buffer.data(), static_cast<std::size_t>(n));
  if (kept.size() > 2 * limit) kept.erase(0, kept.size() - limit);
  return n > 0;
}

}  // namespace

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("pipe", "", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<Child> spawn(const std::vector<std::string>& argv,
                    const std::vector<std::string>& environment,
                    const std::vector<FdMapping>& descriptors) {
  Result<Pipe> out = make_pipe();
  if (!out) return out.error();
  Result<Pipe> err = make_pipe();
  if (!err) return err.error();

  SpawnAttributes spawning;
  posix_spawn_file_actions_addopen(&spawning.actions, 0, "/dev/null", O_RDONLY, 0);
  // First to numbers above all targets: a target may be the number of another source.
  std::vector<FdMapping> all = descriptors;
  const bool keeps_stdout =
      std::none_of(all.begin(), all.end(), [](const FdMapping& each) { return each.to == 1; });
  if (keeps_stdout) all.push_back({out->write.get(), 1});
  all.push_back({err->write.get(), 2});
  int above = 3;
  for (const FdMapping& each : all) above = std::max(above, each.to + 1);
  std::vector<UniqueFd> parked;
  for (const FdMapping& each : all) {
    parked.emplace_back(fcntl(each.from, F_DUPFD_CLOEXEC, above));
    if (!parked.back()) return system_error("dup", "", errno);
    posix_spawn_file_actions_adddup2(&spawning.actions, parked.back().get(), each.to);
  }
  // Whatever this process has inherited itself.
  for (int fd = 3; fd < above; ++fd) {
    const bool mapped =
        std::any_of(all.begin(), all.end(), [fd](const FdMapping& each) { return each.to == fd; });
    if (!mapped) posix_spawn_file_actions_addclose(&spawning.actions, fd);
  }
  posix_spawn_file_actions_addclosefrom_np(&spawning.actions, above);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, argv[0].c_str(), &spawning.actions, &spawning.attributes,
                                 pointers(argv).data(), pointers(environment).data());
  if (failed != 0) return system_error("start", argv[0], failed);

  Child child{pid, UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))),
              keeps_stdout ? std::move(out->read) : UniqueFd(), std::move(err->read)};
  if (!child.pidfd) {
    const int code = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return system_error("watch", argv[0], code);
  }
  if (child.out) fcntl(child.out.get(), F_SETFL, O_NONBLOCK);
  fcntl(child.err.get(), F_SETFL, O_NONBLOCK);
  return child;
}

CommandResult watch(Child child, pid_t worker, const Patience& patience,
                    const std::function<void()>& kill_all) {
  using Clock = std::chrono::steady_clock;
  using End = CommandResult::End;
  CommandResult result;
  bool ended_by_us = false;
  std::optional<std::uint64_t> moved;
  Clock::time_point last_progress = Clock::now();

  Clock::time_point killed_at;
  auto end_it = [&](End why) {
    ended_by_us = true;
    killed_at = Clock::now();
    result.end = why;
    kill_all();
  };
  const int stop = patience.heeds_stop ? stop_fd() : -1;
  bool out_open = static_cast<bool>(child.out);
  bool err_open = true;
  while (true) {
    std::array<struct pollfd, 4> watched = {{{child.pidfd.get(), POLLIN, 0},
                                             {out_open ? child.out.get() : -1, POLLIN, 0},
                                             {err_open ? child.err.get() : -1, POLLIN, 0},
                                             {ended_by_us ? -1 : stop, POLLIN, 0}}};
    constexpr int kLookEvery = 1000;  // milliseconds: how often progress is looked at
    if (poll(watched.data(), watched.size(), kLookEvery) < 0 && errno != EINTR) break;
    if (watched[1].revents != 0) out_open = drain(child.out.get(), result.out, kKeepOut);
    if (watched[2].revents != 0) err_open = drain(child.err.get(), result.err, kKeepErr);
    if (watched[0].revents != 0) break;
    const Clock::time_point now = Clock::now();
    if (ended_by_us && now - killed_at >= kKillGrace) {
      result.err += "\nit cannot be ended: it waits in the kernel, for a disk or a server";
      return result;
    }
    if (ended_by_us) continue;
    const std::optional<std::uint64_t> moved_now = bytes_moved(worker);
    if (!moved_now || moved_now != moved) last_progress = now;
    if (patience.progress && moved_now) {
      patience.progress->add_bytes(*moved_now - std::min(*moved_now, moved.value_or(0)));
    }
    moved = moved_now;
    if (patience.heeds_stop && stop_requested() != 0) {
      end_it(End::kStopped);
    } else if (now >= patience.deadline) {
      end_it(End::kOverdue);
    } else if (now - last_progress >= patience.stall) {
      end_it(End::kStalled);
    } else if (patience.has_room && !patience.has_room()) {
      end_it(End::kNoRoom);
    }
  }
  int status = 0;
  while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  // What is in the pipes now; a process that was left behind and holds them open is not waited for.
  auto rest = [](int fd, bool open, std::string& kept, std::size_t limit) {
    struct pollfd ready = {fd, POLLIN, 0};
    constexpr int kMostReads = 64;  // it may write for ever, too
    for (int i = 0; i < kMostReads && open && poll(&ready, 1, 0) > 0; ++i) {
      open = drain(fd, kept, limit);
    }
    if (kept.size() > limit) kept.erase(0, kept.size() - limit);
  };
  rest(child.out.get(), out_open, result.out, kKeepOut);
  rest(child.err.get(), err_open, result.err, kKeepErr);
  if (ended_by_us) return result;
  result.end = WIFEXITED(status) ? End::kExited : End::kSignalled;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return result;
}

std::optional<std::uint64_t> bytes_moved(pid_t pid) {
  auto read_proc = [](const std::string& path) -> Result<std::string> {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return system_error("open", path, errno);
    constexpr std::size_t kLimit = std::size_t{1} << 20;
    return read_to_end(file.get(), kLimit);
  };
  const Result<std::string> io = read_proc(fmt::format("/proc/{}/io", pid));
  if (!io) return std::nullopt;
  std::istringstream lines(*io);
  std::uint64_t sum = 0;
  std::string key;
  std::uint64_t value = 0;
  for (int line = 0; line < 2; ++line) {  // rchar, wchar
    if (!(lines >> key >> value)) return std::nullopt;
    sum += value;
  }
  const Result<std::string> children = read_proc(fmt::format("/proc/{0}/task/{0}/children", pid));
  if (!children) return std::nullopt;
  std::istringstream pids(*children);
  pid_t child = 0;
  while (pids >> child) {
    const std::optional<std::uint64_t> moved = bytes_moved(child);
    if (moved) {
      sum += *moved;
    } else if (kill(child, 0) == 0) {
      return std::nullopt;  // alive, and not for us to look at
    }
  }
  return sum;
}

}  // namespace repo

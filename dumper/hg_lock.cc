#include "dumper/hg_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>

#include "base/bytes_path.h"
#include "base/host.h"
#include "base/number.h"
#include "base/stop_signal.h"
#include "dumper/tree.h"

namespace repo {
namespace {

// Empty where it is gone or no link.
std::string holder_of(int directory, const std::string& name) {
  std::array<char, PATH_MAX> text{};
  const ssize_t n = readlinkat(directory, name.c_str(), text.data(), text.size());
  return n < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(n));
}

std::string hg_lock_prefix() {
  std::string prefix = host_name();
  struct stat st = {};
  if (stat("/proc/self/ns/pid", &st) == 0) prefix += fmt::format("/{:x}", st.st_ino);
  return prefix + ":";
}

// A process of this host and PID namespace that is no more.
bool is_dead(const std::string& holder) {
  const std::string prefix = hg_lock_prefix();
  if (!holder.starts_with(prefix)) return false;
  const auto pid = to_number<pid_t>(std::string_view(holder).substr(prefix.size()));
  return pid && *pid > 0 && kill(*pid, 0) != 0 && errno == ESRCH;
}

// Removes the lock of a dead process that made it as we would, as Mercurial does: under a second
// lock, after a second look. Nobody else's lock is touched.
bool break_own_stale_lock(int directory, const std::string& name, const std::string& text,
                          const std::optional<Identity>& as) {
  const uid_t own = as && geteuid() == 0 ? as->uid : geteuid();
  const ActAs act_as(as);
  struct stat st = {};
  if (fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return false;
  if (st.st_uid != own || !is_dead(holder_of(directory, name))) return false;
  const std::string breaking = name + ".break";
  if (symlinkat(text.c_str(), directory, breaking.c_str()) != 0) return false;
  const bool broken =
      is_dead(holder_of(directory, name)) && unlinkat(directory, name.c_str(), 0) == 0;
  unlinkat(directory, breaking.c_str(), 0);
  return broken;
}

}  // namespace

std::string hg_lock_text() { return hg_lock_prefix() + std::to_string(getpid()); }

Result<HgLock> HgLock::acquire(int directory, const std::string& name,
                               const std::optional<Identity>& as, std::chrono::seconds wait,
                               const Patience& patience) {
  const std::string text = hg_lock_text();
  UniqueFd own(fcntl(directory, F_DUPFD_CLOEXEC, 0));  // first: it may fail
  if (!own) return system_error("lock", name, errno);
  const auto give_up = std::min(std::chrono::steady_clock::now() + wait, patience.deadline);
  while (true) {
    int code = 0;
    {
      const ActAs act_as(as);
      if (symlinkat(text.c_str(), directory, name.c_str()) != 0) code = errno;
    }
    if (code == 0) return HgLock(own.release(), name, text, as);
    if (code != EEXIST) return system_error("lock", name, code);
    if (break_own_stale_lock(directory, name, text, as)) continue;
    const std::string holder = holder_of(directory, name);
    if (is_dead(holder)) {
      Error error = system_error("lock", name, EOWNERDEAD);
      error.message = "left behind by " + holder + ", which is gone";
      return error;
    }
    if (std::chrono::steady_clock::now() >= give_up) {
      Error error = system_error("lock", name, EEXIST);
      error.message = "held by " + (holder.empty() ? "somebody" : holder) +
                      "; if that process is gone, hg debuglocks -L -W frees it";
      return error;
    }
    if (auto error = out_of_patience(patience)) return *error;
    // Mercurial has no way to tell that a lock was freed: it polls, and so does everybody.
    constexpr int kTryEvery = 20;  // milliseconds
    struct pollfd stop = {stop_fd(), POLLIN, 0};
    poll(&stop, 1, kTryEvery);
  }
}

HgLock::HgLock(int directory, std::string name, std::string text, std::optional<Identity> as)
    : directory_(directory), name_(std::move(name)), text_(std::move(text)), as_(std::move(as)) {}

HgLock::HgLock(HgLock&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)),
      name_(std::move(other.name_)),
      text_(std::move(other.text_)),
      as_(std::move(other.as_)) {}

HgLock::~HgLock() {
  if (directory_ < 0) return;
  if (holder_of(directory_, name_) == text_) {
    const ActAs act_as(as_);
    unlinkat(directory_, name_.c_str(), 0);
  }
  close(directory_);
}

}  // namespace repo

#include "dumper/orphans.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/number.h"
#include "base/unique_fd.h"
#include "dumper/tree.h"

namespace repo {
namespace {

std::string link_text(int directory, const std::string& name) {
  std::array<char, PATH_MAX> text;  // NOLINT: written before it is read
  const ssize_t n = readlinkat(directory, name.c_str(), text.data(), text.size());
  return {text.data(), n > 0 ? static_cast<std::size_t>(n) : 0};
}

bool has_open(int process, const std::string& place) {
  const UniqueFd descriptors(openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptors) return false;
  const Result<std::vector<std::string>> names = names_in(descriptors.get());
  return names && std::any_of(names->begin(), names->end(), [&](const std::string& name) {
           return is_within(link_text(descriptors.get(), name), place);
         });
}

}  // namespace

int end_orphans(const std::string& staging) {
  const UniqueFd proc(open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc) return 0;
  const Result<std::vector<std::string>> names = names_in(proc.get());
  if (!names) return 0;
  int ended = 0;
  for (const std::string& name : *names) {
    const std::optional<pid_t> pid = to_number<pid_t>(name);
    if (!pid) continue;
    // First a hold of the process: its number may be another's by the time of the signal.
    const UniqueFd held(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
    const UniqueFd process(openat(proc.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!held || !process) continue;
    if (!link_text(process.get(), "exe").starts_with("/usr/bin/bwrap")) continue;
    if (!has_open(process.get(), staging)) continue;
    if (syscall(SYS_pidfd_send_signal, held.get(), SIGKILL, nullptr, 0) == 0) ++ended;
  }
  return ended;
}

}  // namespace repo

#include "base/file_io.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>

#include "base/stop_signal.h"

namespace repo {
namespace {

constexpr const char* kTemporary = ".repo-backup.tmp.";

// False where there is nothing to read yet and a stop was requested: a signal that comes just
// before a read(2) does not end it.
bool wait_for_input(int fd) {
  std::array<pollfd, 2> polled = {{{fd, POLLIN, 0}, {stop_fd(), POLLIN, 0}}};
  while (poll(polled.data(), polled.size(), -1) < 0 && errno == EINTR) {
  }
  return polled[0].revents != 0 || polled[1].revents == 0;
}

}  // namespace

Result<UniqueFd> open_beneath(int dir, const std::string& path, int flags, bool cross_mounts) {
  struct open_how how = {};
  // With O_PATH nothing is opened that could block, and openat2 refuses both flags beside it.
  const int harmless = (flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY;
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC | harmless);
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  if (!cross_mounts) how.resolve |= RESOLVE_NO_XDEV;
  constexpr int kTries = 16;
  for (int i = 0;; ++i) {
    const long fd = syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    // EAGAIN: a rename elsewhere raced with the walk along ".." or a mount; openat2(2) says retry.
    if (errno == EINTR || (errno == EAGAIN && i < kTries)) continue;
    Error error = system_error("open", path, errno);
    if (error.code == ELOOP) error.message = "a symbolic link, which is not followed";
    return error;
  }
}

Result<std::string> read_to_end(int fd, std::size_t limit) {
  std::string content;
  char buffer[65536];
  while (true) {
    if (!wait_for_input(fd)) return system_error("read", "", EINTR);
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n == 0) return content;
    if (n < 0) {
      if (errno == EINTR && stop_requested() == 0) continue;
      return system_error("read", "", errno);
    }
    content.append(buffer, static_cast<std::size_t>(n));
    if (content.size() > limit) return system_error("read", "", EFBIG);
  }
}

Result<std::string> read_small_file(int dir, const std::string& path, std::size_t limit) {
  Result<UniqueFd> file = open_beneath(dir, path, O_RDONLY);
  if (!file) return file.error();
  struct stat st = {};
  if (fstat(file->get(), &st) != 0) return system_error("stat", path, errno);
  if (!S_ISREG(st.st_mode)) return system_error("read", path, EINVAL);
  Result<std::string> content = read_to_end(file->get(), limit);
  if (!content) return system_error("read", path, content.error().code);
  return content;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return system_error("write", "", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

bool is_temporary(std::string_view name) { return name.starts_with(kTemporary); }

Status create_file(int dir, const std::string& name, std::string_view bytes, mode_t mode) {
  UniqueFd file(
      openat(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!file) return system_error("create", name, errno);
  if (fchmod(file.get(), mode) != 0) return system_error("set the mode of", name, errno);
  if (Status written = write_all(file.get(), bytes); !written) {
    return system_error("write", name, written.error().code);
  }
  if (fsync(file.get()) != 0) return system_error("fsync", name, errno);
  if (const int code = file.close(); code != 0) return system_error("close", name, code);
  return {};
}

Status check_replaceable(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct stat st = {};
  if (stat(path.c_str(), &st) == 0) {
    if (S_ISDIR(st.st_mode)) return system_error("write", path, EISDIR);
    if (!S_ISREG(st.st_mode)) return {};
  }
  if (access(parent.c_str(), W_OK) != 0) return system_error("write", path, errno);
  return {};
}

Status replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
  struct stat st = {};
  if (stat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode)) {
    const UniqueFd out(open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (!out) return system_error("open", path, errno);
    Status written = write_all(out.get(), bytes);
    return written ? Status() : Status(system_error("write", path, written.error().code));
  }
  const std::size_t slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd directory(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return system_error("create", path, errno);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (Status replaced = replace_file_at(directory.get(), name, bytes, mode); !replaced) {
    return system_error(replaced.error().op, path, replaced.error().code);
  }
  return {};
}

Status replace_file_at(int dir, const std::string& name, std::string_view bytes, mode_t mode) {
  // Not `name` with a suffix: it may have 255 bytes already. Process id and count keep writers
  // apart; what a dead process with the same id has left is in the way no longer than this.
  static std::atomic<unsigned> count{0};
  const std::string temporary =
      kTemporary + std::to_string(getpid()) + "." + std::to_string(++count);
  unlinkat(dir, temporary.c_str(), 0);
  Status written = create_file(dir, temporary, bytes, mode);
  if (written && renameat(dir, temporary.c_str(), dir, name.c_str()) != 0) {
    written = system_error("rename", name, errno);
  }
  if (!written) {
    unlinkat(dir, temporary.c_str(), 0);
    return system_error(written.error().op, name, written.error().code);
  }
  if (fsync(dir) != 0) return system_error("fsync", name, errno);
  return {};
}

}  // namespace repo

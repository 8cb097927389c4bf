#include "dumper/tree_copier.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>
#include <unordered_set>

#include "base/file_io.h"

namespace repo {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

bool equal(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool is_older(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

Status copy_by_hand(int from, int to, off_t at, off_t end, const Patience& patience) {
  std::array<char, 1 << 17> buffer;  // NOLINT: written before it is read
  while (at < end) {
    if (auto error = out_of_patience(patience)) return *error;
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<off_t>(end - at, static_cast<off_t>(buffer.size())));
    const ssize_t n = pread(from, buffer.data(), wanted, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", "", errno);
    if (n == 0) return {};  // it has shrunk
    for (ssize_t done = 0; done < n;) {
      const ssize_t written =
          pwrite(to, buffer.data() + done, static_cast<std::size_t>(n - done), at + done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("write", "", errno);
      done += written;
    }
    at += n;
  }
  return {};
}

Status copy_range(int from, int to, off_t at, off_t end, const Patience& patience) {
  constexpr off_t kChunk = off_t{16} << 20;  // between two looks at the clock
  while (at < end) {
    if (auto error = out_of_patience(patience)) return *error;
    off_t in = at;
    off_t out = at;
    const ssize_t n = copy_file_range(from, &in, to, &out,
                                      static_cast<std::size_t>(std::min(end - at, kChunk)), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
      return copy_by_hand(from, to, at, end, patience);
    }
    if (n < 0) return system_error("copy", "", errno);
    // The end, or a file system that says 0 for what it cannot copy.
    if (n == 0) return copy_by_hand(from, to, at, end, patience);
    at += n;
  }
  return {};
}

// The `size` bytes that the source had when it was opened, holes kept as holes.
Status copy_content(int from, int to, off_t size, const Patience& patience) {
  if (size == 0) return {};
  if (ioctl(to, FICLONE, from) == 0) {
    // A clone takes all there is now; the look says `size`.
    return ftruncate(to, size) == 0 ? Status() : system_error("truncate", "", errno);
  }
  if (ftruncate(to, size) != 0) return system_error("truncate", "", errno);
  for (off_t at = 0; at < size;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // nothing but a hole is left
    off_t end = size;
    if (data < 0) {
      data = at;  // the file system does not tell: all of it is data
    } else {
      end = lseek(from, data, SEEK_HOLE);
      if (end < 0 && errno == ENXIO) break;  // cut meanwhile
      if (end < 0) return system_error("seek", "", errno);
      end = std::min(end, size);
    }
    if (data >= size) break;
    if (Status done = copy_range(from, to, data, end, patience); !done) return done;
    at = end;
  }
  return {};
}

class Copier final : public TreeVisitor {
 public:
  Copier(const TreeSource& source, int target, const CopyPass* before, const CopyOptions& options)
      : source_(source), target_(target), before_(before), options_(options) {
    clock_gettime(CLOCK_REALTIME, &pass.began);
    if (!before) return;
    for (const TreeEntry& entry : before->look.entries) known_.emplace(entry.path, &entry);
    settled_ = before->began;
    settled_.tv_sec -= 1;
  }

  CopyPass pass;

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (entry.path.empty()) {
      pass.look.entries.push_back(entry);
      targets_.push_back(UniqueFd(fcntl(target_, F_DUPFD_CLOEXEC, 0)));
      if (!targets_.back()) return system_error("dup", "", errno);
      return Descend::kYes;
    }
    if (options_.skip && options_.skip(entry.path)) return Descend::kNo;
    if (entry.is_directory()) return enter_directory(entry, name);
    Result<bool> taken = take(entry, parent, name);
    if (!taken) return taken.error();
    return Descend::kNo;
  }

  Status leave(const TreeEntry& entry, int) override {
    const UniqueFd target = std::move(targets_.back());
    targets_.pop_back();
    return set_mtime(target.get(), entry);
  }

  // What the first pass has copied and this one has not seen.
  Status remove_the_gone() {
    std::unordered_set<std::string> seen;
    for (const TreeEntry& entry : pass.look.entries) seen.insert(entry.path);
    for (auto each = before_->look.entries.rbegin(); each != before_->look.entries.rend(); ++each) {
      if (seen.contains(each->path)) continue;
      const std::size_t slash = each->path.rfind('/');
      const std::string name =
          slash == std::string::npos ? each->path : each->path.substr(slash + 1);
      UniqueFd parent;
      if (slash != std::string::npos) {
        Result<UniqueFd> opened =
            open_beneath(target_, each->path.substr(0, slash), O_RDONLY | O_DIRECTORY);
        if (!opened) {
          const int code = opened.error().code;
          if (code == ENOENT || code == ENOTDIR || code == ELOOP) continue;  // gone with its folder
          return system_error("remove", each->path, code);
        }
        parent = *std::move(opened);
      }
      const int folder = parent ? parent.get() : target_;
      if (Status removed = remove_tree(folder, name); !removed) return removed;
      const TreeEntry* above =
          pass.look.find(slash == std::string::npos ? "" : each->path.substr(0, slash));
      if (above) {
        if (Status timed = set_mtime(folder, *above); !timed) return timed;
      }
    }
    return {};
  }

 private:
  int target_directory() const { return targets_.back().get(); }

  const TreeEntry* known(const TreeEntry& entry) const {
    const auto found = known_.find(entry.path);
    return found == known_.end() ? nullptr : found->second;
  }

  bool is_unchanged(const TreeEntry& entry) const {
    const TreeEntry* old = known(entry);
    return old && old->st.st_mode == entry.st.st_mode && old->st.st_ino == entry.st.st_ino &&
           old->st.st_dev == entry.st.st_dev && old->st.st_size == entry.st.st_size &&
           equal(old->st.st_mtim, entry.st.st_mtim) && equal(old->st.st_ctim, entry.st.st_ctim) &&
           is_older(entry.st.st_ctim, settled_);
  }

  Result<Descend> enter_directory(const TreeEntry& entry, const std::string& name) {
    const TreeEntry* old = known(entry);
    if (old && !old->is_directory()) {
      if (Status removed = remove_tree(target_directory(), name); !removed) return removed.error();
    }
    if (mkdirat(target_directory(), name.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
      return system_error("create", entry.path, errno);
    }
    UniqueFd made(
        openat(target_directory(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!made) return system_error("open", entry.path, errno);
    if (Status shown = show_to_readers(made.get(), entry.path, kDirectoryMode | S_IRGRP | S_IXGRP);
        !shown) {
      return shown.error();
    }
    targets_.push_back(std::move(made));
    pass.look.entries.push_back(entry);
    return Descend::kYes;
  }

  // False where it vanished.
  Result<bool> take(const TreeEntry& entry, int parent, const std::string& name) {
    if (is_unchanged(entry)) {
      pass.look.entries.push_back(entry);
      return true;
    }
    if (known(entry)) {
      if (Status removed = remove_tree(target_directory(), name); !removed) return removed.error();
    }
    if (options_.keep_existing &&
        faccessat(target_directory(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      return true;
    }
    if (entry.is_link()) {
      if (symlinkat(entry.link.c_str(), target_directory(), name.c_str()) != 0) {
        return system_error("create", entry.path, errno);
      }
      const struct timespec times[2] = {entry.st.st_mtim, entry.st.st_mtim};
      utimensat(target_directory(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    } else if (entry.is_file()) {
      return take_file(entry, parent, name);
    }
    pass.look.entries.push_back(entry);
    return true;
  }

  Result<bool> take_file(TreeEntry entry, int parent, const std::string& name) {
    const UniqueFd from = [&] {
      const ActAs as(source_.as);
      return UniqueFd(
          openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    }();
    if (!from) {
      if (errno == ENOENT || errno == ELOOP || errno == ENXIO) return false;
      return system_error("open", entry.path, errno);
    }
    if (fstat(from.get(), &entry.st) != 0) return system_error("stat", entry.path, errno);
    if (!entry.is_file()) return false;  // exchanged between the two looks
    const mode_t mode = kFileMode | (entry.st.st_mode & S_IXUSR);
    const UniqueFd to(openat(target_directory(), name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!to) return system_error("create", entry.path, errno);
    Status copied = copy_content(from.get(), to.get(), entry.st.st_size, options_.patience);
    if (!copied) {
      Error error = copied.error();
      if (error.path.empty() && error.code != 0) error.path = entry.path;
      return error;
    }
    if (before_) {  // what the source's locks do not guard may change even now
      struct stat now = {};
      if (fstat(from.get(), &now) != 0) return system_error("stat", entry.path, errno);
      if (now.st_size != entry.st.st_size || !equal(now.st_mtim, entry.st.st_mtim)) {
        Error error = system_error("copy", entry.path, EBUSY);
        error.message = "changed while it was copied";
        return error;
      }
    }
    if (Status shown = show_to_readers(to.get(), entry.path, mode | S_IRGRP); !shown) {
      return shown.error();
    }
    if (Status timed = set_mtime(to.get(), entry); !timed) return timed.error();
    pass.look.entries.push_back(std::move(entry));
    return true;
  }

  Status show_to_readers(int fd, const std::string& path, mode_t mode) const {
    if (!options_.readers) return {};
    if (fchown(fd, static_cast<uid_t>(-1), *options_.readers) != 0 || fchmod(fd, mode) != 0) {
      return system_error("change the mode", path, errno);
    }
    return {};
  }

  static Status set_mtime(int fd, const TreeEntry& entry) {
    const struct timespec times[2] = {entry.st.st_mtim, entry.st.st_mtim};
    if (futimens(fd, times) != 0) return system_error("set the time of", entry.path, errno);
    return {};
  }

  const TreeSource& source_;
  const int target_;
  const CopyPass* before_;
  const CopyOptions& options_;
  struct timespec settled_ = {};
  std::unordered_map<std::string, const TreeEntry*> known_;
  std::vector<UniqueFd> targets_;  // of the directories on the way to where the walk is
};

}  // namespace

Result<CopyPass> copy_tree(const TreeSource& source, int target, const CopyOptions& options) {
  Copier copier(source, target, nullptr, options);
  if (Status walked = walk_tree(source, copier, options.patience); !walked) return walked.error();
  return std::move(copier.pass);
}

Result<CopyPass> update_tree(const TreeSource& source, int target, const CopyPass& first,
                             const CopyOptions& options) {
  Copier copier(source, target, &first, options);
  if (Status walked = walk_tree(source, copier, options.patience); !walked) return walked.error();
  if (Status removed = copier.remove_the_gone(); !removed) return removed.error();
  return std::move(copier.pass);
}

}  // namespace repo

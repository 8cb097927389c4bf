#include "dumper/tree_copier.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_io.h"
#include "dumper/file_copy.h"

namespace repo {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr Room kOneEntry = {0, 1};

bool equal(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool leads_nowhere(int code) { return code == ENOENT || code == ELOOP || code == ENXIO; }

class Copier final : public TreeVisitor {
 public:
  // `began`: of the pass before this one.
  Copier(const TreeSource& source, int target, const struct timespec* began,
         const CopyOptions& options)
      : source_(source), target_(target), is_update_(began != nullptr), options_(options) {
    if (!began) return;
    settled_ = *began;
    settled_.tv_sec -= 1;
  }

  LookBuilder look;

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (entry.path.empty()) return enter_top(entry);
    if (options_.skip && options_.skip(entry.path)) return Descend::kNo;
    if (options_.refuse) {
      if (std::optional<Error> refused = options_.refuse(entry)) return *std::move(refused);
    }
    if (is_update_) levels_.back().seen.push_back(name);
    if (entry.is_directory()) return enter_directory(entry, name);
    if (Status taken = take(entry, parent, name); !taken) return taken.error();
    return Descend::kNo;
  }

  Status leave(const TreeEntry& entry, int) override {
    const Level level = std::move(levels_.back());
    levels_.pop_back();
    if (is_update_) {
      if (Status removed = remove_the_gone(entry.path, level); !removed) return removed;
    }
    return set_mtime(level.target.get(), entry);
  }

 private:
  // A directory on the way to where the walk is.
  struct Level {
    UniqueFd target;
    UniqueFd previous;
    UniqueFd twin;
    std::vector<std::string> seen;  // at the source, sorted; of an update alone
  };

  Result<Descend> enter_top(const TreeEntry& entry) {
    look.add(entry);
    Level top;
    top.target = UniqueFd(fcntl(target_, F_DUPFD_CLOEXEC, 0));
    if (!top.target) return system_error("dup", "", errno);
    if (options_.shared.previous >= 0) {
      top.previous = UniqueFd(fcntl(options_.shared.previous, F_DUPFD_CLOEXEC, 0));
    }
    if (options_.twin.top >= 0) {
      top.twin = UniqueFd(fcntl(options_.twin.top, F_DUPFD_CLOEXEC, 0));
    }
    levels_.push_back(std::move(top));
    return Descend::kYes;
  }

  Result<Descend> enter_directory(const TreeEntry& entry, const std::string& name) {
    const int target = levels_.back().target.get();
    if (mkdirat(target, name.c_str(), kDirectoryMode) == 0) {
      if (Status room = take_room(options_.patience, kOneEntry); !room) return room.error();
    } else if (errno != EEXIST) {
      return system_error("create", entry.path, errno);
    }
    Level level;
    level.target = open_directory(target, name);
    if (!level.target && is_update_ && (errno == ENOTDIR || errno == ELOOP)) {
      if (Status removed = remove_tree(target, name); !removed) return removed.error();
      if (mkdirat(target, name.c_str(), kDirectoryMode) != 0) {
        return system_error("create", entry.path, errno);
      }
      level.target = open_directory(target, name);
    }
    if (!level.target) return system_error("open", entry.path, errno);
    if (levels_.back().previous)
      level.previous = open_directory(levels_.back().previous.get(), name);
    if (levels_.back().twin) level.twin = open_directory(levels_.back().twin.get(), name);
    levels_.push_back(std::move(level));
    look.add(entry);
    return Descend::kYes;
  }

  // What lies in the target from the pass before and is no longer at the source.
  Status remove_the_gone(const std::string& path, const Level& level) const {
    const Result<std::vector<std::string>> names = names_in(level.target.get());
    if (!names) return system_error("read", path, names.error().code);
    for (const std::string& name : *names) {
      if (std::binary_search(level.seen.begin(), level.seen.end(), name)) continue;
      if (options_.skip && options_.skip(path.empty() ? name : path + "/" + name)) continue;
      if (Status removed = remove_tree(level.target.get(), name); !removed) return removed;
    }
    return {};
  }

  // Copied by the pass before, and not changed since.
  bool is_unchanged(const TreeEntry& entry, const struct stat& copied) const {
    return (copied.st_mode & S_IFMT) == (entry.st.st_mode & S_IFMT) &&
           copied.st_size == entry.st.st_size && equal(copied.st_mtim, entry.st.st_mtim) &&
           (copied.st_mode & S_IXUSR) ==
               (entry.is_file() ? entry.st.st_mode & S_IXUSR : copied.st_mode & S_IXUSR) &&
           is_older(entry.st.st_ctim, settled_);
  }

  Status take(const TreeEntry& entry, int parent, const std::string& name) {
    const int target = levels_.back().target.get();
    if (is_update_ || options_.keep_existing) {
      struct stat copied = {};
      const bool exists = fstatat(target, name.c_str(), &copied, AT_SYMLINK_NOFOLLOW) == 0;
      if (exists && options_.keep_existing && !is_update_) return {};
      if (exists && is_unchanged(entry, copied)) {
        look.add(entry);
        return {};
      }
      if (exists) {
        if (Status removed = remove_tree(target, name); !removed) return removed;
      }
    }
    if (entry.is_file()) return take_file(entry, parent, name);
    if (entry.is_link()) {
      if (Status room = take_room(options_.patience, kOneEntry); !room) return room;
      if (symlinkat(entry.link.c_str(), target, name.c_str()) != 0) {
        return system_error("create", entry.path, errno);
      }
      const struct timespec times[2] = {entry.st.st_mtim, entry.st.st_mtim};
      utimensat(target, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    }
    look.add(entry);
    return {};
  }

  Status take_file(TreeEntry entry, int parent, const std::string& name) {
    Result<bool> shared = share(entry, name);
    if (!shared) return shared.error();
    if (*shared) {
      look.add(entry);
      return {};
    }
    const UniqueFd from = [&] {
      const ActAs as(source_.as);
      return UniqueFd(
          openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    }();
    if (!from) return leads_nowhere(errno) ? Status() : system_error("open", entry.path, errno);
    if (fstat(from.get(), &entry.st) != 0) return system_error("stat", entry.path, errno);
    if (!entry.is_file()) return {};  // exchanged between the two looks
    shared = share_with_twin(from.get(), entry, name);
    if (!shared) return shared.error();
    if (*shared) {
      look.add(entry);
      return {};
    }
    Result<UniqueFd> to = create(entry, name);
    if (!to) return to.error();
    Status copied = copy_content(from.get(), to->get(), entry.st.st_size, options_.patience);
    if (!copied) {
      Error error = copied.error();
      if (error.path.empty() && error.code != 0) error.path = entry.path;
      return error;
    }
    if (is_update_) {  // what the source's locks do not guard may change even now
      struct stat now = {};
      if (fstat(from.get(), &now) != 0) return system_error("stat", entry.path, errno);
      if (now.st_size != entry.st.st_size || !equal(now.st_mtim, entry.st.st_mtim)) {
        return busy(entry.path, "changed while it was copied");
      }
    }
    if (Status timed = set_mtime(to->get(), entry); !timed) return timed;
    if (const int code = to->close(); code != 0) return system_error("close", entry.path, code);
    look.add(entry);
    return {};
  }

  // True where the previous copy had it.
  Result<bool> share(const TreeEntry& entry, const std::string& name) {
    const int previous = levels_.back().previous.get();
    if (previous < 0 || !options_.shared.immutable(entry.path)) return false;
    struct stat st = {};
    if (fstatat(previous, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !is_same_file(st, entry.st)) {
      return false;
    }
    Result<bool> taken = take_from(previous, entry, name);
    if (taken && !*taken && options_.shared.missed) *options_.shared.missed = true;
    return taken;
  }

  // True where another item's copy had it, and `from` has nothing else in it.
  Result<bool> share_with_twin(int from, const TreeEntry& entry, const std::string& name) {
    const int twin = levels_.back().twin.get();
    if (twin < 0 || !options_.twin.immutable(entry.path)) return false;
    const UniqueFd file(openat(twin, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat st = {};
    if (!file || fstat(file.get(), &st) != 0 || !is_same_file(st, entry.st)) return false;
    const Result<bool> equal = have_equal_content(from, file.get(), options_.patience);
    if (!equal || !*equal) return equal;
    Result<bool> taken = take_from(twin, entry, name);
    // That generation may be removed just now: the source is there.
    if (!taken && taken.error().code == ENOENT) return false;
    if (taken && *taken && options_.twin.used) *options_.twin.used = true;
    return taken;
  }

  // False where the file system can neither clone nor link the file in `folder`.
  Result<bool> take_from(int folder, const TreeEntry& entry, const std::string& name) {
    const int target = levels_.back().target.get();
    if (can_clone_) {
      const UniqueFd from(openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
      if (!from) return system_error("open", entry.path, errno);
      Result<UniqueFd> to = create(entry, name);
      if (!to) return to.error();
      if (clone_file(from.get(), to->get())) {
        if (Status timed = set_mtime(to->get(), entry); !timed) return timed.error();
        return true;
      }
      can_clone_ = false;
      if (unlinkat(target, name.c_str(), 0) != 0) return system_error("remove", entry.path, errno);
    }
    if (linkat(folder, name.c_str(), target, name.c_str(), 0) == 0) return true;
    if (errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP || errno == EXDEV) return false;
    return system_error("link", entry.path, errno);
  }

  Result<UniqueFd> create(const TreeEntry& entry, const std::string& name) const {
    if (Status room = take_room(options_.patience, kOneEntry); !room) return room.error();
    UniqueFd file(openat(levels_.back().target.get(), name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         kFileMode | (entry.st.st_mode & S_IXUSR)));
    if (!file) return system_error("create", entry.path, errno);
    return file;
  }

  static Status set_mtime(int fd, const TreeEntry& entry) {
    const struct timespec times[2] = {entry.st.st_mtim, entry.st.st_mtim};
    if (futimens(fd, times) != 0) return system_error("set the time of", entry.path, errno);
    return {};
  }

  const TreeSource& source_;
  const int target_;
  const bool is_update_;
  const CopyOptions& options_;
  struct timespec settled_ = {};
  bool can_clone_ = true;
  std::vector<Level> levels_;
};

}  // namespace

SharedBelow::SharedBelow(const Shared& above, const std::string& folder) {
  if (above.previous < 0) return;
  missed_ = above.missed;
  Result<UniqueFd> opened =
      open_beneath(above.previous, folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
  if (opened) folder_ = *std::move(opened);
  immutable_ = [above = above.immutable, folder](const std::string& path) {
    return above(folder.empty() ? path : folder + "/" + path);
  };
}

bool is_same_file(const struct stat& previous, const struct stat& st) {
  return S_ISREG(previous.st_mode) && previous.st_uid == geteuid() &&
         previous.st_size == st.st_size && equal(previous.st_mtim, st.st_mtim);
}

Result<TreeLook> copy_tree(const TreeSource& source, int target, const CopyOptions& options) {
  Copier copier(source, target, nullptr, options);
  if (Status walked = walk_tree(source, copier, options.patience); !walked) return walked.error();
  return copier.look.finish();
}

Result<TreeLook> update_tree(const TreeSource& source, int target, const struct timespec& began,
                             const CopyOptions& options) {
  Copier copier(source, target, &began, options);
  if (Status walked = walk_tree(source, copier, options.patience); !walked) return walked.error();
  return copier.look.finish();
}

}  // namespace repo

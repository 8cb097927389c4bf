#include "dumper/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/stop_signal.h"
#include "dumper/allowance.h"

namespace repo {
namespace {

struct CloseStream {
  void operator()(DIR* stream) const { closedir(stream); }
};

class Walk {
 public:
  Walk(TreeSource source, TreeVisitor& visitor, const Patience& patience)
      : source_(std::move(source)), visitor_(visitor), patience_(patience) {}

  Status run() {
    TreeEntry top;
    if (fstat(source_.fd, &top.st) != 0) return system_error("stat", "", errno);
    if (Status done = enter(std::move(top), UniqueFd(), source_.fd, ""); !done) return done;
    while (!open_.empty()) {
      if (auto error = out_of_patience(patience_)) return *error;
      Level& level = open_.back();
      const Status done = level.next < level.names.size() ? next_entry(level) : leave(level);
      if (!done) return done;
    }
    return {};
  }

 private:
  // A directory that was entered. A stack of our own: a thread's is no place for deep trees.
  struct Level {
    TreeEntry entry;
    UniqueFd owned;  // empty for the top, which is the caller's
    int directory = -1;
    std::vector<std::string> names;
    std::size_t next = 0;
  };

  Status next_entry(Level& level) {
    const std::string name = std::move(level.names[level.next++]);
    TreeEntry entry;
    entry.path = level.entry.path.empty() ? name : level.entry.path + "/" + name;
    UniqueFd opened;
    {
      const ActAs as(source_.as);
      if (fstatat(level.directory, name.c_str(), &entry.st,
                  AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
        return has_vanished(errno) ? Status() : system_error("stat", entry.path, errno);
      }
      if (entry.is_link()) {
        const ssize_t n =
            readlinkat(level.directory, name.c_str(), link_text_.data(), link_text_.size());
        if (n < 0) {  // EINVAL: it is no link any more
          const bool gone = has_vanished(errno) || errno == EINVAL;
          return gone ? Status() : system_error("readlink", entry.path, errno);
        }
        entry.link.assign(link_text_.data(), static_cast<std::size_t>(n));
      } else if (entry.is_directory()) {
        opened = open_directory(level.directory, name);
        if (!opened)
          return has_vanished(errno) ? Status() : system_error("open", entry.path, errno);
        if (fstat(opened.get(), &entry.st) != 0) return system_error("stat", entry.path, errno);
      }
    }
    return enter(std::move(entry), std::move(opened), level.directory, name);
  }

  // `opened`: the entry's own descriptor where it is a directory, but for the top.
  Status enter(TreeEntry entry, UniqueFd opened, int parent, const std::string& name) {
    const Result<Descend> descend = visitor_.enter(entry, parent, name);
    if (!descend) return descend.error();
    const bool is_top = name.empty();
    if ((!opened && !is_top) || *descend == Descend::kNo) return {};
    if (open_.size() == kMaxDepth) return system_error("enter", entry.path, ELOOP);
    Level level;
    level.entry = std::move(entry);
    level.directory = is_top ? parent : opened.get();
    level.owned = std::move(opened);
    Result<std::vector<std::string>> names = [&] {
      const ActAs as(source_.as);
      return names_in(level.directory);
    }();
    if (names) {
      level.names = *std::move(names);
    } else if (!has_vanished(names.error().code)) {
      return system_error("read", level.entry.path, names.error().code);
    }
    open_.push_back(std::move(level));
    return {};
  }

  Status leave(Level& level) {
    Status done = visitor_.leave(level.entry, level.directory);
    open_.pop_back();
    return done;
  }

  const TreeSource source_;
  TreeVisitor& visitor_;
  const Patience patience_;
  std::vector<Level> open_;  // from the top down
  std::array<char, PATH_MAX> link_text_{};
};

class Remover final : public TreeVisitor {
 public:
  explicit Remover(int top) : top_(top) {}

  // Whether something was too deep to be reached and lies at the top now.
  bool hoisted = false;

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (entry.is_directory() && parents_.size() + 1 >= kMaxDepth) {
      const std::string up = "hoisted." + std::to_string(++count_);
      if (renameat2(parent, name.c_str(), top_, up.c_str(), RENAME_NOREPLACE) != 0) {
        return system_error("remove", entry.path, errno);
      }
      hoisted = true;
      return Descend::kNo;
    }
    if (entry.is_directory()) {
      // Who is not root removes nothing from a folder that he may not write to.
      const bool is_closed = geteuid() != 0 && (entry.st.st_mode & S_IRWXU) != S_IRWXU;
      if (is_closed && !name.empty()) fchmodat(parent, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW);
      if (is_closed && name.empty()) fchmod(parent, 0700);
      parents_.push_back({parent, name});
      return Descend::kYes;
    }
    if (unlinkat(parent, name.c_str(), 0) != 0) return system_error("remove", entry.path, errno);
    return Descend::kNo;
  }
  Status leave(const TreeEntry& entry, int) override {
    const auto [parent, name] = parents_.back();
    parents_.pop_back();
    if (name.empty()) return {};  // the top: removed by its name
    if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) {
      return system_error("remove", entry.path, errno);
    }
    return {};
  }

 private:
  const int top_;
  int count_ = 0;
  std::vector<std::pair<int, std::string>> parents_;
};

}  // namespace

bool precedes_in_walk(std::string_view a, std::string_view b) {
  // The order of components, which is not that of whole paths: "a/b" comes before "a.b".
  auto weight = [](char c) { return c == '/' ? 0 : 1 + static_cast<unsigned char>(c); };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return weight(x) < weight(y); });
}

bool has_vanished(int code) { return code == ENOENT || code == ENOTDIR || code == ELOOP; }

std::optional<Error> out_of_patience(const Patience& patience) {
  if (patience.heeds_stop && stop_requested() != 0) return plain_error("", "", "stopped");
  if (std::chrono::steady_clock::now() >= patience.deadline) {
    Error error = system_error("", "", ETIMEDOUT);
    error.message = "took longer than --max-time";
    return error;
  }
  return std::nullopt;
}

Error busy(std::string path, std::string how) {
  Error error = system_error("copy", std::move(path), EBUSY);
  error.message = std::move(how);
  return error;
}

void tell_progress(const Patience& patience, std::uint64_t bytes) {
  if (patience.progress) patience.progress->add_bytes(bytes);
}

Status take_room(const Patience& patience, const Room& room) {
  if (!patience.room || patience.room->take(room)) return {};
  Error error = system_error("copy", "", ENOSPC);
  error.message =
      "it takes more room than its source did when it was looked at, and the others "
      "need what is free";
  return error;
}

Status walk_tree(const TreeSource& source, TreeVisitor& visitor, const Patience& patience) {
  return Walk(source, visitor, patience).run();
}

Result<std::vector<Listed>> entries_in(int directory) {
  const int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return system_error("dup", "", errno);
  const std::unique_ptr<DIR, CloseStream> stream(fdopendir(copy));
  if (!stream) return system_error("read", "", errno);
  rewinddir(stream.get());
  std::vector<Listed> entries;
  while (true) {
    errno = 0;
    const struct dirent* entry = readdir(stream.get());
    if (!entry) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") entries.push_back({std::string(name), entry->d_type});
  }
  if (errno != 0) return system_error("read", "", errno);
  std::sort(entries.begin(), entries.end(),
            [](const Listed& a, const Listed& b) { return a.name < b.name; });
  return entries;
}

Result<std::vector<std::string>> names_in(int directory) {
  Result<std::vector<Listed>> entries = entries_in(directory);
  if (!entries) return entries.error();
  std::vector<std::string> names;
  names.reserve(entries->size());
  for (Listed& entry : *entries) names.push_back(std::move(entry.name));
  return names;
}

UniqueFd open_directory(int parent, const std::string& name) {
  return UniqueFd(
      openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
}

bool is_older(const struct timespec& a, const struct timespec& b) {
  return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

Result<UniqueFd> make_folders(int top, const std::string& path) {
  UniqueFd folder(fcntl(top, F_DUPFD_CLOEXEC, 0));
  if (!folder) return system_error("dup", path, errno);
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string name = path.substr(at, end - at);
    if (mkdirat(folder.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
      return system_error("create", path, errno);
    }
    folder = open_directory(folder.get(), name);
    if (!folder) return system_error("open", path, errno);
    at = end + 1;
  }
  return folder;
}

Status remove_tree(int parent, const std::string& name) {
  const UniqueFd directory = open_directory(parent, name);
  if (!directory) {
    if (errno == ENOENT) return {};
    if (unlinkat(parent, name.c_str(), 0) != 0) return system_error("remove", name, errno);
    return {};
  }
  Remover remover(directory.get());
  do {
    remover.hoisted = false;
    Walk walk({directory.get(), std::nullopt}, remover, kNoLimit);
    if (Status walked = walk.run(); !walked) return walked;
  } while (remover.hoisted);
  if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0) return system_error("remove", name, errno);
  return {};
}

}  // namespace repo

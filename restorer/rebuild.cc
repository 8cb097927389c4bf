#include "restorer/rebuild.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/unique_fd.h"
#include "dumper/damage.h"
#include "dumper/file_copy.h"
#include "restorer/read_back.h"

namespace repo {
namespace {

constexpr mode_t kAllModeBits = 07777;
constexpr mode_t kRwx = 0777;

// What could not be set, by reason: the first names and how many there are.
class NotSet {
 public:
  void add(const std::string& what, const std::string& path) {
    for (Reason& each : reasons_) {
      if (each.what == what) {
        ++each.count;
        return;
      }
    }
    reasons_.push_back({what, path, 1});
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> texts;
    for (const Reason& each : reasons_) {
      const std::string more = each.count == 1 ? "" : fmt::format(" and {} more", each.count - 1);
      texts.push_back(
          fmt::format("{}: {}{}", each.what, each.path.empty() ? "." : printable(each.path), more));
    }
    return texts;
  }

 private:
  struct Reason {
    std::string what;
    std::string path;
    std::uint64_t count;
  };
  std::vector<Reason> reasons_;
};

// What an entry is to get.
struct Ownership {
  uid_t uid = 0;
  gid_t gid = 0;
  mode_t mode = 0;
  std::vector<Attribute> attributes;
};

class Rebuilder final : public CopySink {
 public:
  Rebuilder(int target, const GenerationSummary& record, const RebuildOptions& options)
      : target_(target), options_(options) {
    outer_ = {options.map.user(record.uid), options.map.group(record.gid), 0700, {}};
  }

  Rebuilt rebuilt;
  std::vector<std::string> not_set() const { return not_set_.texts(); }

  Status enter(const TreeEntry& entry, const OwnersLine* owner) override {
    Level level;
    level.owned = ownership(owner, above(), S_IFDIR);
    const bool is_top = entry.path.empty();
    const std::string name = name_of(entry);
    if (is_top) {
      level.directory = UniqueFd(fcntl(target_, F_DUPFD_CLOEXEC, 0));
      if (Status bare = inherit_nothing(); !bare) return bare;
    } else {
      if (mkdirat(here(), name.c_str(), 0700) != 0) {
        return system_error("create", entry.path, errno);
      }
      level.directory = open_directory(here(), name);
    }
    if (!level.directory) return system_error("create", entry.path, errno);
    levels_.push_back(std::move(level));
    return {};
  }

  Status leave(const TreeEntry& entry) override {
    const Level level = std::move(levels_.back());
    levels_.pop_back();
    return finish(level.directory.get(), entry, level.owned);
  }

  Result<std::string> take_file(const TreeEntry& entry, int file,
                                const OwnersLine* owner) override {
    const Patience& patience = options_.patience;
    if (patience.has_room && !patience.has_room()) {
      return plain_error("", "", "it would fill the file system");
    }
    const mode_t own_x = entry.st.st_mode & S_IXUSR;
    const UniqueFd made(openat(here(), name_of(entry).c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600 | own_x));
    if (!made) return system_error("create", entry.path, errno);
    Result<std::string> digest = copy(file, made.get(), entry);
    if (!digest) return digest;
    Ownership owned = ownership(owner, above(), S_IFREG);
    if (!owner) owned.mode |= own_x;
    if (Status done = finish(made.get(), entry, owned); !done) return done.error();
    ++rebuilt.files;
    rebuilt.bytes += static_cast<std::uint64_t>(entry.st.st_size);
    return digest;
  }

  Status take_link(const TreeEntry& entry, const OwnersLine* owner) override {
    const std::string name = name_of(entry);
    if (symlinkat(entry.link.c_str(), here(), name.c_str()) != 0) {
      return system_error("create", entry.path, errno);
    }
    if (options_.owners) {
      const Ownership owned = ownership(owner, above(), S_IFLNK);
      struct stat st = {};
      const bool fits = fstatat(here(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
                        owned.uid == st.st_uid && owned.gid == st.st_gid;
      if (!fits && fchownat(here(), name.c_str(), owned.uid, owned.gid, AT_SYMLINK_NOFOLLOW) != 0) {
        cannot_own(entry.path, owned);
      }
      // By a path through our own descriptor: there is no call that takes a link by its folder.
      const std::string path = fmt::format("/proc/self/fd/{}/{}", here(), name);
      set_attributes(entry, owned, [&](const char* attribute, const std::string& value) {
        return lsetxattr(path.c_str(), attribute, value.data(), value.size(), 0);
      });
    }
    const struct timespec times[2] = {entry.st.st_mtim, entry.st.st_mtim};
    utimensat(here(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
    return {};
  }

 private:
  struct Level {
    UniqueFd directory;
    Ownership owned;
  };

  // The folder that the target was made in may hand rights down to all that is made below it.
  Status inherit_nothing() const {
    for (const char* list : {"system.posix_acl_default", "system.posix_acl_access"}) {
      if (fremovexattr(target_, list) != 0 && errno != ENODATA && errno != EOPNOTSUPP) {
        return system_error("change the access of", "", errno);
      }
    }
    if (fchmod(target_, 0700) != 0) return system_error("change the mode of", "", errno);
    return {};
  }

  static std::string name_of(const TreeEntry& entry) {
    return entry.path.substr(entry.path.rfind('/') + 1);
  }
  int here() const { return levels_.back().directory.get(); }
  const Ownership& above() const { return levels_.empty() ? outer_ : levels_.back().owned; }

  Ownership ownership(const OwnersLine* line, const Ownership& folder, mode_t type) const {
    if (!line) {
      Ownership owned{folder.uid, folder.gid, folder.mode, {}};
      if (type != S_IFDIR) owned.mode &= 0666;
      return owned;
    }
    Ownership owned{options_.map.user(line->uid), options_.map.group(line->gid), line->mode,
                    line->attributes};
    // What one user set up to run as himself is not to run as another.
    if (type == S_IFREG && options_.map.changes(line->uid, line->gid)) owned.mode &= kRwx;
    return owned;
  }

  Result<std::string> copy(int from, int to, const TreeEntry& entry) {
    if (clone_file(from, to)) {
      tell_progress(options_.patience, static_cast<std::uint64_t>(entry.st.st_size));
      return digest_of(from, "data/" + entry.path, options_.patience);
    }
    constexpr std::size_t kChunk = std::size_t{1} << 18;
    using Buffer = std::array<char, kChunk>;
    thread_local const std::unique_ptr<Buffer> buffer = std::make_unique<Buffer>();
    constexpr off_t kBlock = 512;  // of st_blocks, stat(2)
    const bool has_holes = entry.st.st_blocks * kBlock < entry.st.st_size;
    Sha256 digest;
    off_t size = 0;
    while (true) {
      if (auto error = out_of_patience(options_.patience)) return *error;
      const ssize_t n = read(from, buffer->data(), buffer->size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return reading_error("data/" + entry.path, errno);
      if (n == 0) break;
      const std::string_view bytes(buffer->data(), static_cast<std::size_t>(n));
      digest.update(bytes);
      tell_progress(options_.patience, bytes.size());
      size += n;
      const bool is_hole = has_holes && bytes.find_first_not_of('\0') == std::string_view::npos;
      if (is_hole) {
        if (lseek(to, n, SEEK_CUR) < 0) return system_error("write", entry.path, errno);
      } else if (Status written = write_all(to, bytes); !written) {
        return system_error("write", entry.path, written.error().code);
      }
    }
    if (has_holes && ftruncate(to, size) != 0) return system_error("write", entry.path, errno);
    return digest.hex();
  }

  // Owner, attributes, mode and time, in the order in which none takes another away: chown clears
  // setuid, an access control list changes the mode, and all of them change the ctime only.
  Status finish(int fd, const TreeEntry& entry, const Ownership& owned) {
    if (options_.owners) {
      mode_t mode = owned.mode & kAllModeBits;
      struct stat st = {};
      const bool fits = fstat(fd, &st) == 0 && owned.uid == st.st_uid && owned.gid == st.st_gid;
      if (!fits && fchown(fd, owned.uid, owned.gid) != 0) {
        cannot_own(entry.path, owned);
        if (entry.is_file()) mode &= kRwx;  // not to run as whoever restores it
      }
      set_attributes(entry, owned, [&](const char* attribute, const std::string& value) {
        return fsetxattr(fd, attribute, value.data(), value.size(), 0);
      });
      if (fchmod(fd, mode) != 0) {
        not_set_.add(fmt::format("the mode could not be set ({})", std::strerror(errno)),
                     entry.path);
      }
    }
    const struct timespec times[2] = {entry.st.st_mtim, entry.st.st_mtim};
    if (futimens(fd, times) != 0) return system_error("set the time of", entry.path, errno);
    return {};
  }

  template <typename Set>
  void set_attributes(const TreeEntry& entry, const Ownership& owned, const Set& set) {
    for (const Attribute& attribute : owned.attributes) {
      const std::string value =
          is_acl(attribute.name) ? mapped_acl(attribute.value, options_.map) : attribute.value;
      if (set(attribute.name.c_str(), value) == 0) continue;
      not_set_.add(fmt::format("the attribute {} could not be set ({})", printable(attribute.name),
                               std::strerror(errno)),
                   entry.path);
    }
  }

  void cannot_own(const std::string& path, const Ownership& owned) {
    not_set_.add(fmt::format("owner {}:{} could not be set ({})", owned.uid, owned.gid,
                             std::strerror(errno)),
                 path);
  }

  const int target_;
  const RebuildOptions& options_;
  Ownership outer_;
  NotSet not_set_;
  std::vector<Level> levels_;
};

}  // namespace

Result<Rebuilt> rebuild(int generation, const GenerationSummary& record, int target,
                        const RebuildOptions& options) {
  Rebuilder rebuilder(target, record, options);
  if (Status read = read_back(generation, record, rebuilder, options.patience); !read) {
    return read.error();
  }
  rebuilder.rebuilt.not_set = rebuilder.not_set();
  return std::move(rebuilder.rebuilt);
}

}  // namespace repo

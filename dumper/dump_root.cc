#include "dumper/dump_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <mntent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/tree.h"
#include "scanner/signature.h"

namespace repo {
namespace {

const std::string kMarker(kDumpRootMarker);
constexpr std::size_t kSmall = std::size_t{16} << 20;

constexpr const char* kMarkerText =
    "This directory holds the copies that repo-backup has made. Do not remove this file:\n"
    "repo-scan knows by it that nothing in here is to be copied again.\n";

constexpr const char* kReadme = R"(Copies of repositories, made and verified by repo-backup
=======================================================

current/KIND/ID/     the newest copy of a repository
older/KIND/ID/TIME/  earlier ones
DISASTER.md          the whole machine is lost: what to do, what there is, how long it takes

In the folder of a copy: data/ is the copy, usable as it is; RESTORE.md has the commands that bring
it back by hand, with no tool of repo-backup; item.json says what it is; SHA256SUMS has the digest of
every file; owners says whose everything was.

To find the copy of /srv/svn/alpha:

    grep -ls '"path": "/srv/svn/alpha"' current/*/*/item.json older/*/*/*/item.json

Then go to the folder of that file, and do what RESTORE.md says there. Where repo-backup is at hand,
this does the same, and checks every file while it copies:

    repo-restore restore /srv/svn/alpha --to /srv/svn/alpha --from .

A path with quotes, control characters or invalid UTF-8 stands in item.json as JSON escapes it, with
its exact bytes in "path_b64". A repository inside another one is a copy of its own: restore the
outer one first; the empty folder that it may have for the inner one is in nobody's way.

control/ is repo-backup's own: its lock, unfinished copies, and the records of its runs and drills.
)";

Result<std::string> real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), &free);
  if (!real) return system_error("resolve", path, errno);
  return std::string(real.get());
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Result<bool> is_empty(int directory) {
  const Result<std::vector<std::string>> names = names_in(directory);
  if (!names) return names.error();
  return std::all_of(names->begin(), names->end(),
                     [](const std::string& name) { return name == "lost+found"; });
}

// A swap of two directories and a rename that must not replace: what publishing needs.
Status try_renames(const DumpRoot& root) {
  const int staging = root.staging.get();
  for (const int other : {root.current.get(), root.older.get()}) {  // of a run that was killed
    if (Status removed = remove_tree(other, ".trial"); !removed) return removed;
  }
  if (Status removed = remove_tree(staging, "trial.c"); !removed) return removed;
  for (const char* name : {"trial.a", "trial.b"}) {
    if (Status removed = remove_tree(staging, name); !removed) return removed;
    if (mkdirat(staging, name, 0700) != 0) return system_error("create", name, errno);
  }
  Status status;
  if (renameat2(staging, "trial.a", staging, "trial.b", RENAME_EXCHANGE) != 0) {
    status = system_error("exchange two directories in", "control/staging", errno);
  } else if (renameat2(staging, "trial.a", staging, "trial.c", RENAME_NOREPLACE) != 0 ||
             renameat2(staging, "trial.c", staging, "trial.a", RENAME_NOREPLACE) != 0) {
    status = system_error("rename in", "control/staging", errno);
  }
  for (const int other : {root.current.get(), root.older.get()}) {
    if (!status) break;
    if (renameat2(staging, "trial.a", other, ".trial", RENAME_NOREPLACE) != 0 ||
        renameat2(other, ".trial", staging, "trial.a", RENAME_NOREPLACE) != 0) {
      status = system_error("move between current, older and control in", "", errno);
    }
  }
  if (!status && (status.error().code == EINVAL || status.error().code == ENOSYS)) {
    Error error = status.error();
    error.message +=
        ": its file system cannot do what safe publishing needs (renameat2); "
        "ext4, xfs, btrfs and tmpfs can";
    status = error;
  }
  for (const char* name : {"trial.a", "trial.b", "trial.c"}) {
    if (Status removed = remove_tree(staging, name); !removed && status) status = removed;
  }
  return status;
}

Result<UniqueFd> take_lock(int control) {
  UniqueFd lock(openat(control, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock) return system_error("open", "control/lock", errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    Error error = system_error("lock", "control/lock", errno);
    const Result<std::string> holder = read_to_end(lock.get(), kSmall);
    if (error.code == EWOULDBLOCK) {
      error.message = "another run holds it" +
                      (holder && !holder->empty() ? " (process " + *holder : std::string(" ("));
      while (error.message.ends_with('\n')) error.message.pop_back();
      error.message += ")";
    }
    return error;
  }
  if (ftruncate(lock.get(), 0) != 0) return system_error("truncate", "control/lock", errno);
  if (Status written = write_all(lock.get(), fmt::format("{}\n", getpid())); !written) {
    return system_error("write", "control/lock", written.error().code);
  }
  return lock;
}

// What runs have left that were killed while they wrote a file.
Status remove_temporaries(int directory) {
  const Result<std::vector<std::string>> names = names_in(directory);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (!is_temporary(name)) continue;
    if (Status removed = remove_tree(directory, name); !removed) return removed;
  }
  return {};
}

Status put_once(int directory, const std::string& name, std::string_view text) {
  if (faccessat(directory, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) return {};
  Status created = create_file(directory, name, text);
  return created || created.error().code == EEXIST ? Status() : created;
}

}  // namespace

std::optional<std::string> unmounted_point(const std::string& fstab,
                                           const std::vector<std::string>& mounted,
                                           const std::string& path) {
  std::string text = fstab;  // fmemopen wants it writable; an empty one is refused
  if (text.empty()) return std::nullopt;
  const std::unique_ptr<std::FILE, decltype(&fclose)> stream(
      fmemopen(text.data(), text.size(), "r"), &fclose);
  if (!stream) return std::nullopt;
  struct mntent entry = {};
  std::vector<char> line(std::size_t{64} << 10);
  while (getmntent_r(stream.get(), &entry, line.data(), static_cast<int>(line.size()))) {
    const std::string point = without_trailing_slashes(entry.mnt_dir);
    if (point.empty() || point[0] != '/' || hasmntopt(&entry, "noauto")) continue;
    if (!is_within(path, point)) continue;
    if (std::find(mounted.begin(), mounted.end(), point) == mounted.end()) return point;
  }
  return std::nullopt;
}

Result<UniqueFd> open_or_make(int parent, const std::string& name) {
  if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("create", name, errno);
  }
  UniqueFd directory(openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return system_error("open", name, errno);
  return directory;
}

Result<TargetLook> look_at_target(const std::string& dir) {
  TargetLook look;
  const std::string wanted = without_trailing_slashes(dir);
  Result<std::string> real = real_path(wanted);
  look.exists = static_cast<bool>(real);
  if (real) {
    look.path = *real;
  } else if (real.error().code == ENOENT) {
    const std::size_t slash = wanted.rfind('/');
    const std::string parent = slash == std::string::npos ? "."
                               : slash == 0               ? "/"
                                                          : wanted.substr(0, slash);
    Result<std::string> real_parent = real_path(parent);
    if (!real_parent) return real_parent.error();
    const std::string name = slash == std::string::npos ? wanted : wanted.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") return system_error("open", dir, ENOENT);
    look.path = join_path(*real_parent, name);
  } else {
    return real.error();
  }

  const UniqueFd slash(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const Result<std::string> table = read_small_file(slash.get(), "etc/fstab", kSmall);
  if (table) {
    std::vector<std::string> mounted;
    const std::unique_ptr<std::FILE, decltype(&endmntent)> mounts(
        setmntent("/proc/self/mounts", "r"), &endmntent);
    struct mntent entry = {};
    std::vector<char> line(std::size_t{64} << 10);
    while (mounts &&
           getmntent_r(mounts.get(), &entry, line.data(), static_cast<int>(line.size()))) {
      mounted.emplace_back(entry.mnt_dir);
    }
    if (const auto point = unmounted_point(*table, mounted, look.path)) {
      return plain_error("use", look.path,
                         *point +
                             " stands in /etc/fstab and is not mounted: mount it, or "
                             "the copies would fill the file system below it");
    }
  }
  if (!look.exists) return look;

  const UniqueFd top(open(look.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top) return system_error("open", look.path, errno);
  struct stat st = {};
  if (fstat(top.get(), &st) != 0) return system_error("stat", look.path, errno);
  if (st.st_uid != geteuid()) {
    return plain_error("use", look.path,
                       "it belongs to somebody else: copies there would not be safe");
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return plain_error("use", look.path,
                       "others can write there: chmod 0700 it, and see what is in it");
  }
  struct stat marker = {};
  look.initialised = fstatat(top.get(), kMarker.c_str(), &marker, AT_SYMLINK_NOFOLLOW) == 0 &&
                     S_ISREG(marker.st_mode) && marker.st_uid == geteuid();
  if (look.initialised) return look;
  Result<bool> empty = is_empty(top.get());
  if (!empty) return empty.error();
  if (!*empty) {
    return plain_error("use", look.path,
                       "it is not empty and no dump root: name an empty or a new directory");
  }
  return look;
}

Result<DumpRoot> look_into(const TargetLook& target) {
  constexpr int kLook = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  DumpRoot root;
  root.path = target.path;
  const std::string top =
      target.exists ? target.path : target.path.substr(0, target.path.rfind('/') + 1);
  root.top = UniqueFd(open(top.c_str(), kLook));
  if (!root.top) return system_error("open", top, errno);
  if (!target.initialised) return root;
  root.current = UniqueFd(openat(root.top.get(), "current", kLook));
  if (!root.current) return system_error("open", target.path + "/current", errno);
  root.older = UniqueFd(openat(root.top.get(), "older", kLook));
  root.control = UniqueFd(openat(root.top.get(), "control", kLook));
  return root;
}

Result<DumpRoot> open_dump_root(const TargetLook& target) {
  auto named = [&](Error error) {
    error.path = error.path.empty() ? target.path : join_path(target.path, error.path);
    return error;
  };
  DumpRoot root;
  root.path = target.path;
  if (!target.exists && mkdir(target.path.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("create", target.path, errno);
  }
  root.top = UniqueFd(open(target.path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.top) return system_error("open", target.path, errno);
  struct stat st = {};
  if (fstat(root.top.get(), &st) != 0) return system_error("stat", target.path, errno);
  if (st.st_uid != geteuid()) {  // exchanged since the look
    return plain_error("use", target.path, "it belongs to somebody else");
  }
  if (fchmod(root.top.get(), 0700) != 0) return system_error("change the mode", target.path, errno);

  // First: whatever is missing besides is made good by the next run.
  if (Status put = put_once(root.top.get(), kMarker, kMarkerText); !put) return named(put.error());
  Result<UniqueFd> control = open_or_make(root.top.get(), "control");
  if (!control) return named(control.error());
  Result<UniqueFd> lock = take_lock(control->get());
  if (!lock) return named(lock.error());
  root.lock = *std::move(lock);
  if (Status cleaned = remove_temporaries(root.top.get()); !cleaned) return named(cleaned.error());
  struct Folder {
    UniqueFd& fd;
    int parent;
    const char* name;
  };
  for (const Folder& folder : {Folder{root.current, root.top.get(), "current"},
                               Folder{root.older, root.top.get(), "older"},
                               Folder{root.staging, control->get(), "staging"},
                               Folder{root.runs, control->get(), "runs"}}) {
    Result<UniqueFd> opened = open_or_make(folder.parent, folder.name);
    if (!opened) return named(opened.error());
    folder.fd = *std::move(opened);
  }
  root.control = *std::move(control);
  if (Status put = put_once(root.staging.get(), kCacheTag, kCacheTagText); !put) {
    return named(put.error());
  }
  if (Status tried = try_renames(root); !tried) return named(tried.error());
  if (Status put = replace_file_at(root.top.get(), "README.txt", kReadme); !put) {
    return named(put.error());
  }
  if (fsync(root.top.get()) != 0) return system_error("fsync", target.path, errno);
  return root;
}

}  // namespace repo

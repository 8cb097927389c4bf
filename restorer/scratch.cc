#include "restorer/scratch.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <vector>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/orphans.h"
#include "dumper/publish.h"
#include "dumper/tree.h"
#include "scanner/signature.h"

namespace repo {
namespace {

constexpr const char* kLock = "lock";
const std::string kMarker(kDumpRootMarker);

Status put_once(int directory, const std::string& name, std::string_view text) {
  Status created = create_file(directory, name, text);
  return created || created.error().code == EEXIST ? Status() : created;
}

Result<UniqueFd> take_lock(int folder, const std::string& path) {
  UniqueFd lock(openat(folder, kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!lock) return system_error("open", join_path(path, kLock), errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    Error error = system_error("lock", path, errno);
    if (errno == EWOULDBLOCK) error.message = "another drill or scrub is at work";
    return error;
  }
  return lock;
}

}  // namespace

Result<Scratch> Scratch::take(const DumpRoot& root, const std::string& elsewhere) {
  Scratch scratch;
  UniqueFd above;
  std::string name = "drill";
  if (elsewhere.empty()) {
    scratch.path_ = join_path(root.path, "control/drill");
    if (root.control) above = UniqueFd(fcntl(root.control.get(), F_DUPFD_CLOEXEC, 0));
    if (!above) {
      return system_error("open", join_path(root.path, "control"), ENOENT);
    }
  } else {
    name = "repo-backup-drill";
    scratch.path_ = join_path(elsewhere, name);
    above = UniqueFd(open(elsewhere.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!above) return system_error("open", elsewhere, errno);
  }
  if (mkdirat(above.get(), name.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("create", scratch.path_, errno);
  }
  scratch.top_ = open_directory(above.get(), name);
  if (!scratch.top_) return system_error("open", scratch.path_, errno);
  struct stat st = {};
  if (fstat(scratch.fd(), &st) != 0) return system_error("stat", scratch.path_, errno);
  if (st.st_uid != geteuid()) {
    return plain_error("use", scratch.path_, "it belongs to somebody else");
  }
  // The real path: that of a descriptor, which orphans are known by.
  const std::string link = "/proc/self/fd/" + std::to_string(scratch.fd());
  const std::unique_ptr<char, decltype(&free)> real(realpath(link.c_str(), nullptr), &free);
  if (!real) return system_error("resolve", scratch.path_, errno);
  scratch.path_ = real.get();
  if (fchmod(scratch.fd(), 0700) != 0) {
    return system_error("change the mode", scratch.path_, errno);
  }
  Result<UniqueFd> lock = take_lock(scratch.fd(), scratch.path_);
  if (!lock) return lock.error();
  scratch.lock_ = *std::move(lock);
  if (!elsewhere.empty() && root.control) {
    const Result<UniqueFd> own = open_or_make(root.control.get(), "drill");
    Result<UniqueFd> proofs =
        own ? take_lock(own->get(), join_path(root.path, "control/drill")) : own.error();
    if (proofs) {
      scratch.proofs_lock_ = *std::move(proofs);
    } else if (proofs.error().code == EWOULDBLOCK) {
      return proofs.error();  // any other: nothing can be written there, so nothing is guarded
    }
  }
  end_orphans(scratch.path_);
  const Result<std::vector<std::string>> names = names_in(scratch.fd());
  if (!names) return names.error();
  for (const std::string& each : *names) {
    if (each == kLock || each == kCacheTag || each == kMarker) continue;
    if (Status removed = remove_tree(scratch.fd(), each); !removed) return removed.error();
  }
  Status put = put_once(scratch.fd(), kMarker, "Restored on trial by repo-restore --drill.\n");
  if (put) put = put_once(scratch.fd(), kCacheTag, kCacheTagText);
  if (!put) return put.error();
  return scratch;
}

Result<UniqueFd> Scratch::make_folder(const std::string& kind, const std::string& id) const {
  return open_or_make(fd(), staging_name(kind, id));
}

Status Scratch::remove_folder(const std::string& kind, const std::string& id) const {
  return remove_tree(fd(), staging_name(kind, id));
}

Result<Room> Scratch::free_room() const {
  struct statvfs st = {};
  if (fstatvfs(fd(), &st) != 0) return system_error("measure", path_, errno);
  // A file system without a fixed number of inodes says 0 of both.
  return Room{st.f_bavail * st.f_frsize, st.f_files > 0 ? st.f_favail : UINT64_MAX};
}

}  // namespace repo

#include "restorer/place.h"

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/file_io.h"
#include "dumper/tree.h"
#include "scanner/signature.h"

namespace repo {
namespace {

constexpr const char* kData = "data";
const std::string kMarker(kDumpRootMarker);

std::string staging_name_of(const std::string& name) {
  constexpr std::size_t kDigits = 16;
  return ".repo-restore." + sha256_hex(name).substr(0, kDigits);
}

bool is_mount_point(int parent, const std::string& name) {
  struct statx st = {};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  return statx(parent, name.c_str(), flags, STATX_TYPE, &st) == 0 &&
         (st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

Error in_the_way(const std::string& path, const std::string& message) {
  Error error = system_error(kInTheWay, path, EEXIST);
  error.message = message;
  return error;
}

// A folder of a restore before, or one that is at work.
Result<UniqueFd> take_over(int parent, const std::string& name) {
  UniqueFd folder = open_directory(parent, name);
  if (!folder) return system_error("open", name, errno);
  struct stat st = {};
  if (fstat(folder.get(), &st) != 0) return system_error("stat", name, errno);
  if (st.st_uid != geteuid()) {
    return plain_error("use", name, "it is in the way and belongs to somebody else");
  }
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    Error error = system_error("use", name, errno);
    if (errno == EWOULDBLOCK) error.message = "another restore to this place is at work";
    return error;
  }
  const Result<std::vector<std::string>> names = names_in(folder.get());
  if (!names) return names.error();
  for (const std::string& each : *names) {
    if (each != kData && each != kMarker) {
      return plain_error("use", name, "it is in the way and is not of a restore");
    }
  }
  for (const std::string& each : *names) {
    if (Status removed = remove_tree(folder.get(), each); !removed) return removed.error();
  }
  return folder;
}

}  // namespace

Result<Place> Place::prepare(int base, const std::string& path, const Options& options) {
  Place place;
  place.parent_ = UniqueFd(fcntl(base, F_DUPFD_CLOEXEC, 0));
  if (!place.parent_) return system_error("open", path, errno);
  std::string rest = path;
  while (rest.find('/') != std::string::npos) {
    const std::string folder = rest.substr(0, rest.find('/'));
    rest.erase(0, folder.size() + 1);
    const bool made = mkdirat(place.parent_.get(), folder.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) return system_error("create", folder + " of " + path, errno);
    UniqueFd next = open_directory(place.parent_.get(), folder);
    if (!next) return system_error("open", folder + " of " + path, errno);
    if (made) {
      fchmod(next.get(), 0755);  // whatever the umask
      if (place.made_path_.empty())
        place.made_path_ = path.substr(0, path.size() - rest.size() - 1);
      place.made_.emplace_back(std::move(place.parent_), folder);
    }
    place.parent_ = std::move(next);
  }
  place.name_ = rest;
  place.from_ = kData;

  struct stat st = {};
  if (fstatat(place.parent_.get(), rest.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) {
    const UniqueFd there = open_directory(place.parent_.get(), rest);
    if (!there) return in_the_way(path, "something is there already: nothing was touched");
    const Result<std::vector<std::string>> names = names_in(there.get());
    if (!names) return names.error();
    if (names->empty() && !is_mount_point(place.parent_.get(), rest)) {
      place.replaces_empty_ = true;
    } else if (options.with_files && !options.store.empty()) {
      if (std::binary_search(names->begin(), names->end(), options.store)) {
        return in_the_way(path + "/" + options.store, "it is there already: nothing was touched");
      }
      UniqueFd inside(fcntl(there.get(), F_DUPFD_CLOEXEC, 0));
      if (!inside) return system_error("open", path, errno);
      place.parent_ = std::move(inside);
      place.name_ = options.store;
      place.from_ = std::string(kData) + "/" + options.store;
    } else if (names->empty()) {
      return plain_error(kInTheWay, path, "it is a mount point: name a folder in it");
    } else {
      std::string message = "it is not empty: nothing there was touched";
      if (!options.store.empty()) {
        message += " (--with-files puts the " + options.store + " alone among working files)";
      }
      return in_the_way(path, message);
    }
  } else if (errno != ENOENT) {
    return system_error("look at", path, errno);
  }
  if (Status staged = place.stage(); !staged) return staged.error();
  return place;
}

Status Place::stage() {
  staging_name_ = staging_name_of(name_);
  const int parent = parent_.get();
  if (mkdirat(parent, staging_name_.c_str(), 0700) != 0 && errno != EEXIST) {
    return system_error("create", staging_name_, errno);
  }
  Result<UniqueFd> taken = take_over(parent, staging_name_);
  if (!taken) return taken.error();
  // Not one that its last owner has just removed.
  struct stat st = {};
  if (fstat(taken->get(), &st) != 0 || st.st_nlink == 0) {
    return plain_error("use", staging_name_,
                       "another restore to this place was at work: try again");
  }
  staging_ = *std::move(taken);
  if (fchmod(staging_.get(), 0700) != 0)
    return system_error("change the mode", staging_name_, errno);
  if (Status put = create_file(staging_.get(), kMarker, "An unfinished restore of repo-restore.\n");
      !put) {
    return put;
  }
  if (mkdirat(staging_.get(), kData, 0700) != 0) return system_error("create", kData, errno);
  data_ = open_directory(staging_.get(), kData);
  return data_ ? Status() : Status(system_error("open", kData, errno));
}

void Place::put_only(const std::string& path) { from_ = std::string(kData) + "/" + path; }

std::string Place::made() const { return made_path_; }

Status Place::put() {
  if (syncfs(staging_.get()) != 0) return system_error("syncfs", name_, errno);
  const int parent = parent_.get();
  // Who is not root moves a folder to another only where he may write to both.
  struct stat st = {};
  const UniqueFd moved = open_directory(staging_.get(), from_);
  const bool opens =
      geteuid() != 0 && moved && fstat(moved.get(), &st) == 0 && (st.st_mode & S_IWUSR) == 0;
  if (geteuid() != 0 && from_ != kData) fchmod(data_.get(), 0700);
  if (opens) fchmod(moved.get(), (st.st_mode & 07777) | S_IWUSR);
  const int done = replaces_empty_ ? renameat(staging_.get(), from_.c_str(), parent, name_.c_str())
                                   : renameat2(staging_.get(), from_.c_str(), parent, name_.c_str(),
                                               RENAME_NOREPLACE);
  if (done != 0) return system_error("put in place", name_, errno);
  is_put_ = true;
  if (opens && (fchmod(moved.get(), st.st_mode & 07777) != 0 || fsync(moved.get()) != 0)) {
    return system_error("change the mode", name_, errno);
  }
  if (fsync(parent) != 0) return system_error("fsync", name_, errno);
  for (const auto& [folder, name] : made_) {
    if (fsync(folder.get()) != 0) return system_error("fsync", name, errno);
  }
  return {};
}

Place::~Place() {
  if (!parent_) return;  // moved from
  if (staging_) {
    // What cannot be removed now is taken over by the next restore to this place.
    // By our own descriptor: its name may be another folder's by now.
    for (const char* each : {kData, kMarker.c_str()}) {
      static_cast<void>(remove_tree(staging_.get(), each));
    }
    unlinkat(parent_.get(), staging_name_.c_str(), AT_REMOVEDIR);  // only where it is empty
  }
  if (is_put_) return;
  for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
    unlinkat(made->first.get(), made->second.c_str(), AT_REMOVEDIR);  // only where it is empty
  }
}

}  // namespace repo

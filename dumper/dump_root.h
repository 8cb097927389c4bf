// The dump root: the directory that holds the copies, and its lock.
//
//   DIR/.repo-backup                  marker
//   DIR/README.txt                    how to restore with no tool of ours
//   DIR/DISASTER.md                   the whole machine, with measured times
//   DIR/current/<kind>/<id>/          the newest generation
//   DIR/older/<kind>/<id>/<stamp>/    earlier ones
//   DIR/control/                      lock, staging/, runs/, ledger; drill/, proofs/ of drills
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// In folders that are of no use to a backup: control/staging, and where drills are done. The text
// begins with the signature that the Cache Directory Tagging Specification prescribes.
inline constexpr const char* kCacheTag = "CACHEDIR.TAG";
inline constexpr const char* kCacheTagText =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# Unfinished copies of repo-backup: of no use to a backup.\n";

// Open directories of a dump root, and its lock: held while the object lives.
struct DumpRoot {
  std::string path;  // canonical
  UniqueFd top;
  UniqueFd current;
  UniqueFd older;
  UniqueFd control;
  UniqueFd staging;
  UniqueFd runs;
  UniqueFd lock;
};

// Where a run is to write, looked at but not touched.
struct TargetLook {
  std::string path;  // canonical, also where it does not exist yet
  bool exists = false;
  bool initialised = false;
};

// Errors: DIR is no directory, is not empty and has no marker, belongs to somebody else or can be
// written by others; its parent does not exist; DIR or a directory above it is a mount point of
// /etc/fstab on which nothing is mounted.
Result<TargetLook> look_at_target(const std::string& dir);

// For looking only, without the lock: opens top, current, older and control as far as they are
// there. What does not exist yet has its parent as top. Error: one that is initialised and has no
// current.
Result<DumpRoot> look_into(const TargetLook& target);

// Creates and initialises what is missing, takes the lock and opens everything. EWOULDBLOCK:
// another run holds the lock; the message names its process. Other errors: not writable; full; a
// file system that has no RENAME_EXCHANGE (found by a trial).
Result<DumpRoot> open_dump_root(const TargetLook& target);

// Mount points of /etc/fstab at or above `path` on which nothing is mounted. `fstab` is the text
// of that file (fstab(5)); entries with noauto are left out.
std::optional<std::string> unmounted_point(const std::string& fstab,
                                           const std::vector<std::string>& mounted,
                                           const std::string& path);

// Opens a folder below `parent`, made with mode 0700 where it does not exist.
Result<UniqueFd> open_or_make(int parent, const std::string& name);

}  // namespace repo

// Which mounts are read-only snapshots: an earlier state of what the walk sees elsewhere. Pure:
// decided from the table of mounts alone, and only where the table proves it. (Snapshots of btrfs
// that are mere directories are found on the way: Directory::is_read_only_snapshot.)
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scanner/mounts.h"

namespace repo {

// Why the walk does not enter one.
inline constexpr const char* kSnapshot = "read-only snapshot";

// - ZFS: the source is DATASET@NAME (no dataset has '@' in its name), and DATASET is entered;
// - NILFS: the option cp=N, and the same device without it is entered.
// `is_entered`: whether the walk comes to all of what another mount of the table shows. A snapshot
// whose original it does not see may be the only place of what is in it.
bool is_snapshot(const Mount& mount, const std::vector<Mount>& mounts,
                 const std::function<bool(const Mount& other)>& is_entered);

// Two mounts of one tree show the same files: the device, and of NILFS the checkpoint too.
std::string tree_of(const Mount& mount);

// Where the file system of `mount` shows snapshots that the kernel would mount as soon as somebody
// looked: .zfs/snapshot at the top of a dataset. Empty where it has no such place.
std::string snapshot_folder(const Mount& mount);

}  // namespace repo

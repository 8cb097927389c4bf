// Which mounts are read-only snapshots: an earlier state of what another mount shows. Pure: decided
// from the table of mounts alone, and only where the table proves it. (Snapshots of btrfs that are
// mere directories are found on the way: Directory::is_read_only_snapshot.)
#pragma once

#include <string>
#include <vector>

#include "scanner/mounts.h"

namespace repo {

// Why the walk does not enter one.
inline constexpr const char* kSnapshot = "read-only snapshot";

// - ZFS: the source is DATASET@NAME, and no dataset has '@' in its name;
// - NILFS: the option cp=N, while the same device is mounted without it;
// - any file system that tells its own identity (fs_identity.h), as a snapshot of LVM does: mounted
//   read-only, while another device with the same identity is mounted so that it can be written to.
bool is_snapshot(const Mount& mount, const std::vector<Mount>& mounts);

// Two mounts of one tree show the same files: the device, and of NILFS the checkpoint too.
std::string tree_of(const Mount& mount);

// Where the file system of `mount` shows snapshots that the kernel would mount as soon as somebody
// looked: .zfs/snapshot at the top of a dataset. Empty where it has no such place.
std::string snapshot_folder(const Mount& mount);

}  // namespace repo

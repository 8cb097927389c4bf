// What only btrfs tells of a directory.
#pragma once

namespace repo {

// By the open descriptor of a directory.
bool is_on_btrfs(int directory);

// Whether this directory is the top of a subvolume that is read-only and was made as a snapshot of
// another (btrfs subvolume snapshot -r) or received as one (btrfs receive). One that somebody has
// made read-only by hand is not: it may be the only place of what is in it. `directory` is on
// btrfs. Kernels before 4.18 do not tell; then the answer is no.
bool is_btrfs_read_only_snapshot(int directory);

}  // namespace repo

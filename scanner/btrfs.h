// What only btrfs tells of a directory.
#pragma once

namespace repo {

// Whether this directory is the top of a subvolume that is read-only and is a snapshot of one that
// is still there (btrfs subvolume snapshot -r), and nothing was written to it since. Without an
// original, or received from another machine (btrfs receive), it may be the only place of what is
// in it. `directory` is on btrfs.
// Kernels before 4.18 do not tell, and only to root; then the answer is no.
bool is_btrfs_read_only_snapshot(int directory);

}  // namespace repo

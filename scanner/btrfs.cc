#include "scanner/btrfs.h"

#include <endian.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstring>

namespace repo {
namespace {

// Whether a subvolume with this UUID is there. The tree of UUIDs has its two halves as numbers
// (fs/btrfs/uuid-tree.c). Asking takes CAP_SYS_ADMIN.
bool has_subvolume(int directory, const __u8 (&uuid)[BTRFS_UUID_SIZE]) {
  std::uint64_t halves[2];
  static_assert(sizeof halves == sizeof uuid);
  std::memcpy(halves, uuid, sizeof halves);
  struct btrfs_ioctl_search_args args = {};
  args.key.tree_id = BTRFS_UUID_TREE_OBJECTID;
  args.key.min_objectid = args.key.max_objectid = le64toh(halves[0]);
  args.key.min_type = args.key.max_type = BTRFS_UUID_KEY_SUBVOL;
  args.key.min_offset = args.key.max_offset = le64toh(halves[1]);
  args.key.max_transid = UINT64_MAX;
  args.key.nr_items = 1;
  return ioctl(directory, BTRFS_IOC_TREE_SEARCH, &args) == 0 && args.key.nr_items > 0;
}

}  // namespace

bool is_btrfs_read_only_snapshot(int directory) {
  struct stat st = {};
  // The inode that the top of every subvolume has, and nothing else.
  if (fstat(directory, &st) != 0 || st.st_ino != BTRFS_FIRST_FREE_OBJECTID) return false;
  struct btrfs_ioctl_get_subvol_info_args info = {};
  // Kernels return 1 where all went well, too.
  if (ioctl(directory, BTRFS_IOC_GET_SUBVOL_INFO, &info) < 0) return false;
  const bool is_as_it_was_taken = info.ctransid <= info.otransid;
  return (info.flags & BTRFS_ROOT_SUBVOL_RDONLY) != 0 && is_as_it_was_taken &&
         has_subvolume(directory, info.parent_uuid);
}

}  // namespace repo

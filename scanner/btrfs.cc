#include "scanner/btrfs.h"

#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <algorithm>
#include <iterator>

namespace repo {
namespace {

template <typename Uuid>
bool is_set(const Uuid& uuid) {
  return std::any_of(std::begin(uuid), std::end(uuid), [](auto byte) { return byte != 0; });
}

}  // namespace

bool is_on_btrfs(int directory) {
  struct statfs fs = {};
  return fstatfs(directory, &fs) == 0 &&
         static_cast<unsigned long>(fs.f_type) == static_cast<unsigned long>(BTRFS_SUPER_MAGIC);
}

bool is_btrfs_read_only_snapshot(int directory) {
  struct stat st = {};
  // The inode that the top of every subvolume has, and nothing else.
  if (fstat(directory, &st) != 0 || st.st_ino != BTRFS_FIRST_FREE_OBJECTID) return false;
  struct btrfs_ioctl_get_subvol_info_args info = {};
  // Kernels return 1 where all went well, too.
  if (ioctl(directory, BTRFS_IOC_GET_SUBVOL_INFO, &info) < 0) return false;
  return (info.flags & BTRFS_ROOT_SUBVOL_RDONLY) != 0 &&
         (is_set(info.parent_uuid) || is_set(info.received_uuid));
}

}  // namespace repo

#include "scanner/snapshots.h"

#include <algorithm>

#include "base/bytes_path.h"

namespace repo {
namespace {

auto checkpoint(const Mount& mount) {
  return std::find_if(mount.options.begin(), mount.options.end(),
                      [](const std::string& option) { return option.starts_with("cp="); });
}

bool is_checkpoint(const Mount& mount) { return checkpoint(mount) != mount.options.end(); }

bool is_zfs_snapshot(const Mount& mount) {
  return mount.type == "zfs" && mount.source.find('@') != std::string::npos;
}

}  // namespace

bool is_snapshot(const Mount& mount, const std::vector<Mount>& mounts) {
  if (is_zfs_snapshot(mount)) return true;
  if (mount.type == "nilfs2" && is_checkpoint(mount)) {
    return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& other) {
      return other.type == mount.type && other.device == mount.device && !is_checkpoint(other);
    });
  }
  if (!mount.read_only || mount.content_id.empty()) return false;
  return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& other) {
    return !other.read_only && other.device != mount.device && other.type == mount.type &&
           other.content_id == mount.content_id;
  });
}

std::string tree_of(const Mount& mount) {
  if (mount.type != "nilfs2" || !is_checkpoint(mount)) return mount.device;
  return mount.device + " " + *checkpoint(mount);
}

std::string snapshot_folder(const Mount& mount) {
  if (mount.type != "zfs" || mount.root != "/" || is_zfs_snapshot(mount)) return "";
  return join_path(mount.point, ".zfs/snapshot");
}

}  // namespace repo

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

bool is_snapshot(const Mount& mount, const std::vector<Mount>& mounts,
                 const std::function<bool(const Mount& other)>& is_entered) {
  const bool of_nilfs = mount.type == "nilfs2" && is_checkpoint(mount);
  if (!of_nilfs && !is_zfs_snapshot(mount)) return false;
  const std::string dataset = mount.source.substr(0, mount.source.find('@'));
  return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& other) {
    const bool is_original =
        of_nilfs ? other.device == mount.device && !is_checkpoint(other) : other.source == dataset;
    return is_original && other.type == mount.type && is_entered(other);
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

#include "scanner/fs_identity.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace repo {
namespace {

// XFS_IOC_FSGEOMETRY_V1 of the kernel's fs/xfs/libxfs/xfs_fs.h, which no package of headers that we
// need otherwise has.
struct XfsGeometry {
  std::array<std::uint32_t, 8> sizes;
  std::array<std::uint64_t, 4> counts;
  std::array<unsigned char, 16> uuid;
  std::array<std::uint32_t, 7> more;
};
static_assert(sizeof(XfsGeometry) == 112);
constexpr unsigned long kXfsGeometry = _IOR('X', 100, XfsGeometry);

bool tells_its_identity(const std::string& type) {
  return type == "ext2" || type == "ext3" || type == "ext4" || type == "xfs";
}

bool may_be_copies(const Mount& a, const Mount& b) {
  return tells_its_identity(a.type) && a.type == b.type && a.device != b.device &&
         a.read_only != b.read_only;
}

// Empty where it cannot be told.
std::string identity_at(const Mount& mount) {
  const UniqueFd top(open(mount.point.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
  struct stat st = {};
  if (!top || fstat(top.get(), &st) != 0) return "";
  const std::string device =
      std::to_string(major(st.st_dev)) + ":" + std::to_string(minor(st.st_dev));
  if (device != mount.device) return "";  // something else is mounted there by now
  if (mount.type == "xfs") {
    XfsGeometry geometry = {};
    if (ioctl(top.get(), kXfsGeometry, &geometry) != 0) return "";
    return {reinterpret_cast<const char*>(geometry.uuid.data()), geometry.uuid.size()};
  }
  // ext4 makes f_fsid of its UUID; xfs would make it of the device.
  struct statfs fs = {};
  if (fstatfs(top.get(), &fs) != 0) return "";
  std::array<char, sizeof fs.f_fsid> id{};
  std::memcpy(id.data(), &fs.f_fsid, id.size());
  return {id.data(), id.size()};
}

}  // namespace

void identify_contents(std::vector<Mount>& mounts) {
  for (Mount& mount : mounts) {
    const bool matters = std::any_of(mounts.begin(), mounts.end(), [&](const Mount& other) {
      return may_be_copies(mount, other);
    });
    if (matters) mount.content_id = identity_at(mount);
  }
}

}  // namespace repo

#include "scanner/mounts.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <unordered_map>

#include "base/file_io.h"
#include "base/number.h"

namespace repo {
namespace {

// "\040" for a blank, as proc(5) and fstab(5) write it.
std::string unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto digit = [&](std::size_t at) {
      return at < text.size() && text[at] >= '0' && text[at] <= '7';
    };
    if (text[i] == '\\' && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      bytes += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                 (text[i + 3] - '0'));
      i += 3;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0; at <= text.size();) {
    std::size_t end = text.find(separator, at);
    if (end == std::string_view::npos) end = text.size();
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(text, '\n')) {
    // id parent device root point options [optional…] - type source super-options
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    Mount mount;
    if (fields.size() < 7 || dash == fields.end() || dash + 1 == fields.end()) continue;
    const auto id = to_number<int>(fields[0]);
    const auto parent = to_number<int>(fields[1]);
    if (!id || !parent) continue;
    mount.id = *id;
    mount.parent = *parent;
    mount.device = fields[2];
    mount.root = unescape(fields[3]);
    mount.point = unescape(fields[4]);
    mount.type = unescape(*(dash + 1));
    const auto behind = fields.end() - dash;
    if (behind > 2) mount.source = unescape(*(dash + 2));
    if (behind > 3) {
      for (const std::string_view option : split(*(dash + 3), ',')) {
        mount.options.push_back(unescape(option));
      }
    }
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::vector<Mount> visible_mounts(std::vector<Mount> mounts) {
  std::unordered_map<int, const Mount*> by_id;
  std::unordered_map<std::string, const Mount*> top;  // the last one at a point covers the others
  for (const Mount& mount : mounts) {
    by_id[mount.id] = &mount;
    top[mount.point] = &mount;
  }
  auto is_ancestor = [&](const Mount* candidate, const Mount* mount) {
    for (std::size_t hops = 0; hops <= mounts.size(); ++hops) {  // a damaged table could have loops
      if (mount == candidate) return true;
      const auto parent = by_id.find(mount->parent);
      if (parent == by_id.end() || parent->second == mount) return false;
      mount = parent->second;
    }
    return false;
  };
  std::vector<Mount> visible;
  for (const Mount& mount : mounts) {
    bool covered = false;
    // At each folder on the way to it, the mount on top must be one that it hangs below.
    for (std::size_t slash = mount.point.size();; slash = mount.point.rfind('/', slash - 1)) {
      const std::string prefix = slash == 0 ? "/" : mount.point.substr(0, slash);
      const auto covering = top.find(prefix);
      if (covering != top.end() && !is_ancestor(covering->second, &mount)) covered = true;
      if (slash == 0 || mount.point == "/" || covered) break;
    }
    if (!covered) visible.push_back(mount);
  }
  return visible;
}

Result<std::vector<Mount>> read_mounts() {
  const std::string path = "/proc/self/mountinfo";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error("open", path, errno);
  constexpr std::size_t kLimit = std::size_t{256} << 20;
  const Result<std::string> text = read_to_end(file.get(), kLimit);
  if (!text) return system_error("read", path, text.error().code);
  return visible_mounts(parse_mountinfo(*text));
}

FsClass classify(std::string_view type) {
  static constexpr std::array<std::string_view, 23> kPseudo = {
      "binder",     "binfmt_misc", "bpf",       "cgroup",   "cgroup2",    "configfs",
      "debugfs",    "devpts",      "devtmpfs",  "efivarfs", "functionfs", "fusectl",
      "hugetlbfs",  "mqueue",      "nsfs",      "proc",     "pstore",     "resctrl",
      "rpc_pipefs", "securityfs",  "selinuxfs", "sysfs",    "tracefs"};
  static constexpr std::array<std::string_view, 20> kNetwork = {
      "9p",    "acfs", "afs",  "beegfs",   "ceph",   "cifs",  "coda", "davfs", "gpfs",   "lustre",
      "ncpfs", "nfs",  "nfs4", "orangefs", "prl_fs", "pvfs2", "smb3", "smbfs", "vboxsf", "vmhgfs"};
  if (type == "autofs") return FsClass::kAutomount;
  if (contains(kPseudo, type)) return FsClass::kPseudo;
  if (contains(kNetwork, type)) return FsClass::kNetwork;
  if (type == "fuse" || type.starts_with("fuse.")) return FsClass::kFuse;
  return FsClass::kLocal;  // fuseblk (NTFS on a local disk) among them
}

bool may_hang(std::string_view type) {
  const FsClass fs_class = classify(type);
  return fs_class != FsClass::kLocal && fs_class != FsClass::kPseudo;
}

}  // namespace repo

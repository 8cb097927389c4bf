#include "scanner/layers.h"

#include <array>

#include "base/bytes_path.h"

namespace repo {
namespace {

// Of overlay drivers alone: with others (vfs, btrfs) a container that runs is in such a folder and
// nowhere else.
constexpr std::array<std::string_view, 2> kDocker = {"containers", "image"};
constexpr std::array<std::string_view, 2> kPodman = {"overlay-layers", "overlay-images"};
constexpr std::array<std::string_view, 2> kContainerd = {"io.containerd.content.v1.content",
                                                         "io.containerd.metadata.v1.bolt"};
constexpr std::array<Engine, 5> kEngines = {{
    {"overlay2", "docker", kDocker, "l"},
    {"fuse-overlayfs", "docker", kDocker, "l"},
    {"overlay", "podman", kPodman, "l"},
    {"io.containerd.snapshotter.v1.overlayfs", "containerd", kContainerd, "snapshots"},
    {"io.containerd.snapshotter.v1.fuse-overlayfs", "containerd", kContainerd, "snapshots"},
}};

}  // namespace

const Engine* layers_of(std::string_view name,
                        const std::function<bool(std::string_view)>& has_sibling) {
  for (const Engine& engine : kEngines) {
    if (name != engine.folder) continue;
    if (has_sibling(engine.beside[0]) && has_sibling(engine.beside[1])) return &engine;
  }
  return nullptr;
}

std::vector<std::string> upper_folders(const Mount& mount) {
  std::vector<std::string> folders;
  if (mount.type != "overlay") return folders;
  for (const std::string& option : mount.options) {
    const bool is_work = option.starts_with("workdir=");
    if (!is_work && !option.starts_with("upperdir=")) continue;
    const std::string path = option.substr(option.find('=') + 1);
    if (!is_canonical_path(path)) continue;
    if (!is_work) {
      folders.push_back(path);
      continue;
    }
    // What else is in a work folder is none of the kernel's.
    for (const char* own : {"work", "index"}) folders.push_back(join_path(path, own));
  }
  return folders;
}

}  // namespace repo

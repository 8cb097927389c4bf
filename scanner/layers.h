// The folders in which container engines keep the layers of images and containers. The walk comes
// to what root runs by its mounts; below the layers everything would be there again, once for each
// image. Pure.
//
// Sources: Docker, "OverlayFS storage driver"; containers-storage(1) and containers/storage,
// drivers/ and layers.go (`overlay`, `overlay-layers`, `overlay-images` in one folder); containerd,
// docs/snapshotters (`io.containerd.snapshotter.v1.*`); the kernel's Documentation/filesystems/
// overlayfs.rst for `upperdir` and `workdir`.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/mounts.h"

namespace repo {

struct Engine {
  std::string_view folder;  // where it keeps layers
  std::string_view name;
  std::array<std::string_view, 2> beside;  // other folders that are there then
  std::string_view inside;                 // a folder in it
};

// Whose layers a subdirectory of this name holds, if `inside` is in it; null: it is no such folder.
const Engine* layers_of(std::string_view name,
                        const std::function<bool(std::string_view)>& has_sibling);

// The folders that an overlay mount keeps what was written to it in, absolute and canonical; none
// of another mount, or where they are not told as such paths.
std::vector<std::string> upper_folders(const Mount& mount);

}  // namespace repo

// Tables of mounts and options for the tests of WalkMap.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scanner/mounts.h"
#include "scanner/walk_map.h"

namespace repo {

struct Line {
  std::string device;
  std::string root;
  std::string point;
  std::string type;
  std::vector<std::string> options = {};
};

inline std::vector<Mount> table(const std::vector<Line>& lines) {
  std::vector<Mount> mounts;
  int id = 1;
  for (const Line& line : lines) {
    Mount& mount = mounts.emplace_back();
    mount.id = id;
    mount.parent = id == 1 ? 0 : 1;
    mount.device = line.device;
    mount.root = line.root;
    mount.point = line.point;
    mount.type = line.type;
    mount.options = line.options;
    ++id;
  }
  return mounts;
}

inline WalkMapOptions roots(std::vector<std::string> paths) {
  WalkMapOptions options;
  options.roots = std::move(paths);
  return options;
}

inline WalkMapOptions one_file_system(WalkMapOptions options) {
  options.one_file_system = true;
  return options;
}

inline WalkMapOptions network(WalkMapOptions options) {
  options.network = true;
  return options;
}

inline WalkMapOptions with_type(WalkMapOptions options, const std::string& type) {
  options.fs_types.insert(type);
  return options;
}

inline WalkMapOptions excluding(WalkMapOptions options, const std::string& pattern) {
  options.excludes.push_back(pattern);
  return options;
}

inline const Line kRoot = {"8:1", "/", "/", "ext4"};

}  // namespace repo

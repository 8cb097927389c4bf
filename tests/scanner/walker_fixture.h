// Walks of a file system that is not there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/task_pool.h"
#include "scanner/manifest.h"
#include "scanner/walker.h"
#include "tests/support/fake_fs.h"

namespace repo {

inline void add_svn(test::FakeFileSystem& fs, const std::string& path) {
  fs.add_file(path + "/format", "5\n");
  fs.add_file(path + "/db/fs-type", "fsfs\n");
  fs.add_file(path + "/db/format", "8\n");
  fs.add_file(path + "/db/current", "42\n");
  fs.add_file(path + "/db/uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n");
  fs.add_directory(path + "/hooks");
  fs.add_directory(path + "/conf");
  fs.add_directory(path + "/locks");
}

inline void add_hg(test::FakeFileSystem& fs, const std::string& path) {
  fs.add_file(path + "/.hg/requires", "share-safe\n");
  fs.add_file(path + "/.hg/store/requires", "store\n");
}

struct Setup {
  std::vector<std::string> roots = {"/"};
  int jobs = 2;
  int max_open_directories = 512;
  std::set<std::string> kinds = {};
  std::vector<std::string> excludes = {};
  std::string mounts = "";  // besides "/", lines of mountinfo
  bool leaf_skip = false;
  Kinds known = {};
};

inline ScanResult walk_fake(const FileSystem& fs, const Setup& setup = {}) {
  WalkMapOptions map_options;
  map_options.roots = setup.roots;
  map_options.excludes = setup.excludes;
  const WalkMap map(parse_mountinfo("1 0 8:1 / / rw - ext4 d rw\n" + setup.mounts), map_options);
  WalkOptions options;
  options.roots = setup.roots;
  options.kinds = setup.kinds;
  options.excludes = setup.excludes;
  options.max_open_directories = setup.max_open_directories;
  options.leaf_skip = setup.leaf_skip;
  options.known = setup.known;
  return walk(options, map, fs, *make_task_pool(setup.jobs));
}

template <typename T>
std::vector<std::string> paths(const std::vector<T>& found) {
  std::vector<std::string> all;
  for (const T& each : found) all.push_back(each.path);
  std::sort(all.begin(), all.end());
  return all;
}

inline std::string manifest(const ScanResult& result) {
  return write_manifest({"repo-scan", "host", UtcTime(), UtcTime(), {"/"}}, result);
}

}  // namespace repo

// What tests of scans of real trees share: a tree of their own, and mounts that nobody else sees.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "scanner/scan.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {

class TreeTest : public testing::Test {
 protected:
  void make_hg(const std::string& name) {
    test::write_file(tree_ / (name + "/.hg/requires"), "share-safe\n");
    test::write_file(tree_ / (name + "/.hg/store/requires"), "store\n");
  }

  // Runs `body` where its mounts are nobody else's.
  template <typename Body>
  void with_mounts(const Body& body) {
    test::in_child([&] {
      test::enter_private_mount_namespace();
      body();
    });
  }

  ScanResult scan_tree(const ScanOptions& options = {}) {
    return scan_roots({tree_.path()}, options);
  }
  static ScanResult scan_roots(const std::vector<std::string>& roots, ScanOptions options = {}) {
    options.jobs = 4;
    Result<ScanResult> result = scan(options, roots);
    EXPECT_TRUE(result);
    return result ? *std::move(result) : ScanResult();
  }

  // The paths of what was found, below the tree.
  template <typename T>
  std::vector<std::string> below(const std::vector<T>& found) const {
    std::vector<std::string> all;
    for (const T& each : found) all.push_back(each.path.substr(tree_.path().size() + 1));
    std::sort(all.begin(), all.end());
    return all;
  }

  test::TempDir tree_;
};

}  // namespace repo

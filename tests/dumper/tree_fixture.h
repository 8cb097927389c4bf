// A tree on disk to walk and to look at.
#pragma once

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

#include <latch>
#include <map>

#include "dumper/tree.h"
#include "dumper/tree_look.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {

class TreeTest : public testing::Test {
 protected:
  Result<TreeLook> look(const Skip& skip = {}, const Patience& patience = test::patient()) const {
    const UniqueFd top = test::open_folder(tree_.path());
    return look_at_tree({top.get(), std::nullopt}, skip, patience);
  }
  // What a look tells of.
  std::vector<TreeEntry> entries(const Skip& skip = {}) const {
    std::vector<TreeEntry> found;
    const UniqueFd top = test::open_folder(tree_.path());
    const Result<TreeLook> seen =
        look_at_tree({top.get(), std::nullopt}, skip, test::patient(),
                     [&](const TreeEntry& entry) { found.push_back(entry); });
    EXPECT_TRUE(seen) << describe(seen.error());
    return found;
  }
  std::vector<std::string> paths(const Skip& skip = {}) const {
    std::vector<std::string> found;
    for (const TreeEntry& entry : entries(skip)) found.push_back(entry.path);
    return found;
  }
  std::map<std::string, TreeEntry> by_path() const {
    std::map<std::string, TreeEntry> found;
    for (const TreeEntry& entry : entries()) found[entry.path] = entry;
    return found;
  }
  Status remove(const std::string& name) const {
    const UniqueFd top = test::open_folder(tree_.path());
    return remove_tree(top.get(), name);
  }
  test::TempDir tree_;
};

}  // namespace repo

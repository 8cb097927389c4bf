// Copies of one directory into another.
#pragma once

#include <gtest/gtest.h>

#include "dumper/tree_copier.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {

class TreeCopierTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(target_);
  }
  Result<TreeLook> copy(const CopyOptions& options) const {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd target = test::open_folder(target_);
    return copy_tree({source.get(), as_}, target.get(), options);
  }
  TreeLook must_copy(const CopyOptions& options) const {
    Result<TreeLook> seen = copy(options);
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? *std::move(seen) : TreeLook();
  }
  TreeLook must_copy() const { return must_copy(plain()); }
  static CopyOptions plain(const Patience& patience = test::patient()) {
    CopyOptions options;
    options.patience = patience;
    return options;
  }
  TreeLook look_at_source(const Skip& skip = {}) const {
    const UniqueFd source = test::open_folder(source_);
    Result<TreeLook> seen = look_at_tree({source.get(), std::nullopt}, skip, test::patient());
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? *std::move(seen) : TreeLook();
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string target_ = tree_ / "target";
  std::optional<Identity> as_;
};

}  // namespace repo

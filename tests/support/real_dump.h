// A fixture for dumps of real repositories: the sandbox, a dump root, one repository.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>

#include "dumper/dump_item.h"
#include "dumper/sandbox.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo::test {

class RealDumpTest : public testing::Test {
 protected:
  explicit RealDumpTest(std::string kind) : kind_(std::move(kind)) {}

  void SetUp() override {
    REPO_NEEDS_ROOT();
    Result<std::unique_ptr<CommandRunner>> made = make_sandbox();
    ASSERT_TRUE(made) << describe(made.error());
    sandbox_ = *std::move(made);
    Result<DumpRoot> root = open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
  }

  ItemResult dump(const CommandRunner& runner) {
    item_.id = item_at(kind_, path_).id;
    item_.source = source_at(kind_, path_);
    ItemContext context = context_of(*root_, runner);
    context.keep = keep_;
    context.stall = stall_;
    return dump_once(item_, *dumpers_.find(kind_), context);
  }
  ItemResult dump() { return dump(*sandbox_); }
  // The same as on a later night: what can be shared with the generation before is.
  ItemResult dump_later(std::chrono::seconds later = {}) {
    item_.id = item_at(kind_, path_).id;
    item_.source = source_at(kind_, path_);
    ItemContext context = context_of(*root_, *sandbox_);
    context.keep = keep_;
    context.accepted = accepted_;
    return dump_next(item_, *dumpers_.find(kind_), context, utc_now() + later);
  }
  ItemResult must_dump() {
    const ItemResult result = dump();
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    return result;
  }
  // A failure that leaves no copy behind, neither a published one nor another.
  Error must_fail() {
    const ItemResult result = dump();
    EXPECT_EQ(result.status, ItemStatus::kFailed);
    EXPECT_FALSE(exists(current_of(*root_, item_)));
    EXPECT_TRUE(staged_in(*root_).empty());
    return result.error.value_or(Error());
  }
  std::string data() const { return current_of(*root_, item_) + "/data"; }
  std::string owners() const { return read_file(current_of(*root_, item_) + "/owners"); }
  // Whether any byte of the dump root says so.
  bool dump_root_contains(const std::string& text) const {
    return run({"grep", "-r", "-a", "-F", text, root_->path}).status == 0;
  }

  TempDir tree_;
  const Dumpers dumpers_;
  const std::string kind_;
  std::string path_ = tree_ / "repository";
  std::optional<DumpRoot> root_;
  std::unique_ptr<CommandRunner> sandbox_;
  PlanItem item_;
  int keep_ = 2;
  bool accepted_ = false;
  std::chrono::seconds stall_{120};
};

}  // namespace repo::test

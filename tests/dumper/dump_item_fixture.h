// One item, copied by a dumper that does as it is told.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "dumper/dump_item.h"
#include "dumper/publish.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_dumper.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {

inline Error busy() { return {"copy", "db", EBUSY, "somebody packs it"}; }

class DumpItemTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(tree_ / "repo");
    test::write_file(tree_ / "repo/file", "what the copy is a copy of\n");
    test::set_mode(tree_ / "repo", 0755);
    test::set_mode(tree_ / "repo/file", 0644);
    item_ = test::item_at("svn", tree_ / "repo");
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
  }
  ItemResult dump() { return test::dump_once(item_, dumper_, context()); }
  ItemContext context() const {
    ItemContext made = test::context_of(*root_, runner_);
    made.keep = keep_;
    made.max_time = max_time_;
    return made;
  }
  ItemResult must_dump() {
    const ItemResult result = dump();
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_THAT(test::staged_in(*root_), testing::IsEmpty());
    return result;
  }
  // Fails, and nothing has changed but for that.
  Error must_fail(ItemStatus status = ItemStatus::kFailed) {
    const std::string before = test::snapshot(root_->path + "/current");
    const ItemResult result = dump();
    EXPECT_EQ(result.status, status);
    EXPECT_EQ(result.generation, "");
    EXPECT_EQ(test::snapshot(root_->path + "/current"), before);
    EXPECT_THAT(test::staged_in(*root_), testing::IsEmpty());
    if (!result.error) ADD_FAILURE() << "no error";
    return result.error.value_or(Error());
  }
  std::string current() const { return test::current_of(*root_, item_); }

  test::TempDir tree_;
  PlanItem item_;
  std::optional<DumpRoot> root_;
  test::ScriptedRunner runner_;
  test::ScriptedDumper dumper_;
  int keep_ = 2;
  std::chrono::seconds max_time_{120};
};

}  // namespace repo

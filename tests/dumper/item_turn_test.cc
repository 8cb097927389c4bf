// What becomes of an item that is not copied, and of its line in the run's log.
#include "dumper/item_turn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "base/stop_signal.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

class ItemTurnTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    test::make_svn_skeleton(tree_ / "alpha");
    item_.plan = test::item_at("svn", tree_ / "alpha");
    item_.plan.dumper = dumpers_.find("svn");
    tools_.of_kind["svn"] = {"1.14", std::nullopt};
  }
  ItemResult turn(bool log_is_full = false) {
    RunRecord record;
    record.started = *parse_stamp("20260101T000000Z");
    const Result<RunLog> log = RunLog::begin(*root_, record, "{}", 1);
    EXPECT_TRUE(log);
    if (log_is_full) {
      const struct rlimit none = {0, 0};
      std::signal(SIGXFSZ, SIG_IGN);
      setrlimit(RLIMIT_FSIZE, &none);
    }
    const DumpOptions options;
    const std::string host = "web1";
    return take_turn(item_, 0, nullptr, {options, *root_, tools_, host, nullptr, *log});
  }
  std::string logged() const {
    return test::read_file(root_->path + "/control/runs/20260101T000000Z.items");
  }
  void list() {
    item_.decision.verdict = Verdict::kList;
    item_.decision.rule = "size>1GiB";
    item_.decision.note = "listed only: why";
  }

  test::TempDir tree_;
  std::optional<DumpRoot> root_;
  const Dumpers dumpers_;
  Tools tools_;
  RunItem item_;
};

TEST_F(ItemTurnTest, AListedOneIsSkippedWithTheRule) {
  list();
  const ItemResult result = turn();
  EXPECT_EQ(result.status, ItemStatus::kSkipped);
  EXPECT_EQ(result.listed_by, "size>1GiB");
  EXPECT_FALSE(result.error);
  EXPECT_EQ(logged(), result_line(result));
}

TEST_F(ItemTurnTest, WhatWasRefusedOrCannotBeReadFails) {
  item_.unreadable = system_error("open", item_.plan.source.path, EACCES);
  EXPECT_EQ(turn().status, ItemStatus::kFailed);
  item_.unreadable = system_error("open", item_.plan.source.path, ENOENT);
  EXPECT_EQ(turn().status, ItemStatus::kVanished);
  item_.plan.refused = plain_error("copy", item_.plan.source.path, "outside");
  EXPECT_THAT(describe(*turn().error), HasSubstr("outside"));
}

TEST_F(ItemTurnTest, D39_WithoutItsToolItFailsAndNamesIt) {
  tools_.of_kind["svn"].missing = plain_error("run", "", "svnadmin is not installed");
  const ItemResult result = turn();
  EXPECT_EQ(result.status, ItemStatus::kFailed);
  EXPECT_THAT(describe(*result.error), HasSubstr("svnadmin"));
}

TEST_F(ItemTurnTest, D14_AfterAStopItIsSkipped) {
  test::in_child([this] {
    request_stop(SIGTERM);
    const ItemResult result = turn();
    EXPECT_EQ(result.status, ItemStatus::kSkipped);
    EXPECT_THAT(describe(*result.error), HasSubstr("stopped before its turn"));
  });
}

TEST_F(ItemTurnTest, NoExceptionLeavesIt) {
  tools_.of_kind.clear();
  const ItemResult result = turn();
  EXPECT_EQ(result.status, ItemStatus::kFailed);
  EXPECT_THAT(describe(*result.error), HasSubstr(item_.plan.source.path));
}

// What the log does not have is lost with a run that is killed: it is no success.
TEST_F(ItemTurnTest, D5_WhoseLineCannotBeWrittenFails) {
  list();
  test::in_child([this] {
    const ItemResult result = turn(true);
    EXPECT_EQ(result.status, ItemStatus::kFailed);
    EXPECT_EQ(result.listed_by, "");
    EXPECT_THAT(describe(*result.error), HasSubstr(".items"));
  });
}

}  // namespace
}  // namespace repo

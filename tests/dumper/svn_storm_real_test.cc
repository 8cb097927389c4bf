// Copies while others commit: every one that is published is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "dumper/dump_item.h"
#include "dumper/sandbox.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/repositories.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

constexpr int kCopies = 12;
constexpr int kMostCommits = 1500;  // of a writer

class SvnStormTest : public testing::Test {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    Result<std::unique_ptr<CommandRunner>> made = make_sandbox();
    ASSERT_TRUE(made) << describe(made.error());
    sandbox_ = *std::move(made);
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
  }
  ItemResult dump() const {
    ItemContext context = test::context_of(*root_, *sandbox_);
    context.keep = 100;
    return dump_item(test::item_at("svn", path_), *find_dumper("svn"), context);
  }
  std::string current() const {
    return test::current_of(*root_, test::item_at("svn", path_)) + "/data";
  }

  test::TempDir tree_;
  const std::string path_ = tree_ / "repository";
  std::optional<DumpRoot> root_;
  std::unique_ptr<CommandRunner> sandbox_;
};

TEST_F(SvnStormTest, D23_EveryCopyUnderCommitsVerifiesAndLiesBetweenTheRevisions) {
  test::svn_create(path_);
  test::svn_commit(path_, "file", "first\n");
  test::Storm storm = test::Storm::svn(path_, kMostCommits);
  const int begin = test::svn_youngest(path_);
  for (int i = 0; i < kCopies; ++i) {
    const int before = test::svn_youngest(path_);
    const ItemResult result = dump();
    const int after = test::svn_youngest(path_);
    ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    const int copied = test::svn_youngest(current());
    EXPECT_GE(copied, before);
    EXPECT_LE(copied, after);
    EXPECT_EQ(test::svn_complaint(current()), "");
  }
  EXPECT_GT(test::svn_youngest(path_), begin + kCopies) << "there was no storm";
  storm.stop();
}

// svnadmin pack removes files under hotcopy: that fails loudly and is tried again.
TEST_F(SvnStormTest, D23_EveryCopyUnderCommitsAndPackingIsWholeOrBusy) {
  test::svn_create(path_);
  test::svn_set_shard(path_, 5);
  test::svn_commit(path_, "file", "first\n");
  test::Storm storm = test::Storm::svn(path_, kMostCommits);
  const test::Background packer(
      {"bash", "-c",
       "for ((i = 0; i < 400; i++)); do [ -e \"$1\" ] && exit; svnadmin pack -q \"$0\"; done",
       path_, path_ + ".stop"});
  int copies = 0;
  for (int i = 0; i < kCopies; ++i) {
    const ItemResult result = dump();
    if (result.status == ItemStatus::kCopied) {
      ++copies;
      EXPECT_EQ(test::svn_complaint(current()), "");
    } else {
      EXPECT_THAT(describe(result.error.value_or(Error())), testing::HasSubstr("busy"));
    }
  }
  storm.stop();
  EXPECT_GT(copies, 0);
  EXPECT_EQ(test::svn_complaint(path_), "");
}

}  // namespace
}  // namespace repo

// Copies while others commit: every one that is published is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

constexpr int kCopies = 12;
constexpr int kMostCommits = 1500;  // of a writer

class SvnStormTest : public test::RealDumpTest {
 protected:
  SvnStormTest() : RealDumpTest("svn") { keep_ = 100; }
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
    const int copied = test::svn_youngest(data());
    EXPECT_GE(copied, before);
    EXPECT_LE(copied, after);
    EXPECT_EQ(test::svn_complaint(data()), "");
  }
  EXPECT_GT(test::svn_youngest(path_), begin + kCopies) << "there was no storm";
  storm.stop();
}

// svnadmin pack removes files under the copy.
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
      EXPECT_EQ(test::svn_complaint(data()), "");
    } else {
      EXPECT_THAT(describe(result.error.value_or(Error())), testing::HasSubstr("busy"));
    }
  }
  storm.stop();
  EXPECT_GT(copies, 0);
  EXPECT_EQ(test::svn_complaint(path_), "");
}

// As commits and revision properties make them beside db/current: in the copy or not, but never a
// difference between the copy and what is compared with it.
TEST_F(SvnStormTest, D23_TemporaryFilesOfCommitsAreNoDifference) {
  test::svn_create(path_);
  const test::Background writer({"python3", "-c",
                                 "import os, sys\n"
                                 "while os.path.exists(sys.argv[1]):\n"
                                 "    open(sys.argv[1] + '/db/svn-x', 'w').close()\n"
                                 "    os.unlink(sys.argv[1] + '/db/svn-x')\n",
                                 path_});
  for (int i = 0; i < kCopies; ++i) {
    const ItemResult result = dump();
    if (result.status == ItemStatus::kCopied) continue;
    EXPECT_THAT(describe(result.error.value_or(Error())), testing::HasSubstr("busy"));
  }
}

}  // namespace
}  // namespace repo

// Copies while others commit, rewrite and collect garbage: every one that is published is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

constexpr int kCopies = 12;
constexpr int kMostCommits = 3000;  // of a writer

class GitStormTest : public test::RealDumpTest {
 protected:
  GitStormTest() : RealDumpTest("git") { keep_ = 100; }

  int commits() const {
    return std::stoi("0" + test::git(path_, {"rev-list", "--all", "--count"}));
  }

  // Copies, and looks at every copy; how many were published.
  int copies() {
    int published = 0;
    for (int i = 0; i < kCopies; ++i) {
      const ItemResult result = dump();
      if (result.status == ItemStatus::kCopied) {
        ++published;
        EXPECT_EQ(test::git_complaint(data()), "") << i;
      } else {
        EXPECT_THAT(describe(result.error.value_or(Error())), testing::HasSubstr("busy")) << i;
      }
    }
    return published;
  }
};

TEST_F(GitStormTest, D23_EveryCopyUnderCommitsAndAmendsIsWhole) {
  test::git_init(path_);
  test::git_commit(path_, "file", "first\n");
  test::Storm storm = test::Storm::git(path_, kMostCommits);
  const int before = commits();
  EXPECT_EQ(copies(), kCopies);
  EXPECT_GT(commits(), before + kCopies) << "there was no storm";
  storm.stop();
  EXPECT_EQ(test::git_complaint(path_), "");
}

TEST_F(GitStormTest, D23_EveryCopyUnderCommitsAndGarbageCollectionIsWholeOrBusy) {
  test::git_init(path_);
  test::git_commit(path_, "file", "first\n");
  test::Storm storm = test::Storm::git(path_, kMostCommits);
  test::Background collector(
      {"bash", "-c",
       "g() { git -c safe.directory='*' -c gc.autoDetach=false -C \"$0\" \"$@\"; }\n"
       "for ((i = 0; i < 400; i++)); do [ -e \"$1\" ] && exit; g gc -q --auto; g gc -q; done",
       path_, path_ + ".stop"});
  const int before = commits();
  EXPECT_GT(copies(), 0);
  EXPECT_GT(commits(), before) << "there was no storm";
  storm.stop();
  collector.wait();  // it takes away what it has just packed
  EXPECT_EQ(test::git_complaint(path_), "");
}

}  // namespace
}  // namespace repo

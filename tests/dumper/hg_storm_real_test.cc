// Copies while others commit, amend and strip: every one is whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

constexpr int kCopies = 12;
constexpr int kMostCommits = 2000;  // of a writer

class HgStormTest : public test::RealDumpTest {
 protected:
  HgStormTest() : RealDumpTest("hg") { keep_ = 100; }

  // How many commits there have been, whatever amend and strip have taken away again.
  static std::size_t changes(const std::string& path) {
    std::size_t lines = 0;
    for (const char* writer : {"/storm.a", "/storm.b"}) {
      const std::string text = test::read_file(path + writer);
      lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    }
    return lines;
  }
};

TEST_F(HgStormTest, D23_EveryCopyUnderCommitsAmendsAndStripsVerifies) {
  test::hg_init(path_);
  for (int i = 0; i < 3; ++i) test::hg_commit(path_, "file", std::to_string(i) + "\n");
  test::Storm storm = test::Storm::hg(path_, kMostCommits);
  while (changes(path_) == 0) std::this_thread::yield();
  const std::size_t before = changes(path_);
  for (int i = 0; i < kCopies; ++i) {
    const ItemResult result = dump();
    ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_EQ(test::hg_complaint(data()), "") << i;
    EXPECT_LT(*result.lock_seconds, 30);
  }
  EXPECT_GT(changes(path_), before + 3 * kCopies) << "there was no storm";
  storm.stop();
  EXPECT_EQ(test::hg_complaint(path_), "");
  for (const std::string& generation : test::names_in(test::older_of(*root_, item_))) {
    EXPECT_EQ(test::hg_complaint(test::older_of(*root_, item_) + "/" + generation + "/data"), "");
  }
}

TEST_F(HgStormTest, D23_EveryCopyOfAShareUnderCommitsInItsSourceVerifies) {
  const std::string origin = tree_ / "origin";
  test::hg_init(origin);
  test::hg_commit(origin, "file", "one\n");
  test::hg("/", {"share", "-q", origin, path_});
  test::Storm storm = test::Storm::hg(origin, kMostCommits);
  while (changes(origin) == 0) std::this_thread::yield();
  for (int i = 0; i < kCopies; ++i) {
    const ItemResult result = dump();
    ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_EQ(test::hg_complaint(data()), "") << i;
  }
  storm.stop();
}

}  // namespace
}  // namespace repo

// Walking, looking at and removing trees.
#include "dumper/tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <functional>
#include <latch>
#include <map>

#include "base/stop_signal.h"
#include "base/task_pool.h"
#include "dumper/tree_look.h"
#include "tests/dumper/tree_fixture.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;

TEST_F(TreeTest, TheWalkGoesThroughNamesInByteOrderDirectoriesWithWhatIsInThem) {
  test::write_file(tree_ / "a.b", "");
  test::write_file(tree_ / "a/z", "");
  test::write_file(tree_ / "a/b/c", "");
  test::write_file(tree_ / "\xff", "");
  test::write_file(tree_ / "A", "");
  test::write_file(tree_ / "a\n", "");
  EXPECT_THAT(paths(), ElementsAre("", "A", "a", "a/b", "a/b/c", "a/z", "a\n", "a.b", "\xff"));
}

TEST_F(TreeTest, PrecedesInWalkIsTheOrderOfTheWalk) {
  const std::vector<std::string> names = {"a", "a.b", "a-b",  "a\x01", "a\xff", "ab",
                                          " ", "\n",  "\xff", "0",     "a b",   "~"};
  for (const std::string& name : names) {
    for (const std::string& below : names) test::write_file(tree_ / name + "/" + below, "");
  }
  const std::vector<std::string> walked = paths();
  EXPECT_EQ(walked.size(), 1 + names.size() + names.size() * names.size());
  EXPECT_TRUE(std::is_sorted(walked.begin(), walked.end(), precedes_in_walk));
  for (std::size_t i = 0; i + 1 < walked.size(); ++i) {
    EXPECT_TRUE(precedes_in_walk(walked[i], walked[i + 1])) << testing::PrintToString(walked[i]);
  }
  EXPECT_FALSE(precedes_in_walk("a", "a"));
}

TEST_F(TreeTest, WhatIsSkippedIsLeftOutWithWhatIsInIt) {
  test::write_file(tree_ / "a/b/c", "");
  test::write_file(tree_ / "b", "");
  EXPECT_THAT(paths([](const std::string& path) { return path == "a/b" || path == "b"; }),
              ElementsAre("", "a"));
}

TEST_F(TreeTest, D19_LinksAreSeenAndNotFollowed) {
  const test::TempDir elsewhere;
  test::write_file(elsewhere / "secret", "");
  test::make_link(tree_ / "dir", elsewhere.path());
  test::make_link(tree_ / "loop", ".");
  test::make_link(tree_ / "broken", "no/where");
  const std::map<std::string, TreeEntry> seen = by_path();
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen.at("dir").link, elsewhere.path());
  EXPECT_EQ(seen.at("loop").link, ".");
  EXPECT_EQ(seen.at("broken").link, "no/where");
}

TEST_F(TreeTest, D20_FifosSocketsAndDevicesAreSeenAndNotOpened) {
  REPO_NEEDS_ROOT();
  test::make_fifo(tree_ / "fifo");
  test::make_socket(tree_ / "socket");
  // Opening a device that nobody drives would be ENXIO.
  ASSERT_EQ(mknod((tree_ / "device").c_str(), S_IFCHR | 0600, makedev(250, 250)), 0);
  const std::map<std::string, TreeEntry> seen = by_path();
  EXPECT_TRUE(S_ISFIFO(seen.at("fifo").st.st_mode));
  EXPECT_TRUE(S_ISSOCK(seen.at("socket").st.st_mode));
  EXPECT_TRUE(S_ISCHR(seen.at("device").st.st_mode));
}

// Does something at a certain entry, as another process might at that moment.
class Meddler final : public TreeVisitor {
 public:
  Meddler(std::string at, std::function<void()> deed)
      : at_(std::move(at)), deed_(std::move(deed)) {}
  std::vector<std::string> seen;
  Result<Descend> enter(const TreeEntry& entry, int, const std::string&) override {
    seen.push_back(entry.path);
    if (entry.path == at_) deed_();
    return Descend::kYes;
  }
  Status leave(const TreeEntry&, int) override { return {}; }

 private:
  const std::string at_;
  const std::function<void()> deed_;
};

TEST_F(TreeTest, D24_WhatVanishesDuringTheWalkIsLeftOut) {
  for (const char* path : {"a", "b/in", "c", "d"}) test::write_file(tree_ / path, "");
  Meddler meddler("a", [this] {
    EXPECT_TRUE(remove("b"));
    EXPECT_TRUE(remove("c"));
  });
  const UniqueFd top = test::open_folder(tree_.path());
  const Status walked = walk_tree({top.get(), std::nullopt}, meddler, test::patient());
  ASSERT_TRUE(walked) << describe(walked.error());
  EXPECT_THAT(meddler.seen, ElementsAre("", "a", "d"));
}

TEST_F(TreeTest, D24_ADirectoryThatIsRemovedUnderTheWalkIsEmpty) {
  test::write_file(tree_ / "a/in", "");
  test::write_file(tree_ / "b", "");
  Meddler meddler("a", [this] { EXPECT_TRUE(remove("a")); });
  const UniqueFd top = test::open_folder(tree_.path());
  const Status walked = walk_tree({top.get(), std::nullopt}, meddler, test::patient());
  ASSERT_TRUE(walked) << describe(walked.error());
  EXPECT_THAT(meddler.seen, ElementsAre("", "a", "b"));
}

TEST_F(TreeTest, D19_ADirectoryThatBecomesALinkIsNotEntered) {
  const test::TempDir elsewhere;
  test::write_file(elsewhere / "secret", "");
  test::write_file(tree_ / "a", "");
  test::write_file(tree_ / "b/in", "");
  Meddler meddler("a", [&] {
    EXPECT_TRUE(remove("b"));
    test::make_link(tree_ / "b", elsewhere.path());
  });
  const UniqueFd top = test::open_folder(tree_.path());
  ASSERT_TRUE(walk_tree({top.get(), std::nullopt}, meddler, test::patient()));
  EXPECT_THAT(meddler.seen, ElementsAre("", "a", "b"));
}

TEST_F(TreeTest, TheFirstErrorOfTheVisitorEndsTheWalk) {
  class Refuser final : public TreeVisitor {
   public:
    int calls = 0;
    Result<Descend> enter(const TreeEntry& entry, int, const std::string&) override {
      ++calls;
      if (entry.path == "b") return plain_error("refuse", entry.path, "no");
      return Descend::kYes;
    }
    Status leave(const TreeEntry&, int) override { return {}; }
  } refuser;
  for (const char* path : {"a", "b", "c"}) test::write_file(tree_ / path, "");
  const UniqueFd top = test::open_folder(tree_.path());
  const Status walked = walk_tree({top.get(), std::nullopt}, refuser, test::patient());
  ASSERT_FALSE(walked);
  EXPECT_EQ(walked.error().path, "b");
  EXPECT_EQ(refuser.calls, 3);
}

TEST_F(TreeTest, AFolderThatMayNotBeReadIsAnErrorWithItsPath) {
  REPO_NEEDS_ROOT();
  test::write_file(tree_ / "a/shut/in", "");
  test::set_mode(tree_ / "a/shut", 0);
  test::in_child([this] {
    for (const char* path : {"", "/a"}) test::set_mode(tree_.path() + path, 0755);
    test::become_user(1234);
    const Result<TreeLook> seen = look();
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, EACCES);
    EXPECT_EQ(seen.error().path, "a/shut");
  });
}

TEST_F(TreeTest, AfterTheDeadlineTheWalkIsOver) {
  test::write_file(tree_ / "a", "");
  const Result<TreeLook> seen = look({}, test::no_time());
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, ETIMEDOUT);
}

TEST_F(TreeTest, D14_AStopEndsTheWalkButNotOneThatMustBeFinished) {
  test::in_child([this] {
    test::write_file(tree_ / "a", "");
    request_stop(15);
    const Result<TreeLook> seen = look();
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().message, "stopped");
    EXPECT_TRUE(look({}, kNoLimit));
    EXPECT_TRUE(remove("a"));
  });
}

TEST_F(TreeTest, RemoveTreeTakesEverythingWhateverItIs) {
  test::write_file(tree_ / "t/d/file", "");
  test::set_mode(tree_ / "t/d", 0);
  test::write_file(tree_ / "t/e/\xff\n", "");
  test::make_fifo(tree_ / "t/fifo");
  test::make_socket(tree_ / "t/socket");
  test::make_link(tree_ / "t/link", "nowhere");
  const Status removed = remove("t");
  ASSERT_TRUE(removed) << describe(removed.error());
  EXPECT_THAT(test::names_in(tree_.path()), ElementsAre());
}

TEST_F(TreeTest, D19_RemoveTreeDoesNotFollowLinks) {
  const test::TempDir elsewhere;
  test::write_file(elsewhere / "keep/file", "");
  test::make_folder(tree_ / "t");
  test::make_link(tree_ / "t/dir", elsewhere.path());
  test::make_link(tree_ / "top", elsewhere.path());
  const std::string before = test::snapshot(elsewhere.path());
  EXPECT_TRUE(remove("t"));
  EXPECT_TRUE(remove("top"));
  EXPECT_EQ(test::snapshot(elsewhere.path()), before);
  EXPECT_THAT(test::names_in(tree_.path()), ElementsAre());
}

TEST_F(TreeTest, RemoveTreeTakesASingleFileAndIsFineWhereThereIsNothing) {
  test::write_file(tree_ / "file", "");
  EXPECT_TRUE(remove("file"));
  EXPECT_TRUE(remove("file"));
  EXPECT_THAT(test::names_in(tree_.path()), ElementsAre());
}

class DeepTreeTest : public TreeTest {
 protected:
  void with_depth(int depth, const std::function<void()>& body) {
    REPO_NEEDS_ROOT();
    test::in_child([&] {
      struct rlimit limit = {};  // each level costs a descriptor
      ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
      limit.rlim_cur = limit.rlim_max;
      ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
      ASSERT_GT(limit.rlim_cur, 2100U);
      test::enter_private_mount_namespace();
      test::mount_tmpfs(tree_.path(), "mode=700");
      test::make_folder(tree_ / "t");
      ASSERT_EQ(test::make_deep(tree_ / "t", depth), depth);
      body();
    });
  }
};

// "t" is a level too, and so are the names below the top.
constexpr int kDeepest = kMaxDepth - 2;

TEST_F(DeepTreeTest, ATreeOfTheLargestDepthIsWalked) {
  with_depth(kDeepest,
             [this] { EXPECT_EQ(paths().size(), static_cast<std::size_t>(kDeepest + 2)); });
}

// Items are dumped on threads of the pool, whose stacks may be smaller than that of main.
TEST_F(DeepTreeTest, D19_ATreeOfTheLargestDepthFitsTheStackOfAnyThreadOfThePool) {
  with_depth(kDeepest, [this] {
    constexpr int kThreads = 2;
    std::latch both(kThreads);
    const std::unique_ptr<TaskPool> pool = make_task_pool(kThreads);
    pool->run([&](int) {
      for (int i = 0; i < kThreads; ++i) {
        pool->spawn([&](int) {
          both.arrive_and_wait();  // so that each thread has one
          const Result<TreeLook> seen = look();
          EXPECT_TRUE(seen) << describe(seen.error());
        });
      }
    });
  });
}

TEST_F(DeepTreeTest, D19_ADeeperTreeIsRefused) {
  with_depth(kDeepest + 1, [this] {
    const Result<TreeLook> seen = look();
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().code, ELOOP);
  });
}

// A tool in the sandbox makes trees as deep as it likes in staging; they must not stay there.
TEST_F(DeepTreeTest, D40_RemoveTreeTakesATreeThatIsDeeperThanAnyThatIsCopied) {
  with_depth(kMaxDepth + 900, [this] {
    const Status removed = remove("t");
    EXPECT_TRUE(removed) << removed.error().message;
    EXPECT_FALSE(test::exists(tree_ / "t"));
  });
}

}  // namespace
}  // namespace repo

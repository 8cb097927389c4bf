// Walking, looking at and removing trees.
#include "dumper/tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <latch>
#include <map>

#include "base/stop_signal.h"
#include "base/task_pool.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;

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

struct HoleCase : test::NamedCase {
  std::uint64_t size;
  std::uint64_t on_disk;
  bool inflates;
};

class InflatesTest : public testing::TestWithParam<HoleCase> {};

TEST_P(InflatesTest, IsJudgedByWhatTheFilesSayAndTake) {
  LookBuilder builder;
  TreeEntry folder;
  folder.st.st_mode = S_IFDIR;
  folder.st.st_size = off_t{1} << 50;
  TreeEntry file;
  file.st.st_mode = S_IFREG;
  file.st.st_size = static_cast<off_t>(GetParam().size);
  file.st.st_blocks = static_cast<blkcnt_t>(GetParam().on_disk / 512);
  builder.add(folder);
  builder.add(file);
  EXPECT_EQ(inflates(builder.finish()), GetParam().inflates);
}

// A few bytes with a thousand names would be copied a thousand times.
TEST(InflatesLinksTest, NamesOfOneFileTakeItsSpaceOnce) {
  TreeEntry file;
  file.st.st_mode = S_IFREG;
  file.st.st_size = off_t{1} << 20;
  file.st.st_blocks = (off_t{1} << 20) / 512;
  file.st.st_nlink = 1000;
  file.st.st_ino = 7;
  LookBuilder one;
  LookBuilder many;
  for (ino_t i = 0; i < 1000; ++i) {
    one.add(file);
    TreeEntry other = file;
    other.st.st_ino = i;
    many.add(other);
  }
  EXPECT_TRUE(inflates(one.finish()));
  EXPECT_FALSE(inflates(many.finish()));
}

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

INSTANTIATE_TEST_SUITE_P(Holes, InflatesTest,
                         testing::Values(HoleCase{"ordinary", kGiB, kGiB, false},
                                         HoleCase{"empty", 0, 0, false},
                                         HoleCase{"small_and_sparse", 1 << 20, 0, false},
                                         HoleCase{"compressed_by_three", 3 * kGiB, kGiB, false},
                                         HoleCase{"a_tenth_on_disk", 10 * kGiB, kGiB, true},
                                         HoleCase{"nothing_on_disk", 1024 * kGiB, 0, true}),
                         test::case_name);

// In memory, and gone with the child that made it.
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

struct ChangeCase : test::NamedCase {
  std::function<void(const std::string& top)> deed;
  bool of_content = true;  // also where only the content counts
};

class LookChangeTest : public TreeTest, public testing::WithParamInterface<ChangeCase> {
 protected:
  TreeLook look_for(Changes changes) const {
    const UniqueFd top = test::open_folder(tree_.path());
    Result<TreeLook> seen =
        look_at_tree({top.get(), std::nullopt}, {}, test::patient(), {}, changes);
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? *std::move(seen) : TreeLook();
  }
};

TEST_P(LookChangeTest, IsSeen) {
  REPO_NEEDS_ROOT();
  test::write_file(tree_ / "d/file", "content");
  test::write_file(tree_ / "other", "content");
  test::make_link(tree_ / "link", "d");
  const TreeLook any = look_for(Changes::kAny);
  const TreeLook content = look_for(Changes::kContent);
  EXPECT_TRUE(any == look_for(Changes::kAny)) << "the control";
  EXPECT_TRUE(content == look_for(Changes::kContent));
  test::next_tick(tree_.path());
  GetParam().deed(tree_.path());
  EXPECT_FALSE(any == look_for(Changes::kAny));
  EXPECT_EQ(content == look_for(Changes::kContent), !GetParam().of_content);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, LookChangeTest,
    testing::Values(
        ChangeCase{"written",
                   [](const auto& top) { test::write_file(top + "/d/file", "CONTENT"); }},
        ChangeCase{"grown", [](const auto& top) { test::write_file(top + "/d/file", "content2"); }},
        ChangeCase{"touched", [](const auto& top) { test::set_mtime(top + "/d/file", 1, 1); }},
        ChangeCase{"written_and_touched",
                   [](const auto& top) {
                     const struct stat st = test::lstat_of(top + "/d/file");
                     test::write_file(top + "/d/file", "CONTENT");
                     test::set_mtime(top + "/d/file", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
                   },
                   false},
        ChangeCase{"mode", [](const auto& top) { test::set_mode(top + "/d/file", 0400); }},
        ChangeCase{"mode_of_a_folder", [](const auto& top) { test::set_mode(top + "/d", 0711); }},
        ChangeCase{"mode_of_the_top", [](const auto& top) { test::set_mode(top, 0711); }},
        ChangeCase{"owner", [](const auto& top) { test::give_to(top + "/d/file", 1234); }},
        ChangeCase{"owner_of_a_folder", [](const auto& top) { test::give_to(top + "/d", 1234); }},
        ChangeCase{"owner_of_a_link", [](const auto& top) { test::give_to(top + "/link", 1234); }},
        ChangeCase{"a_second_name",
                   [](const auto& top) {
                     ASSERT_EQ(link((top + "/d/file").c_str(), (top + ".second").c_str()), 0);
                     unlink((top + ".second").c_str());
                   },
                   false},
        ChangeCase{"new_file", [](const auto& top) { test::write_file(top + "/new", ""); }},
        ChangeCase{"new_folder", [](const auto& top) { test::make_folder(top + "/new"); }},
        ChangeCase{"new_fifo", [](const auto& top) { test::make_fifo(top + "/new"); }},
        ChangeCase{"gone", [](const auto& top) { unlink((top + "/d/file").c_str()); }},
        ChangeCase{
            "renamed",
            [](const auto& top) { rename((top + "/d/file").c_str(), (top + "/d/file2").c_str()); }},
        ChangeCase{
            "moved",
            [](const auto& top) { rename((top + "/d/file").c_str(), (top + "/file").c_str()); }},
        ChangeCase{"replaced",
                   [](const auto& top) {
                     test::must_run({"cp", "-a", top + "/d/file", top + "/d/new"});
                     rename((top + "/d/new").c_str(), (top + "/d/file").c_str());
                   }},
        ChangeCase{"exchanged",
                   [](const auto& top) {
                     rename((top + "/other").c_str(), (top + "/x").c_str());
                     rename((top + "/d/file").c_str(), (top + "/other").c_str());
                     rename((top + "/x").c_str(), (top + "/d/file").c_str());
                   }},
        ChangeCase{"link_elsewhere",
                   [](const auto& top) {
                     unlink((top + "/link").c_str());
                     test::make_link(top + "/link", "e");
                   }},
        ChangeCase{"folder_replaced",
                   [](const auto& top) {
                     rename((top + "/d").c_str(), (top + "/e").c_str());
                     test::make_folder(top + "/d");
                     rename((top + "/e/file").c_str(), (top + "/d/file").c_str());
                     rmdir((top + "/e").c_str());
                   }}),
    test::case_name);

struct SettledCase : test::NamedCase {
  struct timespec began;
  struct timespec newest;
  bool settled;
};

class SettledTest : public testing::TestWithParam<SettledCase> {};

TEST_P(SettledTest, IsALookLongAfterTheLastChange) {
  TreeLook look;
  look.began = GetParam().began;
  look.newest = GetParam().newest;
  EXPECT_EQ(look.is_settled(), GetParam().settled);
}

INSTANTIATE_TEST_SUITE_P(
    Times, SettledTest,
    testing::Values(SettledCase{"long_ago", {1000, 0}, {1, 0}, true},
                    SettledCase{"three_seconds", {1000, 0}, {997, 999'999'999}, true},
                    SettledCase{"two_seconds", {1000, 999'999'999}, {998, 0}, false},
                    SettledCase{"just_now", {1000, 5}, {1000, 4}, false},
                    SettledCase{"in_the_future", {1000, 0}, {2000, 0}, false},
                    SettledCase{"nothing_there", {1000, 0}, {0, 0}, true}),
    test::case_name);

TEST_F(TreeTest, TwoLooksTogetherChangeWithEither) {
  TreeLook a;
  a.digest = "a";
  a.began = {10, 5};
  a.newest = {3, 0};
  a.apparent = 1;
  a.on_disk = 10;
  TreeLook b = a;
  b.digest = "b";
  b.began = {10, 4};
  b.newest = {4, 0};
  const TreeLook both = together(a, b);
  EXPECT_EQ(both.began.tv_nsec, 4);
  EXPECT_EQ(both.newest.tv_sec, 4);
  EXPECT_EQ(both.apparent, 2U);
  EXPECT_EQ(both.on_disk, 20U);
  EXPECT_FALSE(both == together(a, a));
  EXPECT_FALSE(both == together(b, b));
  EXPECT_FALSE(both == together(b, a));
  EXPECT_TRUE(both == together(a, b));
}

class DigestTreeTest : public TreeTest {
 protected:
  std::string digest(const Skip& skip = {}) const {
    const UniqueFd top = test::open_folder(tree_.path());
    Result<std::string> made = digest_tree({top.get(), std::nullopt}, skip, test::patient());
    EXPECT_TRUE(made) << describe(made.error());
    return made ? *std::move(made) : std::string();
  }
};

TEST_F(DigestTreeTest, IsOfPathsAndContentsAndOfNothingElse) {
  test::write_file(tree_ / "d/file", "content");
  test::make_link(tree_ / "link", "d");
  const std::string before = digest();
  test::set_mode(tree_ / "d/file", 0400);
  test::set_mtime(tree_ / "d/file", 1, 1);
  test::make_folder(tree_ / "empty");
  test::make_fifo(tree_ / "fifo");
  EXPECT_EQ(digest(), before);
  test::write_file(tree_ / "d/file", "CONTENT");
  EXPECT_NE(digest(), before);
  test::write_file(tree_ / "d/file", "content");
  EXPECT_EQ(digest(), before);
  test::write_file(tree_ / "d/more", "");
  EXPECT_NE(digest(), before);
  EXPECT_EQ(digest([](const std::string& path) { return path == "d/more"; }), before);
  unlink((tree_ / "link").c_str());
  test::make_link(tree_ / "link", "e");
  EXPECT_NE(digest([](const std::string& path) { return path == "d/more"; }), before);
}

TEST_F(DigestTreeTest, TellsWhatALookWouldTell) {
  test::write_file(tree_ / "d/file", "content");
  test::write_file(tree_ / "left/out", "");
  test::make_link(tree_ / "link", "d");
  const UniqueFd top = test::open_folder(tree_.path());
  const TreeSource source{top.get(), std::nullopt};
  const Skip skip = [](const std::string& path) { return path == "left"; };
  LookBuilder told;
  ASSERT_TRUE(digest_tree(source, skip, test::patient(),
                          [&told](const TreeEntry& entry) { told.add(entry); }));
  const Result<TreeLook> look = look_at_tree(source, skip, test::patient());
  ASSERT_TRUE(look);
  EXPECT_TRUE(told.finish() == *look);
}

// Where a path ends and a text begins.
TEST_F(DigestTreeTest, ATextIsNotTakenForAPath) {
  test::make_link(tree_ / "a", "bc");
  const std::string one = digest();
  unlink((tree_ / "a").c_str());
  test::make_link(tree_ / "ab", "c");
  EXPECT_NE(digest(), one);
}

TEST_F(DigestTreeTest, D19_WhatALinkLeadsToIsNotRead) {
  test::make_link(tree_ / "link", "/etc/hostname");
  const std::string before = digest();
  test::make_link(tree_ / "to_fifo", "fifo");
  test::make_fifo(tree_ / "fifo");
  EXPECT_NE(digest(), before);
}

}  // namespace
}  // namespace repo

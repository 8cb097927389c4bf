// The walk on real trees, made by the test.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/task_pool.h"
#include "base/unique_fd.h"
#include "scanner/walker.h"
#include "tests/scanner/tree_fixture.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAreArray;

void make_svn(const std::string& path) {
  test::write_file(path + "/format", "5\n");
  test::write_file(path + "/db/fs-type", "fsfs\n");
  test::write_file(path + "/db/format", "8\n");
  test::write_file(path + "/db/current", "42\n");
  test::write_file(path + "/db/uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n");
}

class WalkerDiskTest : public TreeTest {
 protected:
  ScanResult walk_tree(int jobs = 4, int max_open_directories = 512) const {
    return walk_roots({tree_.path()}, jobs, max_open_directories);
  }

  static ScanResult walk_roots(const std::vector<std::string>& roots, int jobs = 4,
                               int max_open_directories = 512) {
    const Result<std::vector<Mount>> mounts = read_mounts();
    EXPECT_TRUE(mounts);
    WalkMapOptions map_options;
    map_options.roots = roots;
    const WalkMap map(*mounts, map_options);
    WalkOptions options;
    options.roots = roots;
    options.max_open_directories = max_open_directories;
    return walk(options, map, real_file_system(), *make_task_pool(jobs));
  }
};

TEST_F(WalkerDiskTest, ALookLeavesNoTrace) {
  REPO_NEEDS_ROOT();
  make_hg("a/b");
  const std::vector<std::string> looked_at = {tree_.path(), tree_ / "a", tree_ / "a/b"};
  const std::array<timespec, 2> long_ago = {{{1'000'000'000, 0}, {1'000'000'000, 0}}};
  for (const std::string& path : looked_at) {
    ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), long_ago.data(), 0), 0);
  }
  EXPECT_EQ(walk_tree().repositories.size(), 1U);
  for (const std::string& path : looked_at) {
    struct stat st = {};
    ASSERT_EQ(stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_atim.tv_sec, long_ago[0].tv_sec) << path;
  }
}

TEST_F(WalkerDiskTest, RepositoriesAreFoundWithTheirIdentity) {
  make_svn(tree_ / "srv/alpha");
  make_hg("home/work");
  fs::permissions(tree_ / "srv/alpha", fs::perms(02750));
  const ScanResult result = walk_tree();
  ASSERT_THAT(below(result.repositories), ElementsAre("home/work", "srv/alpha"));
  EXPECT_TRUE(result.complete);
  struct stat st = {};
  ASSERT_EQ(stat((tree_ / "srv/alpha").c_str(), &st), 0);
  for (const Repository& each : result.repositories) {
    if (each.kind != "svn") continue;
    EXPECT_EQ(each.device, st.st_dev);
    EXPECT_EQ(each.inode, st.st_ino);
    EXPECT_EQ(each.uid, st.st_uid);
    EXPECT_EQ(each.gid, st.st_gid);
    EXPECT_EQ(each.mode, 02750U);
  }
}

TEST_F(WalkerDiskTest, S10_OddNamesAreKeptByteForByte) {
  const std::vector<std::string> names = {"new\nline",
                                          "tab\t",
                                          "\x1b[31m",
                                          "right-\u202Eto-left",
                                          "not-utf8-\xFF\xFE",
                                          "-rf",
                                          "--help",
                                          " ",
                                          "$(id)",
                                          "'\"`;&|",
                                          "a@b",
                                          "back\\slash",
                                          "...",
                                          std::string(255, 'n')};
  for (const std::string& name : names) make_svn(tree_ / name);
  for (const int budget : {0, 512}) {
    const ScanResult result = walk_tree(4, budget);
    EXPECT_THAT(below(result.repositories), UnorderedElementsAreArray(names));
    EXPECT_THAT(result.errors, IsEmpty());
  }
}

TEST_F(WalkerDiskTest, S5_LinksAreNotFollowedAndLoopsDoNotMatter) {
  make_svn(tree_ / "real/a");
  fs::create_directories(tree_ / "loop");
  fs::create_symlink("..", tree_ / "loop/up");
  fs::create_symlink("itself", tree_ / "loop/itself");
  fs::create_symlink(tree_ / "real", tree_ / "alias");
  fs::create_symlink("/", tree_ / "everything");
  const ScanResult result = walk_tree();
  EXPECT_THAT(below(result.repositories), ElementsAre("real/a"));
  EXPECT_EQ(result.stats.directories, 4U) << "the root, real, real/a, loop";
  EXPECT_THAT(result.errors, IsEmpty());
}

TEST_F(WalkerDiskTest, S23_AWorkingCopyIsNoRepository) {
  test::write_file(tree_ / "wc/.svn/format", "12\n");
  test::write_file(tree_ / "wc/.svn/entries", "12\n");
  test::write_file(tree_ / "wc/.svn/wc.db", "SQLite format 3");
  fs::create_directories(tree_ / "wc/.svn/pristine");
  test::write_file(tree_ / "old-wc/.svn/format", "8\n");
  fs::create_directories(tree_ / "old-wc/.svn/text-base");
  const ScanResult result = walk_tree();
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(result.errors, IsEmpty());
}

TEST_F(WalkerDiskTest, ARepositoryInARepositoryIsFound) {
  make_svn(tree_ / "outer");
  make_hg("outer/inner");
  make_svn(tree_ / "outer/inner/deep/er");
  EXPECT_THAT(below(walk_tree().repositories),
              ElementsAre("outer", "outer/inner", "outer/inner/deep/er"));
}

TEST_F(WalkerDiskTest, S24_SpecialFilesAreNeitherOpenedNorFollowed) {
  fs::create_directories(tree_ / "a/db");
  ASSERT_EQ(mkfifo((tree_ / "a/format").c_str(), 0600), 0);
  make_svn(tree_ / "b");
  fs::remove(tree_ / "b/db/current");
  ASSERT_EQ(mkfifo((tree_ / "b/db/current").c_str(), 0600), 0);
  make_svn(tree_ / "c");
  fs::remove(tree_ / "c/format");
  ASSERT_EQ(mkfifo((tree_ / "c/format").c_str(), 0600), 0);
  const UniqueFd socket_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = tree_ / "sock";
  ASSERT_LT(name.size(), sizeof address.sun_path);
  name.copy(address.sun_path, name.size());
  ASSERT_EQ(bind(socket_fd.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address), 0);
  const ScanResult result = walk_tree();  // would wait for ever
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(below(result.errors), ElementsAre("b/db/current", "c/format"));
}

TEST_F(WalkerDiskTest, ADumpRootOfRootOrThisUserIsPruned) {
  REPO_NEEDS_ROOT();
  make_svn(tree_ / "backup/current/svn/x/data");
  test::write_file(tree_ / "backup/.repo-backup", "");
  ScanResult result = walk_tree();
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(below(result.pruned), ElementsAre("backup"));

  ASSERT_EQ(chown((tree_ / "backup/.repo-backup").c_str(), 1234, 1234), 0);
  result = walk_tree();
  EXPECT_THAT(below(result.repositories), ElementsAre("backup/current/svn/x/data"))
      << "who is neither root nor the user must not be able to hide repositories";
  EXPECT_THAT(result.pruned, IsEmpty());
}

TEST_F(WalkerDiskTest, AMarkerOfTheScanningUserIsHonoured) {
  REPO_NEEDS_ROOT();
  ASSERT_EQ(chmod(tree_.path().c_str(), 0777), 0);
  test::in_child([this] {
    test::become_user(4321);
    make_svn(tree_ / "backup/current/svn/x/data");
    test::write_file(tree_ / "backup/.repo-backup", "");
    EXPECT_THAT(below(walk_tree().pruned), ElementsAre("backup"));
  });
}

TEST_F(WalkerDiskTest, S1_AnUnreadableDirectoryIsReportedAndSiblingsAreVisited) {
  REPO_NEEDS_ROOT();  // to become somebody whom permissions stop
  make_svn(tree_ / "locked/a");
  make_svn(tree_ / "no-list/b");
  make_svn(tree_ / "no-enter/c");
  make_svn(tree_ / "open/d");
  fs::permissions(tree_.path(), fs::perms(0755));
  for (const char* name : {"locked", "no-list", "no-enter", "open"}) {
    ASSERT_EQ(chown((tree_ / name).c_str(), 4321, 4321), 0);
  }
  fs::permissions(tree_ / "locked", fs::perms(0000));
  fs::permissions(tree_ / "no-list", fs::perms(0111));
  fs::permissions(tree_ / "no-enter", fs::perms(0444));
  test::in_child([this] {
    test::become_user(4321);
    const ScanResult result = walk_tree();
    EXPECT_THAT(below(result.repositories), ElementsAre("open/d"));
    EXPECT_THAT(below(result.errors), ElementsAre("locked", "no-enter/c", "no-list"));
    for (const Error& each : result.errors) EXPECT_EQ(each.code, EACCES) << each.path;
    EXPECT_FALSE(result.complete);
  });
}

TEST_F(WalkerDiskTest, S7_APathLongerThanPathMaxIsWalkedAndReportedWhole) {
  // 40 levels of 200 bytes: made level by level, since no path of 8,000 bytes can be given.
  const std::string name(200, 'p');
  std::string path;
  UniqueFd at(open(tree_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int level = 0; level < 40; ++level) {
    ASSERT_EQ(mkdirat(at.get(), name.c_str(), 0700), 0);
    at = UniqueFd(openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
    path += (path.empty() ? "" : "/") + name;
  }
  ASSERT_GT(path.size(), static_cast<std::size_t>(PATH_MAX));
  ASSERT_EQ(mkdirat(at.get(), ".hg", 0700), 0);
  ASSERT_EQ(mkdirat(at.get(), ".hg/store", 0700), 0);
  for (const int budget : {0, 512}) {
    const ScanResult result = walk_tree(2, budget);
    EXPECT_THAT(below(result.repositories), ElementsAre(path)) << "budget " << budget;
    EXPECT_THAT(result.errors, IsEmpty());
  }
}

TEST_F(WalkerDiskTest, S11_DirectoriesExchangedForLinksDuringTheWalkLeadNowhere) {
  // Below `bait` a directory and a link to a repository outside the roots change places as fast as
  // they can. Whatever the walk meets, it must not get through the link.
  make_svn(tree_ / "outside/secret");
  const std::string root = tree_ / "root";
  for (int i = 0; i < 50; ++i) fs::create_directories(root + "/" + std::to_string(i) + "/x");
  fs::create_directories(root + "/bait/secret");
  fs::create_symlink(tree_ / "outside", root + "/link");
  std::atomic<bool> stop{false};
  std::atomic<int> exchanges{0};
  std::jthread exchanger([&] {
    while (!stop) {
      if (renameat2(AT_FDCWD, (root + "/bait").c_str(), AT_FDCWD, (root + "/link").c_str(),
                    RENAME_EXCHANGE) == 0) {
        ++exchanges;
      }
    }
  });
  int walks = 0;
  for (; walks < 200 || exchanges < 100; ++walks) {
    const ScanResult result = walk_roots({root}, 2, walks % 2 == 0 ? 0 : 512);
    ASSERT_THAT(result.repositories, IsEmpty()) << "walk " << walks;
    ASSERT_THAT(result.errors, IsEmpty()) << describe(result.errors[0]);
  }
  stop = true;
}

TEST_F(WalkerDiskTest, S11_DirectoriesThatComeAndGoAreNoError) {
  const std::string root = tree_ / "root";
  make_svn(root + "/stays");
  std::atomic<bool> stop{false};
  std::atomic<int> rounds{0};
  std::jthread maker([&] {
    while (!stop) {
      std::error_code ignored;
      for (int i = 0; i < 10; ++i)
        fs::create_directories(root + "/a/" + std::to_string(i), ignored);
      fs::remove_all(root + "/a", ignored);
      ++rounds;
    }
  });
  for (int walks = 0; walks < 100 || rounds < 20; ++walks) {
    const ScanResult result = walk_roots({root}, 2, walks % 2 == 0 ? 0 : 512);
    ASSERT_EQ(result.repositories.size(), 1U) << "walk " << walks;
    ASSERT_THAT(result.errors, IsEmpty()) << describe(result.errors[0]);
    ASSERT_TRUE(result.complete);
  }
  stop = true;
}

TEST_F(WalkerDiskTest, S16_AWalkLeavesNoDescriptorOpen) {
  for (int i = 0; i < 20; ++i) make_hg(std::to_string(i));
  auto open_descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  walk_tree();  // what the first one starts for good (threads) is there now
  const auto before = open_descriptors();
  for (const int budget : {0, 2, 512}) walk_tree(4, budget);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(WalkerDiskTest, ItOnlyReads) {
  make_svn(tree_ / "svn");
  make_hg("hg");
  auto state = [this] {
    std::string all;
    for (const auto& entry : fs::recursive_directory_iterator(tree_.path())) {
      struct stat st = {};
      EXPECT_EQ(lstat(entry.path().c_str(), &st), 0);
      all += entry.path().string() + " " + std::to_string(st.st_size) + " " +
             std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + " " +
             std::to_string(st.st_ctim.tv_sec) + "." + std::to_string(st.st_ctim.tv_nsec) + " " +
             std::to_string(st.st_mode) + "\n";
    }
    return all;
  };
  const std::string before = state();
  walk_tree();
  EXPECT_EQ(state(), before);
}

}  // namespace
}  // namespace repo

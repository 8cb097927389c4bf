// Scans of what does not answer: real FUSE mounts, in a mount namespace that goes with the test.
// Needs root. Whoever touches a server that is silent waits for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "scanner/fs.h"
#include "tests/scanner/scan_fixture.h"
#include "tests/scanner/tree_fixture.h"
#include "tests/support/child.h"
#include "tests/support/fuse_server.h"
#include "tests/support/result_support.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using test::FuseServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Answers = FuseServer::Answers;

constexpr unsigned kStranger = 54'322;  // who has no other process

class ScanStallRealTest : public TreeTest {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    make_hg("here");
    fs::create_directory(tree_ / "served");
  }

  static ScanOptions asking_for(const std::string& type) {
    ScanOptions options;
    options.stall = std::chrono::seconds(1);
    options.fs_types = {type};
    return options;
  }
};

TEST_F(ScanStallRealTest, OneThatAnswersIsWalkedAsEverythingElse) {
  with_mounts([this] {
    const FuseServer server(tree_ / "served", "fuse.good", Answers::kAlways);
    ScanOptions options = asking_for("fuse.good");
    options.stall = std::chrono::seconds(60);
    const ScanResult result = scan_tree(options);
    EXPECT_THAT(below(result.repositories), ElementsAre("here", "served/a"));
    EXPECT_THAT(result.errors, IsEmpty());
    EXPECT_TRUE(result.complete);
    EXPECT_EQ(result.stats.directories, 4U) << "the top, here, served and a";
  });
}

TEST_F(ScanStallRealTest, S12_OneThatNeverAnswersIsGivenUpAndTheRestIsFound) {
  with_mounts([this] {
    const FuseServer server(tree_ / "served", "fuse.hung", Answers::kNever);
    const ScanResult result = scan_tree(asking_for("fuse.hung"));
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    ASSERT_THAT(below(result.errors), ElementsAre("served"));
    EXPECT_EQ(result.errors[0].code, ETIMEDOUT);
    EXPECT_EQ(result.errors[0].message, "no answer for 1 s (fuse.hung)");
    EXPECT_THAT(below(result.pruned), ElementsAre("served"));
    EXPECT_FALSE(result.complete);
  });
}

// A process that waits for the server cannot be killed, and would keep a pipe open.
TEST_F(ScanStallRealTest, S12_WhoeverReadsOurOutputDoesNotWaitForWhatWasGivenUp) {
  with_mounts([this] {
    const FuseServer server(tree_ / "served", "fuse.hung", Answers::kNever);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    scan_tree(asking_for("fuse.hung"));
    close(ends[1]);
    pollfd end = {ends[0], POLLIN, 0};
    EXPECT_EQ(poll(&end, 1, 10'000), 1);
    EXPECT_EQ(end.revents, POLLHUP);
  });
}

TEST_F(ScanStallRealTest, S17_WhereNoProcessCanBeStartedItIsTold) {
  with_mounts([this] {
    const FuseServer server(tree_ / "served", "fuse.good", Answers::kAlways);
    ASSERT_EQ(chmod(tree_.path().c_str(), 0755), 0);
    test::in_child([this] {  // who may not end the server
      test::become_user(kStranger);
      const struct rlimit none = {1, 1};
      ASSERT_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
      const ScanResult result = scan_tree(asking_for("fuse.good"));
      EXPECT_THAT(below(result.repositories), ElementsAre("here"));
      ASSERT_THAT(below(result.errors), ElementsAre("served"));
      EXPECT_EQ(result.errors[0].code, EAGAIN);
      EXPECT_FALSE(result.complete);
    });
  });
}

TEST_F(ScanStallRealTest, S12_OneThatStopsInTheMiddleIsGivenUpToo) {
  with_mounts([this] {
    const FuseServer server(tree_ / "served", "fuse.tired", Answers::kTheTopAlone);
    const ScanResult result = scan_tree(asking_for("fuse.tired"));
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    ASSERT_THAT(below(result.errors), ElementsAre("served"));
    EXPECT_EQ(result.errors[0].code, ETIMEDOUT);
  });
}

TEST_F(ScanStallRealTest, S12_ManyAreGivenUpTogether) {
  with_mounts([this] {
    std::vector<std::unique_ptr<FuseServer>> servers;
    for (int i = 0; i < 12; ++i) {
      const std::string point = tree_ / ("served/" + std::to_string(i));
      fs::create_directory(point);
      servers.push_back(std::make_unique<FuseServer>(point, "fuse.hung", Answers::kNever));
    }
    const ScanResult result = scan_tree(asking_for("fuse.hung"));
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    EXPECT_EQ(result.errors.size(), 12U);
  });
}

TEST_F(ScanStallRealTest, S12_ARootThatCannotBeLookedUpIsNamed) {
  with_mounts([this] {
    const FuseServer server(tree_ / "served", "fuse.hung", Answers::kNever);
    ScanOptions options = asking_for("ext4");
    options.roots = {tree_ / "served/a", tree_ / "here"};
    options.list = true;
    const Scanned scanned = run(options);
    EXPECT_EQ(scanned.status, 3);
    EXPECT_EQ(scanned.out, (tree_ / "here") + "\n");
    EXPECT_THAT(scanned.err, HasSubstr("served/a: no answer for 1 s"));
  });
}

TEST_F(ScanStallRealTest, S12_AMountThatAppearsMeanwhileIsNotAsked) {
  with_mounts([this] {
    const auto top = real_file_system().open_root(tree_.path());
    ASSERT_TRUE(top);
    const FuseServer server(tree_ / "served", "fuse.hung", Answers::kNever);
    EXPECT_FALSE((*top)->is_leaf("served"));
    EXPECT_EQ(test::error_of((*top)->stat_entry("served")).code, EXDEV);
    EXPECT_EQ(test::error_of((*top)->open_directory("served", false)).code, EXDEV);
    EXPECT_EQ(test::error_of((*top)->open_file("served/a")).code, EXDEV);
    EXPECT_EQ(test::error_of((*top)->read_link("served/a")).code, EXDEV);
  });
}

TEST_F(ScanStallRealTest, S12_AMountInARepositoryIsNotAskedAndTheRepositoryIsTold) {
  with_mounts([this] {
    const FuseServer server(tree_ / "here/.hg", "fuse.hung", Answers::kNever);
    const ScanResult result = scan_tree(asking_for("ext4"));
    EXPECT_THAT(result.repositories, IsEmpty());
    ASSERT_THAT(below(result.errors), ElementsAre("here/.hg"));
    EXPECT_EQ(result.errors[0].op, "probe");
    EXPECT_THAT(result.errors[0].message, HasSubstr("a mount that a probe does not go into"));
  });
}

TEST_F(ScanStallRealTest, ADiskThatIsDotHgBelongsToItWhateverElseIsMounted) {
  with_mounts([this] {
    fs::remove_all(tree_ / "here/.hg");
    fs::create_directory(tree_ / "here/.hg");
    fs::create_directory(tree_ / "here/proc");
    ASSERT_EQ(mount("tmpfs", (tree_ / "here/.hg").c_str(), "tmpfs", 0, nullptr), 0);
    ASSERT_EQ(mount("proc", (tree_ / "here/proc").c_str(), "proc", 0, nullptr), 0);
    make_hg("here");
    const ScanResult result = scan_tree(asking_for("ext4"));
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    EXPECT_TRUE(result.complete);
  });
}

TEST_F(ScanStallRealTest, ADiskInARepositoryBelongsToIt) {
  with_mounts([this] {
    fs::remove_all(tree_ / "here/.hg/store");
    fs::create_directory(tree_ / "here/.hg/store");
    ASSERT_EQ(mount("tmpfs", (tree_ / "here/.hg/store").c_str(), "tmpfs", 0, nullptr), 0)
        << std::strerror(errno);
    test::write_file(tree_ / "here/.hg/store/requires", "store\n");
    const ScanResult result = scan_tree(asking_for("ext4"));
    EXPECT_THAT(below(result.repositories), ElementsAre("here"));
    EXPECT_TRUE(result.complete);
  });
}

}  // namespace
}  // namespace repo

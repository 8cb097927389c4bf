// Working in a chroot: bubblewrap must find the directories behind descriptors.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "dumper/chroot_view.h"
#include "dumper/sandbox.h"
#include "tests/support/child.h"
#include "tests/support/sandboxed.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

class ChrootViewTest : public testing::Test {
 protected:
  void SetUp() override { REPO_NEEDS_ROOT(); }

  // In a child: everything of this machine again below a folder of the test's, and there the root.
  void enter_chroot(const std::string& working_directory) {
    test::enter_private_mount_namespace();
    ASSERT_EQ(mount("/", top_.path().c_str(), nullptr, MS_BIND | MS_REC, nullptr), 0)
        << std::strerror(errno);
    ASSERT_EQ(chroot(top_.path().c_str()), 0) << std::strerror(errno);
    ASSERT_EQ(chdir(working_directory.c_str()), 0) << std::strerror(errno);
  }

  // In a child: how bubblewrap sees the root, from a mount namespace younger than the descriptor.
  // The older one lives on with the calling process.
  static void expect_root_to_be(const std::string& path) {
    test::in_child([&path] {
      const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
      ASSERT_EQ(unshare(CLONE_NEWNS), 0) << std::strerror(errno);
      EXPECT_EQ(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(root.get())), path);
    });
  }

  test::TempDir top_;
  test::TempDir elsewhere_;
};

// The control: without it the next test would prove nothing.
TEST_F(ChrootViewTest, InAChrootThePathOfADescriptorBeginsOutside) {
  test::in_child([this] {
    enter_chroot("/");
    expect_root_to_be(top_.path());
  });
}

TEST_F(ChrootViewTest, ItBeginsAtTheRootAfterwards) {
  test::in_child([this] {
    enter_chroot("/");
    const Status done = make_root_the_namespace_root();
    ASSERT_TRUE(done) << describe(done.error());
    expect_root_to_be("/");
  });
}

TEST_F(ChrootViewTest, TheWorkingDirectoryIsKept) {
  test::in_child([this] {
    enter_chroot(elsewhere_.path());
    const Status done = make_root_the_namespace_root();
    ASSERT_TRUE(done) << describe(done.error());
    EXPECT_EQ(std::filesystem::current_path(), elsewhere_.path());
    test::write_file("./here", "in it");
    EXPECT_EQ(test::read_file(elsewhere_ / "here"), "in it");
  });
}

TEST_F(ChrootViewTest, NothingOfTheOldRootIsMounted) {
  test::in_child([this] {
    enter_chroot("/");
    ASSERT_TRUE(make_root_the_namespace_root());
    EXPECT_THAT(test::read_file("/proc/self/mounts"),
                testing::Not(testing::HasSubstr(" " + top_.path() + " ")));
  });
}

TEST_F(ChrootViewTest, ASandboxRuns) {
  test::in_child([this] {
    enter_chroot("/");
    ASSERT_TRUE(make_root_the_namespace_root());
    const Result<std::unique_ptr<CommandRunner>> sandbox = make_sandbox();
    ASSERT_TRUE(sandbox) << describe(sandbox.error());
    const test::SandboxTree tree(REPO_SANDBOX_PROBE);
    Command list = tree.command({"ls", "/source"});
    list.reads_any_file = true;
    const CommandResult result = (*sandbox)->run(list);
    EXPECT_TRUE(result.ok()) << describe(result);
    EXPECT_EQ(result.out, "inside\nlink-out\n");
  });
}

TEST_F(ChrootViewTest, WhereTheRootIsTheNamespacesNothingIsChanged) {
  test::in_child([] {
    test::enter_private_mount_namespace();
    const auto space = [] { return std::filesystem::read_symlink("/proc/self/ns/mnt"); };
    const auto before = space();
    EXPECT_TRUE(make_root_the_namespace_root());
    EXPECT_EQ(space(), before);
  });
}

TEST_F(ChrootViewTest, AnotherUserIsLeftWhereHeIs) {
  test::in_child([this] {
    enter_chroot("/");
    test::become_user(1234);
    EXPECT_TRUE(make_root_the_namespace_root());
  });
}

TEST_F(ChrootViewTest, ARootThatIsNoMountPointIsAnErrorAndLeavesTheRootAsItWas) {
  test::in_child([this] {
    test::make_folder(top_ / "root");
    test::make_folder(top_ / "root/proc");
    test::enter_private_mount_namespace();
    ASSERT_EQ(mount("proc", (top_ / "root/proc").c_str(), "proc", 0, nullptr), 0);
    ASSERT_EQ(chroot((top_ / "root").c_str()), 0);
    ASSERT_EQ(chdir("/"), 0);
    const Status done = make_root_the_namespace_root();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, EINVAL);
    EXPECT_EQ(test::names_in("/"), std::vector<std::string>{"proc"});
  });
}

}  // namespace
}  // namespace repo

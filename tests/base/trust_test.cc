// What root may take as its own configuration or manifest. All of it needs root.
#include "base/trust.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/file_io.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

constexpr uid_t kStranger = 1234;

class TrustTest : public testing::Test {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    ASSERT_EQ(chmod(tree_.path().c_str(), 0755), 0);
    make_directory("dir");
    make_file("dir/file");
  }

  void make_directory(const std::string& name) {
    ASSERT_EQ(mkdir((tree_ / name).c_str(), 0755), 0) << name;
    ASSERT_EQ(chmod((tree_ / name).c_str(), 0755), 0);
  }
  void make_file(const std::string& name) {
    test::write_file(tree_ / name, "content");
    ASSERT_EQ(chmod((tree_ / name).c_str(), 0644), 0);
  }
  void set_mode(const std::string& name, mode_t mode) {
    ASSERT_EQ(chmod((tree_ / name).c_str(), mode), 0);
  }
  void give_to(const std::string& name, uid_t uid, gid_t gid) {
    ASSERT_EQ(lchown((tree_ / name).c_str(), uid, gid), 0);
  }
  void make_link(const std::string& name, const std::string& target) {
    std::filesystem::create_symlink(target, tree_ / name);
  }

  void expect_taken(const std::string& path) {
    const Result<UniqueFd> file = open_trusted(path);
    ASSERT_TRUE(file) << describe(file.error());
    EXPECT_EQ(*read_to_end(file->get(), 100), "content");
  }
  // Refused, and the message names what could have been written by somebody else.
  void expect_refused(const std::string& path, const std::string& named) {
    const Result<UniqueFd> file = open_trusted(path);
    ASSERT_FALSE(file) << "taken: " << path;
    EXPECT_EQ(file.error().code, 0) << describe(file.error());
    EXPECT_THAT(describe(file.error()), testing::HasSubstr(named));
  }

  test::TempDir tree_;
};

TEST_F(TrustTest, AFileOfRootInDirectoriesOfRootIsTaken) { expect_taken(tree_ / "dir/file"); }

TEST_F(TrustTest, ARelativePathIsTakenToo) {
  test::in_child([this] {
    ASSERT_EQ(chdir((tree_ / "dir").c_str()), 0);
    expect_taken("file");
    expect_taken("../dir/file");
  });
}

struct ModeCase : test::NamedCase {
  mode_t mode;
  bool taken;
};

class TrustedFileModeTest : public TrustTest, public testing::WithParamInterface<ModeCase> {};

TEST_P(TrustedFileModeTest, M7_WithAForeignGroup) {
  give_to("dir/file", 0, kStranger);
  set_mode("dir/file", GetParam().mode);
  if (GetParam().taken) {
    expect_taken(tree_ / "dir/file");
  } else {
    expect_refused(tree_ / "dir/file", tree_ / "dir/file");
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, TrustedFileModeTest,
                         testing::Values(ModeCase{"private_file", 0600, true},
                                         ModeCase{"readable_for_all", 0644, true},
                                         ModeCase{"group_writable", 0664, false},
                                         ModeCase{"world_writable", 0646, false},
                                         ModeCase{"sticky_is_no_excuse_for_a_file", 01666, false}),
                         test::case_name);

class TrustedDirectoryModeTest : public TrustTest, public testing::WithParamInterface<ModeCase> {};

TEST_P(TrustedDirectoryModeTest, M7_WithAForeignGroup) {
  give_to("dir", 0, kStranger);
  set_mode("dir", GetParam().mode);
  if (GetParam().taken) {
    expect_taken(tree_ / "dir/file");
  } else {
    expect_refused(tree_ / "dir/file", tree_ / "dir");
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, TrustedDirectoryModeTest,
                         testing::Values(ModeCase{"ordinary", 0755, true},
                                         ModeCase{"sticky_for_all_as_tmp", 01777, true},
                                         ModeCase{"sticky_for_a_group", 01770, true},
                                         ModeCase{"group_writable", 0775, false},
                                         ModeCase{"world_writable", 0757, false}),
                         test::case_name);

TEST_F(TrustTest, M7_AFileOfSomebodyElseIsRefused) {
  give_to("dir/file", kStranger, 0);
  expect_refused(tree_ / "dir/file", tree_ / "dir/file");
}

TEST_F(TrustTest, M7_AFileOfSomebodyElseInAStickyDirectoryIsRefused) {
  set_mode("dir", 01777);
  give_to("dir/file", kStranger, 0);
  expect_refused(tree_ / "dir/file", tree_ / "dir/file");
}

TEST_F(TrustTest, M7_ADirectoryOfSomebodyElseIsRefusedHoweverFarUpItIs) {
  make_directory("dir/deeper");
  make_file("dir/deeper/file");
  give_to("dir", kStranger, 0);
  expect_refused(tree_ / "dir/deeper/file", tree_ / "dir");
}

TEST_F(TrustTest, M7_AnEntryOfAnAccessListCountsAsTheModeBitsDo) {
  // As `setfacl -m u:1234:rw`: owner rw, user 1234 rw, group r, mask rw, other r. The file's group
  // is root's, and what stat shows as its group's bits is the mask.
  struct Entry {
    std::uint16_t tag;
    std::uint16_t permissions;
    std::uint32_t id;
  };
  struct {
    std::uint32_t version = 2;
    std::array<Entry, 5> entries{{{0x01, 6, 0xFFFFFFFF},
                                  {0x02, 6, kStranger},
                                  {0x04, 4, 0xFFFFFFFF},
                                  {0x10, 6, 0xFFFFFFFF},
                                  {0x20, 4, 0xFFFFFFFF}}};
  } const list;
  ASSERT_EQ(
      setxattr((tree_ / "dir/file").c_str(), "system.posix_acl_access", &list, sizeof list, 0), 0)
      << std::strerror(errno) << ": the temporary directory must be on a file system with ACLs";
  expect_refused(tree_ / "dir/file", tree_ / "dir/file");
}

TEST_F(TrustTest, ALinkOfRootInADirectoryOfRootIsFollowed) {
  make_link("link", "dir/file");
  make_link("dirlink", "dir");
  expect_taken(tree_ / "link");
  expect_taken(tree_ / "dirlink/file");
}

TEST_F(TrustTest, M7_ALinkOfSomebodyElseIsRefused) {
  make_directory("sticky");
  set_mode("sticky", 01777);
  make_link("sticky/link", tree_ / "dir/file");
  give_to("sticky/link", kStranger, 0);
  expect_refused(tree_ / "sticky/link", tree_ / "sticky/link");
}

TEST_F(TrustTest, M7_ALinkOfSomebodyElseInTheMiddleIsRefused) {
  make_directory("sticky");
  set_mode("sticky", 01777);
  make_link("sticky/link", tree_ / "dir");
  give_to("sticky/link", kStranger, 0);
  expect_refused(tree_ / "sticky/link/file", tree_ / "sticky/link");
}

TEST_F(TrustTest, M7_ALinkThatLeadsIntoADirectoryOfSomebodyElseIsRefused) {
  make_directory("foreign");
  make_file("foreign/file");
  give_to("foreign", kStranger, 0);
  make_link("link", "foreign/file");
  expect_refused(tree_ / "link", tree_ / "foreign");
}

TEST_F(TrustTest, M7_AChainOfLinksThroughADirectoryOfSomebodyElseIsRefused) {
  // link -> foreign/link -> dir/file: both ends are root's, and who owns `foreign` chooses where
  // the second link leads.
  make_directory("foreign");
  make_link("foreign/link", tree_ / "dir/file");
  give_to("foreign/link", kStranger, 0);
  give_to("foreign", kStranger, 0);
  make_link("link", "foreign/link");
  expect_refused(tree_ / "link", tree_ / "foreign");
}

TEST_F(TrustTest, ADirectoryIsNoFile) {
  EXPECT_EQ(open_trusted(tree_ / "dir").error().code, EISDIR);
}

TEST_F(TrustTest, AMissingFileIsNamed) {
  const Result<UniqueFd> file = open_trusted(tree_ / "none");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ENOENT);
  EXPECT_EQ(file.error().path, tree_ / "none");
}

TEST_F(TrustTest, APipeOfRootIsTakenAsItIs) {
  const std::string fifo = tree_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0666), 0);
  const UniqueFd writer(open(fifo.c_str(), O_RDWR | O_CLOEXEC));  // so that opening does not wait
  EXPECT_TRUE(open_trusted(fifo));
}

TEST_F(TrustTest, M7_AFifoOfSomebodyElseIsRefused) {
  const std::string fifo = tree_ / "fifo";
  ASSERT_EQ(mkfifo(fifo.c_str(), 0666), 0);
  give_to("fifo", kStranger, kStranger);
  const UniqueFd writer(open(fifo.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_FALSE(open_trusted(fifo));
}

TEST_F(TrustTest, S5_ALoopOfLinksIsAnError) {
  make_link("loop", "loop");
  const Result<UniqueFd> file = open_trusted(tree_ / "loop");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ELOOP);
}

TEST_F(TrustTest, LinksWithDotsAndManyStepsAreFollowed) {
  make_directory("other");
  make_link("other/up", "../dir/./../dir//file");
  make_link("dirs", "./other/../other/");
  expect_taken(tree_ / "dirs/up");
}

TEST_F(TrustTest, WhoIsNotRootTakesEveryFile) {
  give_to("dir", kStranger, kStranger);
  set_mode("dir/file", 0666);
  test::in_child([this] {
    test::become_user(65534);
    expect_taken(tree_ / "dir/file");
  });
}

TEST_F(TrustTest, D31_AFolderThatIsSomebodyElsesIsCalledByItsRealPath) {
  give_to("dir", kStranger, 0);
  set_mode("dir", 0777);
  make_link("link", "dir");
  for (const char* name : {"dir", "link"}) {
    const Result<std::string> way = trusted_way(tree_ / name);
    ASSERT_TRUE(way) << describe(way.error());
    EXPECT_EQ(*way, tree_ / "dir");
  }
}

TEST_F(TrustTest, D31_NoWayLeadsThroughWhatIsSomebodyElses) {
  make_directory("own");
  make_directory("own/data");
  make_directory("sticky");
  set_mode("sticky", 01777);
  make_link("sticky/link", tree_ / "dir");
  for (const char* name : {"own", "sticky/link"}) give_to(name, kStranger, 0);
  for (const char* name : {"own/data", "sticky/link"}) {
    const Result<std::string> way = trusted_way(tree_ / name);
    ASSERT_FALSE(way) << name;
    EXPECT_THAT(describe(way.error()), testing::HasSubstr("somebody else than root"));
  }
  EXPECT_EQ(trusted_way(tree_ / "none").error().code, ENOENT);
}

}  // namespace
}  // namespace repo

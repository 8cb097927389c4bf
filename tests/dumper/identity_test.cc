// Looking at files as somebody else would.
#include "dumper/identity.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/fsuid.h>
#include <unistd.h>

#include <cerrno>
#include <latch>
#include <thread>

#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

constexpr uid_t kNobodyKnows = 1'999'999'999;

std::vector<gid_t> my_groups() {
  std::vector<gid_t> groups(256);
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return groups;
}

int try_to_open(const std::string& path, int flags = O_RDONLY) {
  const UniqueFd file(open(path.c_str(), flags | O_CLOEXEC));
  return file ? 0 : errno;
}

class ActAsTest : public testing::Test {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    test::set_mode(tree_.path(), 0777);
    test::write_file(tree_ / "roots", "");
    test::set_mode(tree_ / "roots", 0600);
    test::write_file(tree_ / "theirs", "");
    test::set_mode(tree_ / "theirs", 0600);
    test::give_to(tree_ / "theirs", 1234);
    test::write_file(tree_ / "groups", "");
    test::give_to(tree_ / "groups", 4321);
    test::set_mode(tree_ / "groups", 0640);
  }
  const std::optional<Identity> user_ = Identity{1234, 1234, {}};
  test::TempDir tree_;
};

TEST(FindUserTest, AUserHasAnIdAndAStrangerNone) {
  EXPECT_EQ(find_user("root"), std::optional<uid_t>(0));
  EXPECT_EQ(find_user("nobody-of-this-name"), std::nullopt);
  EXPECT_EQ(find_user(""), std::nullopt);
}

TEST(IdentityOfTest, RootIsInTheUserDatabase) {
  const Identity root = identity_of(0);
  EXPECT_EQ(root.uid, 0U);
  EXPECT_EQ(root.gid, 0U);
  EXPECT_THAT(root.groups, testing::Contains(0U));
}

TEST(IdentityOfTest, AUserWhomNobodyKnowsIsTheIdAloneWithTheGroupThatOwnsNothing) {
  const Identity stranger = identity_of(kNobodyKnows);
  EXPECT_EQ(stranger.uid, kNobodyKnows);
  EXPECT_EQ(stranger.gid, 65534U);
  EXPECT_THAT(stranger.groups, testing::IsEmpty());
}

TEST_F(ActAsTest, FilesAreThoseOfTheIdentityAndRootsCapabilitiesAreGone) {
  EXPECT_EQ(try_to_open(tree_ / "roots"), 0);
  {
    const ActAs act_as(user_);
    EXPECT_EQ(try_to_open(tree_ / "roots"), EACCES);
    EXPECT_EQ(try_to_open(tree_ / "theirs"), 0);
    EXPECT_EQ(try_to_open(tree_ / "groups"), EACCES);
    EXPECT_EQ(try_to_open(tree_ / "made", O_WRONLY | O_CREAT), 0);
  }
  EXPECT_EQ(try_to_open(tree_ / "roots"), 0);
  EXPECT_EQ(test::lstat_of(tree_ / "made").st_uid, 1234U);
  EXPECT_EQ(test::lstat_of(tree_ / "made").st_gid, 1234U);
}

TEST_F(ActAsTest, ItsGroupsCount) {
  const ActAs act_as(Identity{1234, 1234, {99, 4321}});
  EXPECT_EQ(try_to_open(tree_ / "groups"), 0);
}

TEST_F(ActAsTest, D19_TheGroupsOfThisProcessDoNotCount) {
  test::in_child([this] {
    const gid_t group = 4321;
    ASSERT_EQ(setgroups(1, &group), 0);
    {
      const ActAs act_as(user_);
      EXPECT_EQ(try_to_open(tree_ / "groups"), EACCES);
    }
    EXPECT_THAT(my_groups(), testing::ElementsAre(4321U));
  });
}

TEST_F(ActAsTest, EverythingIsAsBeforeAfterwards) {
  const std::vector<gid_t> groups = my_groups();
  { const ActAs act_as(Identity{1234, 1235, {1, 2, 3}}); }
  EXPECT_EQ(my_groups(), groups);
  EXPECT_EQ(setfsuid(static_cast<uid_t>(-1)), 0);
  EXPECT_EQ(setfsgid(static_cast<gid_t>(-1)), 0);
  EXPECT_EQ(try_to_open(tree_ / "roots"), 0);
}

TEST_F(ActAsTest, OtherThreadsStayWhatTheyAre) {
  std::latch acting(1);
  int as_thread = -1;
  std::vector<gid_t> groups;
  const std::vector<gid_t> before = my_groups();
  std::thread other([&] {
    acting.wait();
    as_thread = try_to_open(tree_ / "roots");
    groups = my_groups();
  });
  {
    const ActAs act_as(Identity{1234, 1234, {99}});
    acting.count_down();
    other.join();
    EXPECT_EQ(try_to_open(tree_ / "roots"), EACCES);
  }
  EXPECT_EQ(as_thread, 0);
  EXPECT_EQ(groups, before);
}

TEST_F(ActAsTest, WithoutAnIdentityOrAsRootNothingChanges) {
  const ActAs nobody(std::nullopt);
  EXPECT_EQ(try_to_open(tree_ / "roots"), 0);
  const ActAs root(Identity{0, 0, {}});
  EXPECT_EQ(try_to_open(tree_ / "theirs"), 0);
}

TEST_F(ActAsTest, WhereThisProcessIsNotRootNothingChanges) {
  test::in_child([this] {
    test::become_user(1234);
    const ActAs act_as(Identity{1235, 1235, {}});
    EXPECT_EQ(try_to_open(tree_ / "theirs"), 0);
  });
}

}  // namespace
}  // namespace repo

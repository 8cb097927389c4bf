// Whose a restored entry is to be.
#include "restorer/owner_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/support/child.h"
#include "tests/support/result_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(OwnerMapTest, NumbersAndNamesAreTaken) {
  const OwnerMap map =
      test::value_of(make_owner_map({"1001=2001", "0=root", "4294967294=7"}, {"5=root", "6=8"}));
  EXPECT_THAT(map.users, ElementsAre(Pair(0, 0), Pair(1001, 2001), Pair(4294967294U, 7)));
  EXPECT_THAT(map.groups, ElementsAre(Pair(5, 0), Pair(6, 8)));
}

TEST(OwnerMapTest, WhatIsNotInItStaysAsItIs) {
  const OwnerMap map = test::value_of(make_owner_map({"1=2", "2=3"}, {"7=8"}));
  EXPECT_EQ(map.user(1), 2U) << "one step, not two";
  EXPECT_EQ(map.user(2), 3U);
  EXPECT_EQ(map.user(7), 7U);
  EXPECT_EQ(map.group(7), 8U);
  EXPECT_EQ(map.group(1), 1U);
  EXPECT_TRUE(map.changes(1, 1));
  EXPECT_TRUE(map.changes(7, 7));
  EXPECT_FALSE(map.changes(7, 1));
  EXPECT_FALSE(OwnerMap().changes(1, 2));
}

TEST(OwnerMapTest, TheLastOfTwoCounts) {
  EXPECT_EQ(test::value_of(make_owner_map({"1=2", "1=3"}, {})).user(1), 3U);
}

struct WrongPairCase : test::NamedCase {
  std::string pair;
  std::string said;
};

class WrongPairTest : public testing::TestWithParam<WrongPairCase> {};

TEST_P(WrongPairTest, IsRefusedForUsersAndGroups) {
  for (const bool of_users : {true, false}) {
    const std::vector<std::string> pairs = {"1=2", GetParam().pair};
    const Error error =
        test::error_of(of_users ? make_owner_map(pairs, {}) : make_owner_map({}, pairs));
    EXPECT_THAT(describe(error), HasSubstr(GetParam().said));
    EXPECT_EQ(describe(error).find('\n'), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Pairs, WrongPairTest,
                         testing::Values(WrongPairCase{"nothing", "", "NUMBER=NAME"},
                                         WrongPairCase{"a_number", "1001", "NUMBER=NAME"},
                                         WrongPairCase{"no_number", "=2", "NUMBER=NAME"},
                                         WrongPairCase{"no_name", "1001=", "no such"},
                                         WrongPairCase{"a_name_first", "alice=1", "NUMBER=NAME"},
                                         WrongPairCase{"negative", "-1=2", "NUMBER=NAME"},
                                         WrongPairCase{"to_a_negative", "1=-2", "no such"},
                                         WrongPairCase{"too_large", "4294967296=1", "NUMBER=NAME"},
                                         WrongPairCase{"to_one_too_large", "1=4294967296",
                                                       "no such"},
                                         // What chown(2) takes for "leave it as it is".
                                         WrongPairCase{"to_no_owner", "1=4294967295", ""},
                                         WrongPairCase{"a_blank", "1 =2", "NUMBER=NAME"},
                                         WrongPairCase{"unknown", "1=no-such-name-here", "no such"},
                                         WrongPairCase{"hostile", "1=\x1b[31m\n", "\\x1b"}),
                         test::case_name);

TEST(OwnerMapTest, AccessListsAreKnownByTheirNames) {
  EXPECT_TRUE(is_acl("system.posix_acl_access"));
  EXPECT_TRUE(is_acl("system.posix_acl_default"));
  EXPECT_FALSE(is_acl("user.posix_acl_access"));
  EXPECT_FALSE(is_acl("system.posix_acl_accessx"));
}

// As the kernel gives it, and takes it again.
class MappedAclTest : public testing::Test {
 protected:
  void SetUp() override { test::make_folder(folder_); }
  std::string acl(const std::string& entries, const std::string& name) {
    test::must_run({"setfacl", "-m", entries, folder_});
    std::string value(65536, '\0');
    const ssize_t n = getxattr(folder_.c_str(), name.c_str(), value.data(), value.size());
    EXPECT_GE(n, 0) << std::strerror(errno);
    value.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return value;
  }
  std::string told_after(const std::string& name, const std::string& value) {
    const std::string other = tree_ / "other";
    test::make_folder(other);
    EXPECT_EQ(setxattr(other.c_str(), name.c_str(), value.data(), value.size(), 0), 0)
        << std::strerror(errno);
    return test::must_run({"getfacl", "-ncp", other});
  }
  test::TempDir tree_;
  const std::string folder_ = tree_ / "folder";
};

TEST_F(MappedAclTest, UsersAndGroupsAreExchangedAndNothingElse) {
  OwnerMap map;
  map.users = {{1236, 2236}, {0, 9999}, {4294967295U, 9998}};
  map.groups = {{1236, 3236}, {1238, 3238}, {0, 9999}, {4294967295U, 9998}};
  const char* name = "system.posix_acl_access";
  const std::string value =
      acl("u::rwx,u:1236:r-x,u:1237:-w-,g::r--,g:1236:--x,g:1238:rwx,m::rwx,o::r--", name);
  EXPECT_EQ(told_after(name, mapped_acl(value, map)),
            "user::rwx\nuser:1237:-w-\nuser:2236:r-x\ngroup::r--\ngroup:3236:--x\n"
            "group:3238:rwx\nmask::rwx\nother::r--\n\n");
}

TEST_F(MappedAclTest, WhatFoldersHandDownIsMappedToo) {
  OwnerMap map;
  map.users = {{1236, 2236}};
  const char* name = "system.posix_acl_default";
  EXPECT_THAT(told_after(name, mapped_acl(acl("d:u:1236:r-x", name), map)),
              testing::AllOf(HasSubstr("default:user:2236:r-x"), HasSubstr("default:mask::r")));
}

TEST_F(MappedAclTest, WithoutAMapItIsTheSame) {
  const std::string value = acl("u:1236:r-x,g:1238:rwx", "system.posix_acl_access");
  EXPECT_EQ(mapped_acl(value, {}), value);
}

// The kernel refuses such a list when it is set.
TEST_F(MappedAclTest, WhatIsNoListIsNotReadPastItsEnd) {
  OwnerMap map;
  map.users = {{1236, 2236}};
  const std::string value = acl("u:1236:r-x", "system.posix_acl_access");
  for (std::size_t length = 0; length < value.size(); ++length) {
    EXPECT_EQ(mapped_acl(value.substr(0, length), map).size(), length);
  }
}

}  // namespace
}  // namespace repo

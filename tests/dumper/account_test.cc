// Users whom tools become.
#include "dumper/account.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace repo {
namespace {

using testing::HasSubstr;

TEST(AccountTest, IsFoundByItsNameAndByItsNumber) {
  const Result<Account> root = account_named("root");
  ASSERT_TRUE(root) << describe(root.error());
  EXPECT_EQ(root->uid, 0U);
  EXPECT_EQ(root->gid, 0U);
  EXPECT_EQ(root->name, "root");
  EXPECT_EQ(account_of(0, 5).name, "root");
  EXPECT_EQ(account_of(0, 5).gid, 0U) << "the user database goes first";
  EXPECT_THAT(root->groups, testing::Not(testing::Contains(0U))) << "besides gid";
}

TEST(AccountTest, OneThatTheMachineDoesNotKnowHasItsNumbersAlone) {
  const Account account = account_of(1234567, 7654321);
  EXPECT_EQ(account.uid, 1234567U);
  EXPECT_EQ(account.gid, 7654321U);
  EXPECT_EQ(account.name, "");
  EXPECT_TRUE(account.groups.empty());
  EXPECT_TRUE(name_files(account).empty());
}

TEST(AccountTest, D39_ANameThatNobodyHasIsAnError) {
  const Result<Account> nobody = account_named("no-such-user\n");
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().message, HasSubstr("no-such-user\\n: there is none"));
}

TEST(AccountTest, ASandboxKnowsItsName) {
  const std::vector<SandboxFile> files = name_files({12, 34, {}, "me"});
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].at, "/etc/passwd");
  EXPECT_EQ(files[0].text, "me:x:12:34::/nonexistent:/bin/sh\n");
  EXPECT_EQ(files[1].at, "/etc/group");
  EXPECT_EQ(files[1].text, "me:x:34:\n");
}

}  // namespace
}  // namespace repo

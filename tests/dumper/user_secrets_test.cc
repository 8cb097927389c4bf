// Secrets of user-defined kinds.
#include "dumper/user_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

class UserSecretsTest : public testing::Test {
 protected:
  void SetUp() override {
    test::set_mode(folder_.path(), 0755);
    test::write_file(folder_ / "s", "hunter2");
    test::set_mode(folder_ / "s", 0600);
  }
  std::string error() const {
    const Result<UserSecrets> opened = UserSecrets::open({{folder_ / "s", 3, ""}});
    return opened ? "" : describe(opened.error());
  }
  test::TempDir folder_;
};

TEST_F(UserSecretsTest, D31_ReachACommandByDescriptorOrAsAFileAndInNoArgument) {
  const Result<UserSecrets> opened =
      UserSecrets::open({{folder_ / "s", 5, ""}, {folder_ / "s", std::nullopt, "/secrets/s"}});
  ASSERT_TRUE(opened) << describe(opened.error());
  for (int i = 0; i < 2; ++i) {  // for each command from the beginning
    Command command;
    ASSERT_TRUE(opened->add_to(command));
    ASSERT_EQ(command.handed.size(), 1U);
    EXPECT_EQ(command.handed[0].number, 5);
    std::string bytes(7, '\0');
    EXPECT_EQ(read(command.handed[0].fd, bytes.data(), bytes.size()), 7);
    EXPECT_EQ(bytes, "hunter2");
    ASSERT_EQ(command.files.size(), 1U);
    EXPECT_EQ(command.files[0].at, "/secrets/s");
    EXPECT_EQ(command.files[0].text, "hunter2");
    EXPECT_TRUE(command.argv.empty());
    EXPECT_TRUE(command.environment.empty());
  }
}

TEST_F(UserSecretsTest, D31_AFileThatOthersCanReadIsNoSecret) {
  EXPECT_EQ(error(), "");
  test::set_mode(folder_ / "s", 0640);
  EXPECT_THAT(error(), HasSubstr("chmod 600"));
}

TEST_F(UserSecretsTest, D31_RootTakesNoSecretThatSomebodyElseCouldHaveWritten) {
  REPO_NEEDS_ROOT();
  constexpr unsigned kStranger = 1234;
  test::give_to(folder_ / "s", kStranger);
  EXPECT_THAT(error(), HasSubstr("somebody else than root"));
}

TEST_F(UserSecretsTest, AMissingOneIsNamed) {
  const Result<UserSecrets> opened = UserSecrets::open({{folder_ / "none", 3, ""}});
  ASSERT_FALSE(opened);
  EXPECT_THAT(describe(opened.error()), HasSubstr("none"));
}

}  // namespace
}  // namespace repo

// Which files hold a secret, and that errors do not.
#include "reporter/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

class SecretTest : public testing::Test {
 protected:
  std::string make(const std::string& content, mode_t mode = 0600) {
    const std::string path = tree_ / "secret";
    test::write_file(path, content);
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }
  // The words of the refusal, which do not hold the secret.
  std::string refusal(const std::string& path) {
    const Result<std::string> secret = read_secret(path);
    if (secret) return "it was taken";
    EXPECT_THAT(describe(secret.error()), Not(HasSubstr("geheim")));
    return describe(secret.error());
  }
  test::TempDir tree_;
};

TEST_F(SecretTest, OneNewlineAtTheEndIsNoPartOfIt) {
  for (const std::string content : {"geheim", "geheim\n"}) {
    const Result<std::string> secret = read_secret(make(content));
    ASSERT_TRUE(secret) << describe(secret.error());
    EXPECT_EQ(*secret, "geheim");
  }
  EXPECT_EQ(*read_secret(make(" sp ace \xff\n")), " sp ace \xff");
}

TEST_F(SecretTest, PermissionsOfOthersAreRefusedWithTheWayOut) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0610U, 0601U, 0644U}) {
    const std::string path = make("geheim\n", mode);
    EXPECT_THAT(refusal(path), testing::AllOf(HasSubstr(path), HasSubstr("chmod 600"))) << mode;
  }
  for (const mode_t mode : {0600U, 0400U, 0700U}) {
    EXPECT_TRUE(read_secret(make("geheim", mode))) << mode;
  }
}

TEST_F(SecretTest, WhatIsNoSecretIsRefused) {
  EXPECT_THAT(refusal(make("")), HasSubstr("empty"));
  EXPECT_THAT(refusal(make("\n")), HasSubstr("empty"));
  for (const std::string content : {"geheim\nzwei\n", "geheim\n\n", "geheim\r\n", "a\tgeheim"}) {
    EXPECT_THAT(refusal(make(content)), HasSubstr("control")) << content;
  }
  EXPECT_THAT(refusal(make(std::string("geheim\0x", 8))), HasSubstr("control"));
}

TEST_F(SecretTest, FourKibibytesAreTheMost) {
  EXPECT_TRUE(read_secret(make(std::string(4096, 'x'))));
  EXPECT_THAT(refusal(make(std::string(4097, 'x'))), HasSubstr("4 KiB"));
}

TEST_F(SecretTest, OnlyARegularFileIsRead) {
  EXPECT_THAT(refusal(tree_.path()), HasSubstr("no regular file"));
  ASSERT_EQ(mkfifo((tree_ / "fifo").c_str(), 0600), 0);
  EXPECT_THAT(refusal(tree_ / "fifo"), HasSubstr("no regular file"));  // and is not waited for
  EXPECT_THAT(refusal(tree_ / "none"), HasSubstr("No such file"));
}

TEST_F(SecretTest, RootTakesNoFileOfAnother) {
  REPO_NEEDS_ROOT();
  const std::string path = make("geheim\n");
  ASSERT_EQ(chown(path.c_str(), 1234, 1234), 0);
  EXPECT_THAT(refusal(path), HasSubstr("somebody else"));
}

TEST_F(SecretTest, ANameIsACredentialWhateverItsPermissions) {
  make("geheim\n", 0440);
  test::in_child([this] {
    unsetenv("CREDENTIALS_DIRECTORY");
    EXPECT_THAT(refusal("secret"), HasSubstr("LoadCredential="));
    setenv("CREDENTIALS_DIRECTORY", tree_.path().c_str(), 1);
    const Result<std::string> secret = read_secret("secret");
    ASSERT_TRUE(secret) << describe(secret.error());
    EXPECT_EQ(*secret, "geheim");
    EXPECT_THAT(refusal("other"), HasSubstr(tree_ / "other"));
    for (const std::string name : {"", ".", ".."}) {
      EXPECT_THAT(refusal(name), HasSubstr("no name")) << name;
    }
    // A path stays a path.
    EXPECT_THAT(refusal(tree_ / "secret"), HasSubstr("chmod 600"));
  });
}

}  // namespace
}  // namespace repo

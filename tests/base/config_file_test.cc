// The configuration file on disk. Who may write it is tested with trust.h.
#include "base/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::HasSubstr;

class ConfigFileTest : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    test::write_file(path_, text);
    EXPECT_EQ(chmod(path_.c_str(), 0644), 0);
    return path_;
  }
  std::string refused(bool must_exist) {
    const Result<Config> config = load_config(path_, must_exist);
    return config ? "taken" : describe(config.error());
  }

  test::TempDir tree_;
  const std::string path_ = tree_ / "config.toml";
};

TEST_F(ConfigFileTest, IsReadAndParsed) {
  const Result<Config> config = load_config(write("[common]\nquiet = true\n"), true);
  ASSERT_TRUE(config) << describe(config.error());
  ASSERT_NE(find_section(*config, "common"), nullptr);
}

TEST_F(ConfigFileTest, AMistakeNamesTheFileAndTheLine) {
  write("[common]\nquiet true\n");
  EXPECT_THAT(refused(false), HasSubstr(path_ + ": line 2: "));
}

TEST_F(ConfigFileTest, OnlyAFileThatWasNamedMustExist) {
  EXPECT_EQ(refused(false), "taken");
  EXPECT_THAT(refused(true), HasSubstr(path_));
}

TEST_F(ConfigFileTest, ALinkThatLeadsNowhereIsNoFileThatIsNotThere) {
  std::filesystem::create_symlink(tree_ / "nowhere", path_);
  EXPECT_THAT(refused(false), HasSubstr(path_));
}

TEST_F(ConfigFileTest, ADirectoryIsRefused) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT(refused(false), HasSubstr("directory"));
}

TEST_F(ConfigFileTest, WhatIsFarTooLargeIsNoConfiguration) {
  write(std::string((1U << 20) + 1, '#'));
  EXPECT_THAT(refused(false), HasSubstr(path_));
}

TEST_F(ConfigFileTest, RootTakesNoneThatSomebodyElseCouldHaveWritten) {
  REPO_NEEDS_ROOT();
  write("[common]\n");
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  EXPECT_THAT(refused(false), HasSubstr("somebody else"));
}

}  // namespace
}  // namespace repo

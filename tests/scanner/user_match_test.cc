// Which files make a directory one of a user-defined kind; on a real disk.
#include "scanner/user_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using Names = std::vector<std::string>;

class UserMatchTest : public testing::Test {
 protected:
  // "no", or the names.
  Names match(const UserSignature& signature) const {
    const UniqueFd fd = test::open_folder(tree_.path());
    const std::unique_ptr<Directory> directory = borrow_directory(fd.get());
    const auto matched = match_user_kind(*directory, signature);
    EXPECT_TRUE(matched) << describe(matched.error());
    if (!matched || !*matched) return {"no"};
    return **matched;
  }

  static UserSignature sqlite() {
    UserSignature signature;
    signature.magics = {{{"*.db", "*.sqlite"}, 0, std::string("SQLite format 3\0", 16)}};
    return signature;
  }

  test::TempDir tree_;
  const std::string database_ = std::string("SQLite format 3\0", 16) + "more";
};

TEST_F(UserMatchTest, AMagicIsLookedForOnlyWhereTheGlobMatches) {
  EXPECT_THAT(match(sqlite()), ElementsAre("no"));
  test::write_file(tree_ / "b.db", database_);
  test::write_file(tree_ / "a.sqlite", database_);
  test::write_file(tree_ / "c.bin", database_);
  test::write_file(tree_ / "d.db", "SQLite format 4");
  test::write_file(tree_ / "e.db", "");
  EXPECT_THAT(match(sqlite()), ElementsAre("a.sqlite", "b.db"));
}

TEST_F(UserMatchTest, MagicStandsAtItsOffset) {
  UserSignature signature;
  signature.magics = {{{"*"}, 4, "FS30"}, {{"*"}, 0, "FS21"}};
  test::write_file(tree_ / "a", "xxxxFS30");
  test::write_file(tree_ / "b", "FS30");
  test::write_file(tree_ / "c", "FS21");
  test::write_file(tree_ / "d", "xxxxFS3");
  EXPECT_THAT(match(signature), ElementsAre("a", "c"));
}

TEST_F(UserMatchTest, LinksAndWhatIsNoFileHaveNoMagic) {
  test::write_file(tree_ / "x", database_);
  test::make_link(tree_ / "link.db", "x");
  test::make_fifo(tree_ / "fifo.db");
  test::make_folder(tree_ / "folder.db");
  EXPECT_THAT(match(sqlite()), ElementsAre("no"));
}

TEST_F(UserMatchTest, AllNamesMustBeThereAndOfTheirType) {
  UserSignature signature;
  signature.files = {"conf"};
  signature.directories = {"data"};
  signature.globs = {"init*.ora"};
  test::write_file(tree_ / "conf", "");
  test::make_folder(tree_ / "data");
  EXPECT_THAT(match(signature), ElementsAre("no"));
  test::write_file(tree_ / "initX.ora", "");
  test::write_file(tree_ / "initA.ora", "");
  EXPECT_THAT(match(signature), ElementsAre("initA.ora", "initX.ora"));
  signature.directories = {"conf"};
  EXPECT_THAT(match(signature), ElementsAre("no"));
  signature.directories = {};
  signature.files = {"data"};
  EXPECT_THAT(match(signature), ElementsAre("no"));
}

TEST_F(UserMatchTest, WithoutGlobsTheFilesAreWhatMatched) {
  UserSignature signature;
  signature.files = {"b", "a"};
  test::write_file(tree_ / "b", "");
  test::write_file(tree_ / "a", "");
  test::write_file(tree_ / "c", "");
  EXPECT_THAT(match(signature), ElementsAre("a", "b"));
}

TEST_F(UserMatchTest, WhatIsExceptedIsMatchedByNoGlobAndNoMagic) {
  UserSignature signature = sqlite();
  signature.excepted = {"cache*"};
  test::write_file(tree_ / "cache.db", database_);
  EXPECT_THAT(match(signature), ElementsAre("no"));
  EXPECT_FALSE(matches_a_glob(signature, "cache.db"));
  test::write_file(tree_ / "a.db", database_);
  EXPECT_THAT(match(signature), ElementsAre("a.db"));
  signature.magics.clear();
  signature.globs = {"*.db"};
  EXPECT_THAT(match(signature), ElementsAre("a.db"));
  signature.globs = {"cache.db"};
  EXPECT_THAT(match(signature), ElementsAre("no"));
}

}  // namespace
}  // namespace repo

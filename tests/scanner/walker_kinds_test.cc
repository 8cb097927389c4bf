// Walks that look for kinds of users'.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "scanner/walker.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/fake_fs.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

UserKind kind(const std::string& name, UserSignature signature) {
  UserKind kind;
  kind.name = name;
  kind.signature = std::move(signature);
  return kind;
}

const UserSignature kSqlite = {
    .magics = {{{"*.db", "*.sqlite"}, 0, std::string("SQLite format 3\0", 16)}},
    .paths = {"/srv/app"}};
const UserSignature kZodb = {
    .files = {"Data.fs"}, .directories = {"blobstorage"}, .pruned = {"blobstorage"}};

class WalkerKindsTest : public testing::Test {
 protected:
  void SetUp() override {
    fs_.count_links();
    for (const char* path : {"/srv/app/leaf/a.db", "/srv/app/a.sqlite", "/srv/other/a.db"}) {
      fs_.add_file(path, std::string("SQLite format 3\0", 16) + "pages");
    }
    fs_.add_file("/srv/app/notes/a.db", "Berkeley");
    fs_.add_file("/srv/app/notes/a.txt", "SQLite format 3");
    add_hg(fs_, "/srv/app/inner");
  }

  ScanResult walk_with(std::vector<UserKind> kinds, repo::Setup setup = {.leaf_skip = true}) {
    Result<Kinds> known = Kinds::with(std::move(kinds));
    EXPECT_TRUE(known);
    setup.known = *std::move(known);
    return walk_fake(fs_, setup);
  }

  test::FakeFileSystem fs_;
};

TEST_F(WalkerKindsTest, AKindOfFilesIsFoundInItsPathsAlone) {
  const ScanResult result = walk_with({kind("sqlite", kSqlite)});
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(paths(result.repositories),
              ElementsAre("/srv/app", "/srv/app/inner", "/srv/app/leaf"));
  for (const Repository& each : result.repositories) {
    if (each.path == "/srv/app/inner") continue;
    EXPECT_EQ(each.kind, "sqlite");
    EXPECT_EQ(each.store, each.path);
    EXPECT_EQ(find_number(each.detail, "files"), 1U);
  }
}

// What docs/design.md says of the leaf skip: off below these paths alone.
TEST_F(WalkerKindsTest, OnlyThereDirectoriesWithoutSubdirectoriesAreOpened) {
  walk_with({kind("sqlite", kSqlite)});
  EXPECT_EQ(fs_.times_listed("/srv/other"), 0);
  EXPECT_GT(fs_.times_listed("/srv/app/leaf"), 0);
  // Where no file matches a glob a directory is listed once.
  EXPECT_EQ(fs_.times_listed("/srv/app/inner"), 1);
}

TEST_F(WalkerKindsTest, TheResultDoesNotDependOnDescriptorsToSpare) {
  const ScanResult usual = walk_with({kind("sqlite", kSqlite)});
  const ScanResult result =
      walk_with({kind("sqlite", kSqlite)}, {.max_open_directories = 0, .leaf_skip = true});
  EXPECT_EQ(paths(result.repositories), paths(usual.repositories));
  EXPECT_EQ(result.stats.leaf_skipped, usual.stats.leaf_skipped);
}

TEST_F(WalkerKindsTest, ARootBelowThePathIsInIt) {
  const ScanResult result = walk_with(
      {kind("sqlite", kSqlite)}, {.roots = {"/srv/app/leaf", "/srv/other"}, .leaf_skip = true});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/app/leaf"));
}

TEST_F(WalkerKindsTest, AKindWithADirectoryIsFoundEverywhere) {
  fs_.add_file("/opt/zope/Data.fs");
  add_hg(fs_, "/opt/zope/blobstorage/x");
  add_hg(fs_, "/opt/zope/products/x");
  fs_.add_file("/opt/half/Data.fs");
  const ScanResult result = walk_with({kind("zodb", kZodb)});
  EXPECT_THAT(paths(result.repositories),
              ElementsAre("/opt/zope", "/opt/zope/products/x", "/srv/app/inner"));
  EXPECT_THAT(paths(result.pruned), ElementsAre("/opt/zope/blobstorage"));
  EXPECT_EQ(result.pruned[0].why, "belongs to zodb");
  EXPECT_EQ(fs_.times_listed("/opt/zope/blobstorage"), 0);
}

// Whoever may make entries in a directory could hide what others have below it.
TEST_F(WalkerKindsTest, ThePruneOfAllIsToldAsNotLookedAtButInTheVeryPlaceOfTheKind) {
  fs_.add_file("/opt/zope/Data.fs");
  add_hg(fs_, "/opt/zope/blobstorage/x");
  UserSignature signature = kZodb;
  signature.all_pruned = true;
  signature.paths = {"/opt"};
  const ScanResult below = walk_with({kind("zodb", signature)});
  ASSERT_THAT(paths(below.pruned), ElementsAre("/opt/zope"));
  EXPECT_TRUE(below.pruned[0].notable);
  signature.paths = {"/opt/zope"};
  const ScanResult there = walk_with({kind("zodb", signature)});
  ASSERT_THAT(paths(there.pruned), ElementsAre("/opt/zope"));
  EXPECT_FALSE(there.pruned[0].notable);
}

TEST_F(WalkerKindsTest, ThePruneOfAllIsTold) {
  fs_.add_file("/opt/zope/Data.fs");
  add_hg(fs_, "/opt/zope/blobstorage/x");
  UserSignature signature = kZodb;
  signature.all_pruned = true;
  const ScanResult result = walk_with({kind("zodb", signature)});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/opt/zope", "/srv/app/inner"));
  EXPECT_THAT(paths(result.pruned), ElementsAre("/opt/zope"));
  EXPECT_EQ(result.pruned[0].why, "what is in it belongs to zodb");
}

TEST_F(WalkerKindsTest, OneThatIsNotWantedIsNoFindingAndKeepsItsFolders) {
  fs_.add_file("/opt/zope/Data.fs");
  add_hg(fs_, "/opt/zope/blobstorage/x");
  const ScanResult result = walk_with({kind("zodb", kZodb)}, {.kinds = {"hg"}, .leaf_skip = true});
  EXPECT_THAT(paths(result.repositories), ElementsAre("/srv/app/inner"));
}

TEST_F(WalkerKindsTest, ADirectoryMayBeOfSeveralKinds) {
  add_hg(fs_, "/srv/app");
  const ScanResult result =
      walk_with({kind("sqlite", kSqlite), kind("app", {.directories = {"inner", ".hg"}})});
  EXPECT_THAT(paths(result.repositories),
              ElementsAre("/srv/app", "/srv/app", "/srv/app", "/srv/app/inner", "/srv/app/leaf"));
}

TEST_F(WalkerKindsTest, S4_AFileThatCannotBeReadIsToldAsOneThatMayBe) {
  fs_.fail_open("/srv/app/leaf/a.db", EACCES);
  const ScanResult result = walk_with({kind("sqlite", kSqlite)});
  EXPECT_FALSE(result.complete);
  ASSERT_THAT(paths(result.errors), ElementsAre("/srv/app/leaf/a.db"));
  EXPECT_EQ(result.errors[0].op, "probe");
  EXPECT_EQ(result.errors[0].code, EACCES);
  EXPECT_THAT(result.errors[0].message, HasSubstr("may be sqlite"));
}

TEST_F(WalkerKindsTest, S24_LinksAndFifosOfThatNameAreNone) {
  fs_.add_fifo("/srv/app/fifo/a.db");
  fs_.add_link("/srv/app/link/a.db", "/srv/other/a.db");
  fs_.add_directory("/srv/app/folder/a.db");
  const ScanResult result = walk_with({kind("sqlite", kSqlite)});
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.repositories.size(), 3U);
}

}  // namespace
}  // namespace repo

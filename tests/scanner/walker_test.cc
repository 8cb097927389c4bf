// The walk on a file system in memory.
#include "scanner/walker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanner/manifest.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/fake_fs.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WalkerTest, RepositoriesAreFoundWithWhatTheySayOfThemselves) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/svn/alpha");
  fs.set_uid("/srv/svn/alpha", 1234);
  add_hg(fs, "/home/x/clone");
  fs.add_directory("/empty");
  const ScanResult result = walk_fake(fs);
  ASSERT_THAT(paths(result.repositories), ElementsAre("/home/x/clone", "/srv/svn/alpha"));
  EXPECT_TRUE(result.complete);
  EXPECT_THAT(result.errors, IsEmpty());
  for (const Repository& each : result.repositories) {
    if (each.kind == "hg") {
      EXPECT_EQ(each.store, "/home/x/clone/.hg");
      continue;
    }
    EXPECT_EQ(each.kind, "svn");
    EXPECT_EQ(each.store, each.path);
    EXPECT_EQ(each.uid, 1234U);
    EXPECT_EQ(each.mode, 0755U);
    EXPECT_NE(each.inode, 0U);
    const DetailValue* revision = find_detail(each.detail, "revision");
    ASSERT_TRUE(revision);
    EXPECT_EQ(std::get<std::uint64_t>(*revision), 42U);
  }
}

TEST(WalkerTest, ARootCanBeARepository) {
  test::FakeFileSystem fs;
  add_svn(fs, "/srv/svn");
  EXPECT_THAT(paths(walk_fake(fs, {.roots = {"/srv/svn"}}).repositories), ElementsAre("/srv/svn"));
  add_hg(fs, "/");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/", "/srv/svn"));
}

TEST(WalkerTest, OneDirectoryCanBeTwoKinds) {
  test::FakeFileSystem fs;
  add_svn(fs, "/both");
  add_hg(fs, "/both");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/both", "/both"));
}

TEST(WalkerTest, OnlyWhatCanHoldNoOtherRepositoryIsLeftOut) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.add_directory("/svn/db/revs/0");
  add_hg(fs, "/svn/nested");
  add_hg(fs, "/hg");
  fs.add_directory("/hg/.hg/store/data");
  add_svn(fs, "/hg/files/inner");
  EXPECT_THAT(paths(walk_fake(fs).repositories),
              ElementsAre("/hg", "/hg/files/inner", "/svn", "/svn/nested"));
  for (const char* left_out : {"/svn/db", "/svn/hooks", "/svn/conf", "/svn/locks", "/hg/.hg"}) {
    EXPECT_EQ(fs.times_listed(left_out), 0) << left_out;
  }
}

TEST(WalkerTest, AFolderNamedLikeAPartOfARepositoryIsWalkedWhereThereIsNone) {
  test::FakeFileSystem fs;
  add_hg(fs, "/srv/db/conf/hooks");
  fs.add_file("/srv/format", "not svn's");
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/srv/db/conf/hooks"));
}

TEST(WalkerTest, S23_DecoysAreNoRepositories) {
  test::FakeFileSystem fs;
  fs.add_file("/wc/.svn/format", "12\n");  // a working copy
  fs.add_file("/wc/.svn/entries", "12\n");
  fs.add_file("/wc/.svn/wc.db", "SQLite format 3");
  fs.add_directory("/wc/.svn/pristine/00");
  fs.add_file("/half/format", "5\n");
  fs.add_directory("/other/db");
  fs.add_file("/file/.hg", "text");
  fs.add_file("/names/db", "a file");
  fs.add_directory("/names/format");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_TRUE(result.complete);
}

TEST(WalkerTest, OnlyTheKindsThatAreAskedForAreFound) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  add_hg(fs, "/hg");
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"hg"}}).repositories), ElementsAre("/hg"));
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"svn"}}).repositories), ElementsAre("/svn"));
  // In another kind's own folders it is looked for no more than without the choice.
  add_svn(fs, "/hg/.hg/store/inner");
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"svn"}}).repositories), ElementsAre("/svn"));
  EXPECT_THAT(paths(walk_fake(fs, {.kinds = {"hg", "svn"}}).repositories),
              ElementsAre("/hg", "/svn"));
}

TEST(WalkerTest, AShareIsARepositoryAndAPointerToItsSource) {
  test::FakeFileSystem fs;
  fs.add_file("/a/share/.hg/sharedpath", "/srv/source/.hg\n");
  fs.add_file("/b/relative/.hg/sharedpath", "../../source/.hg");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/a/share", "/b/relative"));
  ASSERT_THAT(paths(result.pointers), ElementsAre("/a/share", "/b/relative"));
  for (const Pointer& each : result.pointers) {
    EXPECT_EQ(each.kind, "hg");
    EXPECT_EQ(each.why, "share");
    EXPECT_EQ(each.target, each.path == "/a/share" ? "/srv/source/.hg" : "/b/source/.hg");
  }
}

TEST(WalkerTest, ARepositoryThatBrokeIsAnErrorAndWhatIsInItIsStillFound) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.add_file("/svn/db/current", "");
  add_hg(fs, "/svn/nested");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/svn/nested"));
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].op, "probe");
  EXPECT_EQ(result.errors[0].path, "/svn/db/current");
  EXPECT_FALSE(result.complete);
}

TEST(WalkerTest, StatsCountWhatWasSeen) {
  test::FakeFileSystem fs;
  fs.add_file("/a/b/file");
  fs.add_file("/a/c/one");
  fs.add_link("/a/c/two", "/a");
  const ScanResult result = walk_fake(fs);
  EXPECT_EQ(result.stats.directories, 4U);
  EXPECT_EQ(result.stats.directories_read, 4U);
  EXPECT_EQ(result.stats.entries, 6U);
  EXPECT_EQ(result.stats.vanished, 0U);
}

TEST(WalkerTest, EveryDirectoryIsReadOnce) {
  test::FakeFileSystem fs;
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 30; ++j) {
      fs.add_directory("/" + std::to_string(i) + "/" + std::to_string(j));
    }
  }
  const ScanResult result = walk_fake(fs, {.jobs = 8});
  EXPECT_EQ(result.stats.directories, 931U);
  EXPECT_EQ(fs.most_listed(), 1);
}

}  // namespace
}  // namespace repo

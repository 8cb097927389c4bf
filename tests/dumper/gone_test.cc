// Copies whose source is gone, and forgetting them.
#include "dumper/gone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dumper/publish.h"
#include "scanner/item_id.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class GoneTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    manifest_.roots = {"/srv"};
    manifest_.complete = true;
  }
  // A current generation of a repository that was at `path`.
  void make_copy(const std::string& path, const std::string& kind = "svn") const {
    ItemRecord record;
    record.id = make_item_id(path);
    record.source.kind = kind;
    record.source.path = path;
    record.source.store = path;
    record.generation = "20260101T000000Z";
    record.totals.bytes = 7;
    const std::string folder = root_->path + "/current/" + kind + "/" + record.id;
    test::write_file(folder + "/item.json", write_item_record(record));
  }
  void find(const std::string& path) {
    ManifestItem item;
    item.id = make_item_id(path);
    item.repository.kind = "svn";
    item.repository.path = path;
    manifest_.items.push_back(item);
  }
  std::vector<std::string> gone() const { return paths_of(&MissingSources::gone); }
  std::vector<std::string> not_looked_at() const {
    return paths_of(&MissingSources::not_looked_at);
  }
  std::vector<std::string> paths_of(std::vector<GoneCopy> MissingSources::*which) const {
    const Result<MissingSources> found = find_missing(root_->current.get(), manifest_);
    EXPECT_TRUE(found);
    std::vector<std::string> paths;
    for (const GoneCopy& each : (*found).*which) paths.push_back(each.path);
    return paths;
  }

  test::TempDir tree_;
  std::optional<DumpRoot> root_;
  Manifest manifest_;
};

TEST_F(GoneTest, OnlyWhatTheScanHasLookedForAndNotFoundIsGone) {
  for (const char* path : {"/srv/here", "/srv/gone", "/srv/pruned/x", "/home/other-root"}) {
    make_copy(path);
  }
  find("/srv/here");
  manifest_.pruned = {{"/srv/pruned", "excluded"}};
  EXPECT_THAT(gone(), ElementsAre("/srv/gone"));
  EXPECT_THAT(not_looked_at(), ElementsAre("/srv/pruned/x"));
}

// Its file may have been removed, or moved to another machine: that makes no copy go.
TEST_F(GoneTest, AKindOfAUserIsGoneOnlyWhereItWasLookedFor) {
  make_copy("/srv/app", "sqlite");
  make_copy("/srv/app2", "sqlite");
  EXPECT_THAT(gone(), IsEmpty());
  EXPECT_THAT(not_looked_at(), ElementsAre("/srv/app", "/srv/app2"));
  manifest_.user_kinds = {{"sqlite", {"/srv/app"}}};
  EXPECT_THAT(gone(), ElementsAre("/srv/app"));
  manifest_.user_kinds = {{"sqlite", {}}};
  EXPECT_THAT(gone(), ElementsAre("/srv/app", "/srv/app2"));
  manifest_.kinds = {"svn"};
  EXPECT_THAT(gone(), IsEmpty());
}

// An old manifest must not call gone what a later scan has found.
TEST_F(GoneTest, ACopyThatIsNewerThanTheScanIsNotJudgedByIt) {
  make_copy("/srv/gone");
  manifest_.finished = *parse_stamp("20251231T235800Z");
  EXPECT_THAT(gone(), IsEmpty());
  for (const char* later : {"20251231T235930Z", "20260102T000000Z"}) {
    manifest_.finished = *parse_stamp(later);
    EXPECT_THAT(gone(), ElementsAre("/srv/gone")) << later;
  }
}

TEST_F(GoneTest, ACopyWhoseRecordCannotBeReadIsNamed) {
  make_copy("/srv/gone");
  test::write_file(root_->path + "/current/svn/lost/item.json", "{");
  test::write_file(root_->path + "/current/svn/notes/of-somebody", "");
  const Result<MissingSources> found = find_missing(root_->current.get(), manifest_);
  ASSERT_TRUE(found);
  EXPECT_THAT(found->unreadable, ElementsAre("svn/lost"));
  EXPECT_EQ(found->gone.size(), 1U);
}

TEST_F(GoneTest, WhoseDirectoryIsStillThereMayBeDamaged) {
  test::make_folder(tree_ / "there");
  test::write_file(tree_ / "file", "");
  test::make_link(tree_ / "link", "there");
  manifest_.roots = {tree_.path()};
  for (const char* name : {"there", "file", "link", "away"}) make_copy(tree_ / name);
  const Result<MissingSources> found = find_missing(root_->current.get(), manifest_);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->gone.size(), 4U);
  for (const GoneCopy& each : found->gone) {
    EXPECT_EQ(each.still_there, each.path == tree_ / "there") << each.path;
  }
}

TEST_F(GoneTest, AnIncompleteScanKnowsOfNothingThatItIsGone) {
  make_copy("/srv/gone");
  manifest_.complete = false;
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(GoneTest, WhatIsOfAKindThatWasNotLookedForIsNotGone) {
  make_copy("/srv/gone");
  manifest_.kinds = {"hg"};
  EXPECT_THAT(gone(), IsEmpty());
  manifest_.kinds = {"hg", "svn"};
  EXPECT_THAT(gone(), ElementsAre("/srv/gone"));
}

TEST_F(GoneTest, D18_APathThatIsNoTextIsToldExactly) {
  make_copy("/srv/\xff\n");
  EXPECT_THAT(gone(), ElementsAre("/srv/\xff\n"));
}

TEST_F(GoneTest, WhatIsNoCopyOfOursIsLeftAlone) {
  test::write_file(root_->path + "/current/a file", "");
  test::write_file(root_->path + "/current/svn/without a record/x", "");
  EXPECT_THAT(gone(), IsEmpty());
}

TEST_F(GoneTest, ForgettingRemovesEveryGenerationOfTheItemAndNoOther) {
  make_copy("/srv/gone");
  make_copy("/srv/here");
  const std::string id = make_item_id("/srv/gone");
  const std::string older = root_->path + "/older/svn/" + id;
  test::make_generation(older + "/20250101T000000Z", "20250101T000000Z", "old");
  test::make_generation(older + "/20250102T000000Z.unreadable", "x", "old");
  const Status done = forget(*root_, "svn", id);
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_THAT(test::names_in(root_->path + "/current/svn"), ElementsAre(make_item_id("/srv/here")));
  EXPECT_FALSE(test::exists(older));
  EXPECT_THAT(test::staged_in(*root_), IsEmpty());
  EXPECT_TRUE(forget(*root_, "svn", id)) << "again";
}

// The current generation leaves in one step: what a crash leaves in staging is no copy any more.
TEST_F(GoneTest, D1_KilledWhileItForgetsNothingComesBack) {
  make_copy("/srv/gone");
  const std::string id = make_item_id("/srv/gone");
  ASSERT_EQ(rename((root_->path + "/current/svn/" + id).c_str(),
                   (root_->path + "/control/staging/svn." + id).c_str()),
            0);
  EXPECT_THAT(recover_staging(*root_), IsEmpty());
  EXPECT_THAT(test::staged_in(*root_), IsEmpty());
  EXPECT_THAT(gone(), IsEmpty());
}

}  // namespace
}  // namespace repo

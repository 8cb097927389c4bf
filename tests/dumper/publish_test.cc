// From staging to current, and what a crash in between leaves.
#include "dumper/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFirst = "20260101T000000Z";
constexpr const char* kSecond = "20260102T000000Z";
constexpr const char* kThird = "20260103T000000Z";

class PublishTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
  }
  // A finished copy in staging, as the steps before publishing leave it.
  void stage(const std::string& generation, const std::string& content) {
    const Result<UniqueFd> staging = make_staging(*root_, "svn", "x");
    ASSERT_TRUE(staging) << describe(staging.error());
    test::make_generation(staged(), generation, content);
  }
  void must_publish(const std::string& generation, const std::string& content) {
    stage(generation, content);
    for (const auto step : {publish, retire_displaced}) {
      const Status done = step(*root_, "svn", "x");
      ASSERT_TRUE(done) << describe(done.error());
    }
  }
  std::string staged() const { return root_->path + "/control/staging/svn.x"; }
  std::string current() const { return root_->path + "/current/svn/x"; }
  std::string older(const std::string& generation) const {
    return root_->path + "/older/svn/x/" + generation;
  }
  std::vector<std::string> older_names() const {
    const std::string path = root_->path + "/older/svn/x";
    return test::exists(path) ? test::names_in(path) : std::vector<std::string>();
  }
  static std::string content(const std::string& generation) {
    return test::read_file(generation + "/data/file");
  }
  void recover() {
    const std::vector<Error> errors = recover_staging(*root_);
    for (const Error& error : errors) ADD_FAILURE() << describe(error);
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
  }

  test::TempDir tree_;
  std::optional<DumpRoot> root_;
};

TEST_F(PublishTest, TheFirstGenerationBecomesTheCurrentOne) {
  must_publish(kFirst, "one");
  EXPECT_EQ(content(current()), "one");
  EXPECT_THAT(older_names(), IsEmpty());
  EXPECT_THAT(test::staged_in(*root_), IsEmpty());
}

TEST_F(PublishTest, TheSecondMovesTheFirstToOlderUnderItsOwnTime) {
  must_publish(kFirst, "one");
  const ino_t first = test::lstat_of(current() + "/data/file").st_ino;
  must_publish(kSecond, "two");
  EXPECT_EQ(content(current()), "two");
  EXPECT_THAT(older_names(), ElementsAre(kFirst));
  EXPECT_EQ(content(older(kFirst)), "one");
  EXPECT_EQ(test::lstat_of(older(kFirst) + "/data/file").st_ino, first);
  EXPECT_THAT(test::staged_in(*root_), IsEmpty());
}

TEST_F(PublishTest, EachOneIsKeptUntilRetention) {
  must_publish(kFirst, "one");
  must_publish(kSecond, "two");
  must_publish(kThird, "three");
  EXPECT_THAT(older_names(), ElementsAre(kFirst, kSecond));
}

TEST_F(PublishTest, D18_KindsAndItemsDoNotMeet) {
  must_publish(kFirst, "svn");
  test::make_generation(root_->path + "/control/staging/hg.x", kSecond, "hg");
  ASSERT_TRUE(publish(*root_, "hg", "x"));
  EXPECT_EQ(content(current()), "svn");
  EXPECT_EQ(content(root_->path + "/current/hg/x"), "hg");
}

TEST_F(PublishTest, UntilItIsRetiredTheDisplacedOneLiesInStaging) {
  must_publish(kFirst, "one");
  stage(kSecond, "two");
  ASSERT_TRUE(publish(*root_, "svn", "x"));
  EXPECT_EQ(content(current()), "two");
  EXPECT_EQ(content(staged()), "one");
}

TEST_F(PublishTest, WhatWasDisplacedAndIsNoGenerationIsKeptUnderANameThatRetentionDoesNotTouch) {
  test::write_file(current() + "/data/file", "somebody's");
  must_publish(kSecond, "two");
  EXPECT_EQ(content(current()), "two");
  ASSERT_EQ(older_names().size(), 1U);
  EXPECT_FALSE(parse_stamp(older_names()[0]));
  EXPECT_EQ(content(older(older_names()[0])), "somebody's");
}

TEST_F(PublishTest, D17_SeveralOfThemInOneSecondAreAllKept) {
  for (const char* content : {"one", "two", "three"}) {
    must_publish(kFirst, content);
    test::write_file(current() + "/item.json", "{");
  }
  must_publish(kSecond, "four");
  EXPECT_EQ(older_names().size(), 3U);
}

TEST_F(PublishTest, NothingStagedLeavesTheCurrentOneAlone) {
  must_publish(kFirst, "one");
  const std::string before = test::snapshot(current());
  const Status done = publish(*root_, "svn", "x");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ENOENT);
  EXPECT_EQ(test::snapshot(current()), before);
}

TEST_F(PublishTest, ATimeThatIsTakenInOlderIsAnErrorAndNeitherGenerationIsLost) {
  must_publish(kFirst, "one");
  test::make_generation(older(kFirst), kFirst, "was there");
  stage(kSecond, "two");
  ASSERT_TRUE(publish(*root_, "svn", "x"));
  EXPECT_FALSE(retire_displaced(*root_, "svn", "x"));
  EXPECT_EQ(content(current()), "two");
  EXPECT_EQ(content(older(kFirst)), "was there");
  EXPECT_EQ(content(staged()), "one");
}

TEST_F(PublishTest, D32_AGenerationThatCouldNotBeRetiredIsNotStagedOver) {
  must_publish(kFirst, "one");
  stage(kSecond, "two");
  ASSERT_TRUE(publish(*root_, "svn", "x"));
  const Result<UniqueFd> staging = make_staging(*root_, "svn", "x");
  ASSERT_FALSE(staging);
  EXPECT_EQ(content(staged()), "one");
}

TEST_F(PublishTest, RetiringIsFineWhereNothingWasDisplaced) {
  EXPECT_TRUE(retire_displaced(*root_, "svn", "x"));
}

TEST_F(PublishTest, TheGenerationOfCurrentIsRead) {
  EXPECT_FALSE(current_generation(root_->current.get(), "svn", "x"));
  must_publish(kFirst, "one");
  EXPECT_EQ(current_generation(root_->current.get(), "svn", "x")->generation, kFirst);
  EXPECT_FALSE(current_generation(root_->current.get(), "svn", "y"));
  test::write_file(current() + "/item.json", "{");
  EXPECT_FALSE(current_generation(root_->current.get(), "svn", "x"));
}

TEST_F(PublishTest, StagingBeginsEmptyWhateverAnEarlierTryHasLeft) {
  test::write_file(staged() + "/data/half", "x");
  test::make_link(staged() + "/link", "/etc");
  const Result<UniqueFd> staging = make_staging(*root_, "svn", "x");
  ASSERT_TRUE(staging) << describe(staging.error());
  EXPECT_THAT(test::names_in(staged()), IsEmpty());
}

TEST_F(PublishTest, D1_KilledBeforePublishingTheCopyIsRemovedAndCurrentStays) {
  must_publish(kFirst, "one");
  stage(kSecond, "two");
  recover();
  EXPECT_EQ(content(current()), "one");
  EXPECT_THAT(older_names(), IsEmpty());
}

TEST_F(PublishTest, D1_KilledDuringTheFirstCopyNothingIsLeft) {
  test::write_file(staged() + "/data/half", "x");
  recover();
  EXPECT_FALSE(test::exists(current()));
}

TEST_F(PublishTest, D1_KilledBeforeTheFirstPublishingNothingIsLeft) {
  stage(kFirst, "one");
  recover();
  EXPECT_FALSE(test::exists(current()));
  EXPECT_THAT(older_names(), IsEmpty());
}

TEST_F(PublishTest, D1_KilledBetweenTheTwoRenamesTheDisplacedOneGoesToOlder) {
  must_publish(kFirst, "one");
  stage(kSecond, "two");
  ASSERT_TRUE(publish(*root_, "svn", "x"));
  recover();
  EXPECT_EQ(content(current()), "two");
  EXPECT_THAT(older_names(), ElementsAre(kFirst));
  EXPECT_EQ(content(older(kFirst)), "one");
}

TEST_F(PublishTest, D1_KilledDuringRetentionTheCondemnedOneGoesAndComesNotBack) {
  must_publish(kSecond, "two");
  stage(kFirst, "one");
  std::filesystem::remove(staged() + "/item.json");
  recover();
  EXPECT_EQ(content(current()), "two");
  EXPECT_THAT(older_names(), IsEmpty());
}

// It may have been current when its record was damaged.
TEST_F(PublishTest, D10_ADisplacedGenerationWhoseRecordWasCutShortIsKept) {
  must_publish(kFirst, "one");
  const std::string record = test::read_file(current() + "/item.json");
  test::write_file(current() + "/item.json", record.substr(0, record.size() / 2));
  stage(kSecond, "two");
  ASSERT_TRUE(publish(*root_, "svn", "x"));
  recover();
  EXPECT_EQ(content(current()), "two");
  ASSERT_THAT(older_names(), ElementsAre(testing::EndsWith(".unreadable")));
  EXPECT_EQ(content(older(older_names()[0])), "one");
}

TEST_F(PublishTest, D10_ADisplacedGenerationIsKeptWhereTheRecordOfCurrentWasCutShort) {
  must_publish(kFirst, "one");
  stage(kSecond, "two");
  ASSERT_TRUE(publish(*root_, "svn", "x"));
  test::write_file(current() + "/item.json", "{");
  recover();
  EXPECT_THAT(older_names(), ElementsAre(kFirst));
  EXPECT_EQ(content(older(kFirst)), "one");
}

TEST_F(PublishTest, D10_AStagedCopyWithoutAllItsRecordsIsNoGeneration) {
  must_publish(kSecond, "two");
  for (const char* missing : {"item.json", "SHA256SUMS", "owners"}) {
    stage(kFirst, "one");
    test::must_run({"rm", staged() + "/" + missing});
    recover();
    EXPECT_THAT(older_names(), IsEmpty()) << missing;
  }
}

TEST_F(PublishTest, D40_WhatThousandRunsHaveLeftIsRemoved) {
  for (int i = 0; i < 100; ++i) {
    test::write_file(root_->path + "/control/staging/hg.item" + std::to_string(i) + "/data/f", "x");
  }
  recover();
}

TEST_F(PublishTest, RecoveryIsFineWhereThereIsNothing) { recover(); }

TEST_F(PublishTest, RecoveryTellsWhatItCouldNotDealWithAndGoesOn) {
  must_publish(kSecond, "two");
  stage(kFirst, "one");
  test::make_generation(older(kFirst), kFirst, "was there");
  test::write_file(root_->path + "/control/staging/svn.z/data/f", "x");
  EXPECT_EQ(recover_staging(*root_).size(), 1U);
  EXPECT_THAT(test::staged_in(*root_), ElementsAre("svn.x"));
  EXPECT_EQ(content(staged()), "one");
  EXPECT_EQ(content(older(kFirst)), "was there");
}

TEST_F(PublishTest, D8_WhereNothingCanBeRenamedCurrentStays) {
  REPO_NEEDS_ROOT();
  must_publish(kFirst, "one");
  stage(kSecond, "two");
  test::in_child([this] {
    // Not the owner: nobody may write in a folder of mode 0700.
    for (const char* each : {"", "/control", "/current", "/current/svn"}) {
      test::set_mode(root_->path + each, 0755);
    }
    test::set_mode(tree_.path(), 0755);
    test::become_user(1234);
    const Status done = publish(*root_, "svn", "x");
    ASSERT_FALSE(done);
  });
  EXPECT_EQ(content(current()), "one");
  EXPECT_EQ(content(staged()), "two");
}

TEST_F(PublishTest, ALookAtAGenerationIsOfAllButItsRecord) {
  must_publish(kFirst, "one");
  auto look = [this] {
    const UniqueFd folder = test::open_folder(current());
    const Result<TreeLook> seen = look_at_generation(folder.get(), test::patient());
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? seen->digest : std::string();
  };
  const std::string before = look();
  test::write_file(current() + "/item.json", "{}");
  EXPECT_EQ(look(), before);
  // A generation that shares its files.
  std::filesystem::create_hard_link(current() + "/data/file", tree_ / "shared");
  EXPECT_EQ(look(), before);
  test::set_mtime(current() + "/owners", 1, 1);
  EXPECT_NE(look(), before);
}

}  // namespace
}  // namespace repo

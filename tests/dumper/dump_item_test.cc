// One item from its source to a published generation, with a kind of the test's own.
#include "dumper/dump_item.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/file_io.h"
#include "base/stop_signal.h"
#include "dumper/item_result.h"
#include "dumper/publish.h"
#include "tests/dumper/dump_item_fixture.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_dumper.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(DumpItemTest, AGenerationIsDataChecksumsOwnersAndRecord) {
  const ItemResult result = must_dump();
  EXPECT_THAT(test::names_in(current()),
              ElementsAre("RESTORE.md", "SHA256SUMS", "data", "item.json", "owners"));
  EXPECT_EQ(test::read_file(current() + "/data/file"), "the copy\n");
  EXPECT_EQ(test::read_file(current() + "/owners"), "d 0755 0 0 - .\nf 0644 0 0 - file\n");
  EXPECT_EQ(test::read_file(current() + "/SHA256SUMS"), sha256_hex("the copy\n") + "  data/file\n");
  EXPECT_EQ(result.bytes, 9U);
  EXPECT_EQ(result.id, item_.id);
  EXPECT_EQ(result.path, item_.source.path);
  EXPECT_FALSE(result.error);
}

TEST_F(DumpItemTest, TheRecordSaysWhatWasCopiedAndHasTheDigestsOfTheOtherTwo) {
  const ItemResult result = must_dump();
  const auto record = nlohmann::json::parse(test::read_file(current() + "/item.json"));
  EXPECT_EQ(record["id"], item_.id);
  EXPECT_EQ(record["generation"], result.generation);
  EXPECT_EQ(record["source"]["path"], item_.source.path);
  EXPECT_EQ(record["source"]["inode"], item_.source.inode);
  EXPECT_EQ(record["fingerprint"]["revision"], 7);
  EXPECT_EQ(record["verified"]["by"], "true");
  EXPECT_EQ(record["sha256"]["SHA256SUMS"], sha256_hex(test::read_file(current() + "/SHA256SUMS")));
  EXPECT_EQ(record["sha256"]["owners"], sha256_hex(test::read_file(current() + "/owners")));
  EXPECT_EQ(record["totals"]["files"], 1);
}

TEST_F(DumpItemTest, D27_WhatIsPublishedIsPrivate) {
  const mode_t before = umask(0);
  must_dump();
  umask(before);
  for (const char* each : {"", "/data"}) {
    EXPECT_EQ(test::lstat_of(current() + each).st_mode & 07777, 0700U) << each;
  }
  for (const char* each : {"/SHA256SUMS", "/owners", "/item.json", "/data/file"}) {
    EXPECT_EQ(test::lstat_of(current() + each).st_mode & 07777, 0600U) << each;
  }
}

TEST_F(DumpItemTest, VerifyComesAfterTheCopyAndBeforePublishing) {
  dumper_.on_verify = [this](const DumpJob& job) {
    EXPECT_FALSE(test::exists(current()));
    EXPECT_EQ(*read_small_file(job.staging_fd, "data/file", 100), "the copy\n");
    return Status();
  };
  must_dump();
  EXPECT_THAT(dumper_.steps, ElementsAre("copy", "verify"));
}

TEST_F(DumpItemTest, TheDumperGetsTheOpenedSourceAndWhatIsNested) {
  const std::string inside = item_.source.path + "/extra/in";
  test::must_run({"cp", "-a", item_.source.path, tree_ / "copy"});
  test::make_folder(item_.source.path + "/extra");
  test::must_run({"mv", tree_ / "copy", inside});
  Repository gone = test::item_at("svn", inside).source;
  gone.path += ".gone";
  gone.store += ".gone";
  item_.nested = {test::item_at("svn", inside).source, gone};
  dumper_.on_copy = [this](const DumpJob& job) {
    EXPECT_EQ(*read_small_file(job.source_fd, "db/current", 100), "7\n");
    EXPECT_THAT(job.nested, ElementsAre("extra/in"));
    EXPECT_EQ(job.uid, context().uid);
    return test::ScriptedDumper::make_a_file(job);
  };
  must_dump();
}

TEST_F(DumpItemTest, TheSecondGenerationIsLaterAndTheFirstGoesToOlder) {
  const ItemResult first = must_dump();
  const ItemResult second = must_dump();
  EXPECT_LT(first.generation, second.generation);
  EXPECT_THAT(test::names_in(test::older_of(*root_, item_)), ElementsAre(first.generation));
}

TEST_F(DumpItemTest, D32_RetentionKeepsAsManyAsAskedFor) {
  keep_ = 3;
  std::vector<std::string> generations;
  for (int i = 0; i < 5; ++i) generations.push_back(must_dump().generation);
  EXPECT_THAT(test::names_in(test::older_of(*root_, item_)),
              ElementsAre(generations[2], generations[3]));
}

TEST_F(DumpItemTest, D32_AFailureRemovesNoGeneration) {
  keep_ = 1;
  must_dump();
  dumper_.on_verify = [](const DumpJob&) { return Status(plain_error("verify", "", "bad")); };
  for (int i = 0; i < 3; ++i) must_fail();
  EXPECT_EQ(test::read_file(current() + "/data/file"), "the copy\n");
}

TEST_F(DumpItemTest, ABusySourceIsTriedAgain) {
  int tries = 0;
  dumper_.on_copy = [&](const DumpJob& job) -> Result<CopyFacts> {
    EXPECT_THAT(test::names_in("/proc/self/fd/" + std::to_string(job.staging_fd)), IsEmpty());
    Result<CopyFacts> facts = test::ScriptedDumper::make_a_file(job);
    if (++tries < 3) return busy();
    return facts;
  };
  must_dump();
  EXPECT_THAT(dumper_.steps, ElementsAre("copy", "copy", "copy", "verify"));
}

TEST_F(DumpItemTest, D23_ASourceThatStaysBusyFailsAfterThreeTries) {
  dumper_.on_copy = [](const DumpJob&) { return busy(); };
  const Error error = must_fail();
  EXPECT_THAT(dumper_.steps, ElementsAre("copy", "copy", "copy"));
  EXPECT_EQ(error.code, EBUSY);
  EXPECT_THAT(error.message, testing::AllOf(HasSubstr("busy, tried 3 times"), HasSubstr("packs")));
}

TEST_F(DumpItemTest, AnotherErrorIsNotTriedAgainAndNamesThePathInTheRepository) {
  dumper_.on_copy = [](const DumpJob& job) -> Result<CopyFacts> {
    EXPECT_TRUE(create_file(job.staging_fd, "half", "x"));
    return system_error("read", "db/revs/0/7", EIO);
  };
  const Error error = must_fail();
  EXPECT_THAT(dumper_.steps, ElementsAre("copy"));
  EXPECT_EQ(error.path, item_.source.path + "/db/revs/0/7");
}

TEST_F(DumpItemTest, D10_ACopyThatDoesNotVerifyIsNotPublished) {
  dumper_.on_verify = [](const DumpJob&) { return Status(plain_error("verify", "", "bad")); };
  EXPECT_EQ(must_fail().path, item_.source.path);
  EXPECT_FALSE(test::exists(current()));
}

TEST_F(DumpItemTest, D10_ACopyThatDoesNotVerifyLeavesTheGoodOneAlone) {
  must_dump();
  dumper_.on_verify = [](const DumpJob&) { return Status(plain_error("verify", "", "bad")); };
  must_fail();
  EXPECT_FALSE(test::exists(test::older_of(*root_, item_)));
}

TEST_F(DumpItemTest, D10_ADumperThatSaysWellAndHasCopiedNothingFails) {
  dumper_.on_copy = [](const DumpJob&) { return CopyFacts(); };
  must_fail();
}

TEST_F(DumpItemTest, AFileWithASecondNameIsNotPublished) {
  dumper_.on_copy = [this](const DumpJob& job) {
    Result<CopyFacts> facts = test::ScriptedDumper::make_a_file(job);
    EXPECT_EQ(linkat(job.staging_fd, "data/file", AT_FDCWD, (tree_ / "second").c_str(), 0), 0);
    return facts;
  };
  EXPECT_THAT(must_fail().message, HasSubstr("several names"));
}

TEST_F(DumpItemTest, D14_AStopDuringTheCopyLeavesCurrentAlone) {
  must_dump();
  test::in_child([this] {
    dumper_.on_copy = [](const DumpJob& job) -> Result<CopyFacts> {
      EXPECT_TRUE(create_file(job.staging_fd, "half", "x"));
      request_stop(15);
      return *out_of_patience(job.patience);
    };
    must_fail(ItemStatus::kSkipped);
  });
}

TEST_F(DumpItemTest, D14_AStopAfterVerifyingPublishesNothing) {
  test::in_child([this] {
    dumper_.on_verify = [](const DumpJob&) {
      request_stop(15);
      return Status();
    };
    must_fail(ItemStatus::kSkipped);
    EXPECT_FALSE(test::exists(current()));
  });
}

TEST_F(DumpItemTest, D11_TheTimeForAnItemIsForAllOfIt) {
  max_time_ = std::chrono::seconds(0);
  EXPECT_EQ(must_fail().code, ETIMEDOUT);
}

TEST_F(DumpItemTest, D24_ASourceThatIsGoneHasVanishedAndItsCopyStays) {
  must_dump();
  test::must_run({"rm", "-rf", item_.source.path});
  EXPECT_EQ(must_fail(ItemStatus::kVanished).code, ENOENT);
  EXPECT_THAT(dumper_.steps, ElementsAre("copy", "verify"));
}

TEST_F(DumpItemTest, D24_AFileMissingInsideIsAFailureAndNotVanished) {
  dumper_.on_copy = [](const DumpJob&) { return system_error("open", "db/revs", ENOENT); };
  must_fail(ItemStatus::kFailed);
}

TEST_F(DumpItemTest, WhatCouldNotBeRemovedIsToldBesideTheCopy) {
  test::write_file(root_->path + "/older/svn", "in the way");
  const ItemResult result = must_dump();
  ASSERT_TRUE(result.error);
  EXPECT_THAT(result.error->path, testing::StartsWith(root_->path));
  EXPECT_NE(result.generation, "");
}

TEST_F(DumpItemTest, WhereItCannotBePublishedTheErrorNamesTheDumpRoot) {
  test::write_file(root_->path + "/current/svn", "in the way");
  const ItemResult result = dump();
  EXPECT_EQ(result.status, ItemStatus::kFailed);
  ASSERT_TRUE(result.error);
  EXPECT_THAT(result.error->path, testing::StartsWith(root_->path));
  EXPECT_EQ(test::read_file(root_->path + "/current/svn"), "in the way");
}

TEST_F(DumpItemTest, D40_LeftoversOfAnEarlierRunDoNotGetIntoTheCopy) {
  test::write_file(root_->path + "/control/staging/svn." + item_.id + "/data/old", "x");
  must_dump();
  EXPECT_THAT(test::names_in(current() + "/data"), ElementsAre("file"));
}

// A tmpfs of which less and less is free: at every point the disk is full once.
TEST_F(DumpItemTest, D5_ADiskThatIsFullAtAnyPointLeavesTheOldCopyAndNoRest) {
  REPO_NEEDS_ROOT();
  test::make_folder(tree_ / "disk");
  root_.reset();
  test::in_child([this] {
    constexpr int kPage = 4096;
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_ / "disk", "size=512k,mode=700");
    Result<DumpRoot> root = test::open_root(tree_ / "disk/dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    must_dump();
    const std::string good = test::snapshot(current());
    int failed = 0;
    bool copied = false;
    for (int pages = 0; pages < 40 && !copied; ++pages) {
      const std::string ballast = tree_ / "disk/ballast";
      test::run({"dd", "if=/dev/zero", "of=" + ballast, "bs=4096", "count=128"});
      std::filesystem::resize_file(
          ballast, std::filesystem::file_size(ballast) - static_cast<unsigned>(pages * kPage));
      const ItemResult result = dump();
      std::filesystem::remove(ballast);
      EXPECT_THAT(test::staged_in(*root_), IsEmpty());
      copied = result.status == ItemStatus::kCopied;
      if (copied) break;
      ++failed;
      EXPECT_EQ(test::snapshot(current()), good) << pages;
      EXPECT_EQ(result.error.value_or(Error()).code, ENOSPC) << describe(*result.error);
    }
    EXPECT_TRUE(copied);
    EXPECT_GT(failed, 3);
  });
}

// The second generation of an item, of which the first may be reused.
TEST_F(DumpItemTest, TheSurveyTellsWhatAGenerationMayShareWithTheNext) {
  dumper_.on_immutable = [](std::string_view path) { return path.starts_with("db/revs/"); };
  test::write_file(item_.source.path + "/db/revs/0/8", std::string(10'000, 'x'));
  const Result<Survey> survey = survey_item(item_, dumper_, test::patient());
  ASSERT_TRUE(survey) << describe(survey.error());
  std::uint64_t expected = 0;
  for (const char* each : {"/db/revs/0/7", "/db/revs/0/8"}) {
    const blkcnt_t blocks = test::lstat_of(item_.source.path + each).st_blocks;
    expected += static_cast<std::uint64_t>(blocks) * 512;
  }
  EXPECT_EQ(survey->immutable_bytes, expected);
  EXPECT_GT(survey->look.on_disk, expected);
}

TEST_F(DumpItemTest, D24_ASurveyOfWhatIsGoneIsAnError) {
  std::filesystem::remove_all(item_.source.path);
  const Result<Survey> survey = survey_item(item_, dumper_, test::patient());
  ASSERT_FALSE(survey);
  EXPECT_EQ(failed_item(item_, survey.error()).status, ItemStatus::kVanished);
}

}  // namespace
}  // namespace repo

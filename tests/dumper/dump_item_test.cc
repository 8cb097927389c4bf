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
#include "dumper/publish.h"
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

Error busy() { return {"copy", "db", EBUSY, "somebody packs it"}; }

class DumpItemTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(tree_ / "repo");
    test::write_file(tree_ / "repo/file", "what the copy is a copy of\n");
    test::set_mode(tree_ / "repo", 0755);
    test::set_mode(tree_ / "repo/file", 0644);
    item_ = test::item_at("svn", tree_ / "repo");
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
  }
  ItemResult dump() { return test::dump_once(item_, dumper_, context()); }
  ItemContext context() const {
    ItemContext made = test::context_of(*root_, runner_);
    made.keep = keep_;
    made.max_time = max_time_;
    return made;
  }
  ItemResult must_dump() {
    const ItemResult result = dump();
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
    return result;
  }
  // Fails, and nothing has changed but for that.
  Error must_fail(ItemStatus status = ItemStatus::kFailed) {
    const std::string before = test::snapshot(root_->path + "/current");
    const ItemResult result = dump();
    EXPECT_EQ(result.status, status);
    EXPECT_EQ(result.generation, "");
    EXPECT_EQ(test::snapshot(root_->path + "/current"), before);
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
    if (!result.error) ADD_FAILURE() << "no error";
    return result.error.value_or(Error());
  }
  std::string current() const { return test::current_of(*root_, item_); }

  test::TempDir tree_;
  PlanItem item_;
  std::optional<DumpRoot> root_;
  test::ScriptedRunner runner_;
  test::ScriptedDumper dumper_;
  int keep_ = 2;
  std::chrono::seconds max_time_{120};
};

TEST_F(DumpItemTest, AGenerationIsDataChecksumsOwnersAndRecord) {
  const ItemResult result = must_dump();
  EXPECT_THAT(test::names_in(current()), ElementsAre("SHA256SUMS", "data", "item.json", "owners"));
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
class DumpItemAgainTest : public DumpItemTest {
 protected:
  void SetUp() override {
    DumpItemTest::SetUp();
    dumper_.on_immutable = [](std::string_view path) { return path == "file"; };
    dumper_.on_copy = [this](const DumpJob& job) {
      shared_.push_back(job.shared.previous >= 0);
      verified_.push_back(job.verified);
      return copy_of(job, "the copy\n");
    };
    first_ = must_dump();
    shared_.clear();
    verified_.clear();
    dumper_.steps.clear();
  }
  // data/file, from the previous copy where that is shared.
  static Result<CopyFacts> copy_of(const DumpJob& job, const std::string& content) {
    if (job.shared.previous < 0) {
      Result<CopyFacts> facts = test::ScriptedDumper::make_a_file(job);
      if (!facts) return facts;
      const UniqueFd file(openat(job.staging_fd, "data/file", O_WRONLY | O_TRUNC | O_CLOEXEC));
      EXPECT_TRUE(write_all(file.get(), content));
      return facts;
    }
    EXPECT_EQ(mkdirat(job.staging_fd, "data", 0700), 0);
    EXPECT_EQ(linkat(job.shared.previous, "file", job.staging_fd, "data/file", 0), 0);
    CopyFacts facts;
    facts.fingerprint = {{"uuid", "u-1"}, {"revision", std::uint64_t{7}}};
    return facts;
  }
  ItemResult dump_again(Reuse reuse) {
    ItemContext made = context();
    made.previous = current_generation(root_->current.get(), "svn", item_.id);
    EXPECT_TRUE(made.previous);
    made.reuse = reuse;
    made.accepted = accepted_;
    return test::dump_once(item_, dumper_, made);
  }
  ItemResult must_dump_again(Reuse reuse) {
    const ItemResult result = dump_again(reuse);
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
    return result;
  }
  nlohmann::json record() const {
    return nlohmann::json::parse(test::read_file(current() + "/item.json"));
  }
  std::string older_of_first() const {
    return test::older_of(*root_, item_) + "/" + first_.generation;
  }

  static constexpr Reuse kShare{false, true, false};
  static constexpr Reuse kShareVerified{false, true, true};
  ItemResult first_;
  std::vector<bool> shared_;
  std::vector<std::optional<Detail>> verified_;
  bool accepted_ = false;
};

TEST_F(DumpItemAgainTest, SharedFilesAreTheOnesOfThenAndAreNotCounted) {
  const std::string copied_whole = record()["copied_whole"];
  const ItemResult second = must_dump_again(kShareVerified);
  EXPECT_EQ(test::lstat_of(current() + "/data/file").st_ino,
            test::lstat_of(older_of_first() + "/data/file").st_ino);
  EXPECT_EQ(second.bytes, 9U);
  EXPECT_EQ(second.bytes_written, 0U);
  EXPECT_EQ(record()["totals"]["shared"], 9);
  EXPECT_EQ(record()["copied_whole"], copied_whole);
  EXPECT_TRUE(record()["verified"].contains("new"));
  EXPECT_EQ(test::read_file(current() + "/SHA256SUMS"), sha256_hex("the copy\n") + "  data/file\n");
  EXPECT_THAT(shared_, ElementsAre(true));
  EXPECT_EQ(verified_[0], first_.fingerprint);
}

TEST_F(DumpItemAgainTest, WhatIsNotVerifiedAnyMoreIsReadAsAWhole) {
  must_dump_again(kShare);
  EXPECT_THAT(verified_, ElementsAre(std::nullopt));
  EXPECT_FALSE(record()["verified"].contains("new"));
}

TEST_F(DumpItemAgainTest, WhereNothingIsReusedAllIsCopied) {
  const ItemResult second = must_dump_again({});
  EXPECT_THAT(shared_, ElementsAre(false));
  EXPECT_EQ(second.bytes_written, 9U);
  EXPECT_EQ(test::lstat_of(current() + "/data/file").st_nlink, 1U);
}

TEST_F(DumpItemAgainTest, D10_ACopyThatDoesNotVerifyWithSharedFilesIsMadeOfCopiesAlone) {
  dumper_.on_verify = [](const DumpJob& job) {
    return job.shared.previous >= 0 ? Status(plain_error("verify", "", "a flipped bit")) : Status();
  };
  const ItemResult second = must_dump_again(kShareVerified);
  EXPECT_THAT(shared_, ElementsAre(true, false));
  EXPECT_THAT(verified_, ElementsAre(first_.fingerprint, std::nullopt));
  EXPECT_THAT(second.notes,
              ElementsAre(testing::AllOf(HasSubstr("copied whole"), HasSubstr("a flipped bit"))));
  EXPECT_EQ(second.bytes_written, 9U);
  EXPECT_EQ(record()["totals"]["shared"], 0);
  EXPECT_FALSE(record()["verified"].contains("new"));
}

TEST_F(DumpItemAgainTest, D10_WhatDoesNotVerifyEitherWayIsAFailure) {
  dumper_.on_verify = [](const DumpJob&) { return Status(plain_error("verify", "", "bad")); };
  EXPECT_EQ(dump_again(kShareVerified).status, ItemStatus::kFailed);
  EXPECT_THAT(shared_, ElementsAre(true, false));
  EXPECT_EQ(test::read_file(current() + "/data/file"), "the copy\n");
  EXPECT_EQ(record()["generation"], first_.generation);
}

TEST_F(DumpItemAgainTest, D23_ABusySourceIsNotCopiedWholeForThat) {
  dumper_.on_copy = [this](const DumpJob& job) -> Result<CopyFacts> {
    shared_.push_back(job.shared.previous >= 0);
    return busy();
  };
  EXPECT_EQ(dump_again(kShare).error.value_or(Error()).code, EBUSY);
  EXPECT_THAT(shared_, ElementsAre(true, true, true));
}

TEST_F(DumpItemAgainTest, D14_AStopDuringTheSharedCopyEndsIt) {
  test::in_child([this] {
    dumper_.on_verify = [](const DumpJob& job) {
      request_stop(15);
      return Status(*out_of_patience(job.patience));
    };
    EXPECT_EQ(dump_again(kShare).status, ItemStatus::kSkipped);
    EXPECT_THAT(shared_, ElementsAre(true));
  });
}

TEST_F(DumpItemAgainTest, D32_AnAlarmKeepsOlderGenerationsUntilItIsAccepted) {
  keep_ = 1;
  dumper_.on_alarm = [](const Detail& before, const Detail& now) {
    EXPECT_EQ(before, now);
    return std::optional<std::string>("it is another one now");
  };
  const ItemResult second = must_dump_again(kShare);
  EXPECT_THAT(second.notes, ElementsAre(testing::AllOf(HasSubstr("it is another one now"),
                                                       HasSubstr("--accept " + item_.id))));
  EXPECT_TRUE(test::exists(older_of_first()));
  EXPECT_EQ(record()["frozen"], nlohmann::json::array({"it is another one now"}));

  dumper_.on_alarm = [](const Detail&, const Detail&) { return std::nullopt; };
  must_dump_again(kShare);
  EXPECT_EQ(test::names_in(test::older_of(*root_, item_)).size(), 2U) << "still";

  accepted_ = true;
  EXPECT_THAT(must_dump_again(kShare).notes, IsEmpty());
  EXPECT_THAT(test::names_in(test::older_of(*root_, item_)), IsEmpty());
  EXPECT_FALSE(record().contains("frozen"));
}

TEST_F(DumpItemAgainTest, ThePreviousGenerationGoesAndWhatItSharedStays) {
  keep_ = 1;
  must_dump_again(kShareVerified);
  EXPECT_THAT(test::names_in(test::older_of(*root_, item_)), IsEmpty());
  EXPECT_EQ(test::read_file(current() + "/data/file"), "the copy\n");
  EXPECT_EQ(test::lstat_of(current() + "/data/file").st_nlink, 1U);
}

TEST_F(DumpItemAgainTest, WhatIsUnchangedIsTheCurrentGeneration) {
  const auto current = current_generation(root_->current.get(), "svn", item_.id);
  ASSERT_TRUE(current);
  const ItemResult result = unchanged_item(item_, *current);
  EXPECT_EQ(result.status, ItemStatus::kUnchanged);
  EXPECT_EQ(result.generation, first_.generation);
  EXPECT_EQ(result.bytes, first_.bytes);
  EXPECT_EQ(result.fingerprint, first_.fingerprint);
  EXPECT_EQ(result.id, item_.id);
}

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

// An item that has a generation already.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "base/file_io.h"
#include "base/stop_signal.h"
#include "dumper/dump_item.h"
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

}  // namespace
}  // namespace repo

// Sealing a copy that shares files with the generation before; and what a seal tells of what is not
// in the copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/digest.h"
#include "dumper/seal.h"
#include "tests/dumper/seal_fixture.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SealDigestsTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& folder : {source_, previous_ + "/data", staging_ + "/data"}) {
      std::filesystem::create_directories(folder);
    }
    for (const std::string& top : {source_, previous_ + "/data"})
      test::write_file(top + "/f", "12");
    ASSERT_EQ(link((previous_ + "/data/f").c_str(), (staging_ + "/data/f").c_str()), 0);
    // Not the digest of its content: whoever takes it over has not read the file.
    sums_ = std::string(64, 'a') + "  data/f\n";
    test::write_file(previous_ + "/SHA256SUMS", sums_);
  }
  Result<Sealed> seal_with(const std::string& recorded, bool read_shared = false) const {
    return seal_sharing_with(previous_, source_, staging_, [&](SealJob& job, int data) {
      job.previous_checksums_sha256 = recorded;
      job.read_shared = read_shared;
      job.shared = {data, [](const std::string&) { return true; }};
    });
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string previous_ = tree_ / "previous";
  const std::string staging_ = tree_ / "staging";
  std::string sums_;
};

TEST_F(SealDigestsTest, TheDigestOfASharedFileIsTakenOver) {
  const Result<Sealed> sealed = seal_with(sha256_hex(sums_));
  ASSERT_TRUE(sealed) << describe(sealed.error());
  EXPECT_EQ(test::read_file(staging_ + "/SHA256SUMS"), sums_);
  EXPECT_EQ(sealed->totals.shared, 2U);
}

TEST_F(SealDigestsTest, D33_NotFromAFileOfDigestsThatIsNotTheRecordedOne) {
  const Result<Sealed> sealed = seal_with(std::string(64, '0'));
  ASSERT_TRUE(sealed) << describe(sealed.error());
  EXPECT_EQ(test::read_file(staging_ + "/SHA256SUMS"), sha256_hex("12") + "  data/f\n");
}

// With bytes that have changed since, under the size and time of before.
TEST_F(SealDigestsTest, D33_WhereSharedFilesAreReadADamagedOneIsFound) {
  const Result<Sealed> sealed = seal_with(sha256_hex(sums_), true);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().op, kSealShare);
  EXPECT_EQ(sealed.error().path, "f");
}

TEST_F(SealDigestsTest, NothingOfTheGenerationBeforeIsTouched) {
  test::set_mode(previous_ + "/data/f", 0640);
  const std::string before = test::snapshot(previous_);
  ASSERT_TRUE(seal_with(sha256_hex(sums_)));
  EXPECT_EQ(test::snapshot(previous_), before);
}

TEST_F(SealDigestsTest, D20_WhatIsNotInTheCopyIsTold) {
  test::make_link(staging_ + "/data/out", "/etc/passwd");
  test::make_link(staging_ + "/data/dangling", "nowhere");
  test::make_link(staging_ + "/data/inside", "f");
  test::make_link(staging_ + "/data/HEAD", "refs/heads/main");
  test::make_fifo(source_ + "/pipe");
  test::make_socket(source_ + "/s");
  const Result<Sealed> sealed = seal_with("");
  ASSERT_TRUE(sealed) << describe(sealed.error());
  EXPECT_THAT(sealed->notes,
              ElementsAre(HasSubstr("without what they lead to: dangling, out (2 in all)"),
                          HasSubstr("not copied: pipe (1 in all)")));
}

TEST_F(SealDigestsTest, WhereAllIsThereNothingIsTold) {
  const Result<Sealed> sealed = seal_with("");
  ASSERT_TRUE(sealed);
  EXPECT_THAT(sealed->notes, IsEmpty());
}

}  // namespace
}  // namespace repo

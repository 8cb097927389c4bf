// Sealing a copy that shares files with the one before.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "base/digest.h"
#include "dumper/checksums.h"
#include "dumper/seal.h"
#include "tests/dumper/seal_fixture.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

// Of the files in "shared/" none is ever changed.
class SealSharedTest : public SealTest {
 protected:
  void SetUp() override {
    SealTest::SetUp();
    test::write_file(before_ + "/data/shared/a", "one");
    test::write_file(before_ + "/data/shared/b", "two");
    test::write_file(before_ + "/data/other", "three");
    for (const char* each : {"/shared/a", "/shared/b", "/other"}) {
      test::set_mode(before_ + "/data" + each, 0600);
      test::set_mtime(before_ + "/data" + each, 1'000'000'000, 1);
    }
    for (const char* each : {"/shared", ""}) test::set_mode(before_ + "/data" + each, 0700);
    // Digests that no hashing would give: so one sees where they come from.
    sums_ = checksum_line(kOther, "data/other") + checksum_line(kA, "data/shared/a") +
            checksum_line(kB, "data/shared/b");
    test::write_file(before_ + "/SHA256SUMS", sums_);
    std::filesystem::create_directories(copy_ + "/shared");
  }
  void link_to_before(const std::string& path) const {
    std::filesystem::create_hard_link(before_ + "/data/" + path, copy_ + "/" + path);
  }
  // As a reflink: another file that is equal.
  void clone_of_before(const std::string& path) const {
    test::must_run({"cp", "-a", before_ + "/data/" + path, copy_ + "/" + path});
  }
  Result<Sealed> seal_sharing() {
    return seal_sharing_with(before_, source_, staging_, [&](SealJob& job, int data) {
      job.previous_checksums_sha256 = sha256_hex(test::read_file(before_ + "/SHA256SUMS"));
      job.shared = {data, [](const std::string& path) { return path.starts_with("shared/"); }};
    });
  }
  Sealed must_seal_sharing() {
    const Result<Sealed> sealed = seal_sharing();
    EXPECT_TRUE(sealed) << describe(sealed.error());
    return sealed ? *sealed : Sealed();
  }

  const std::string kOther = std::string(64, '0');
  const std::string kA = std::string(64, 'a');
  const std::string kB = std::string(64, 'b');
  const std::string before_ = tree_ / "before";
  std::string sums_;
};

TEST_F(SealSharedTest, TheDigestsOfSharedFilesAreTakenOverAndTheFilesNotTouched) {
  link_to_before("shared/a");
  clone_of_before("shared/b");
  test::write_file(copy_ + "/new", "new");
  const std::string before = test::snapshot(before_ + "/data/shared/a");
  const Totals totals = must_seal_sharing().totals;
  EXPECT_EQ(checksums(), sha256_hex("new") + "  data/new\n" + kA + "  data/shared/a\n" + kB +
                             "  data/shared/b\n");
  EXPECT_EQ(totals.bytes, 9U);
  EXPECT_EQ(totals.shared, 6U);
  EXPECT_EQ(test::snapshot(before_ + "/data/shared/a"), before);
}

TEST_F(SealSharedTest, WhatMayChangeIsHashed) {
  clone_of_before("other");
  EXPECT_EQ(must_seal_sharing().totals.shared, 0U);
  EXPECT_EQ(checksums(), sha256_hex("three") + "  data/other\n");
}

struct NotSharedCase : test::NamedCase {
  std::function<void(const std::string& path)> deed;
};

class SealNotSharedTest : public SealSharedTest,
                          public testing::WithParamInterface<NotSharedCase> {};

TEST_P(SealNotSharedTest, D10_WhatIsNotTheFileOfThenIsHashed) {
  clone_of_before("shared/a");
  GetParam().deed(copy_ + "/shared/a");
  EXPECT_EQ(must_seal_sharing().totals.shared, 0U);
  EXPECT_EQ(checksums(), sha256_hex(test::read_file(copy_ + "/shared/a")) + "  data/shared/a\n");
}

INSTANTIATE_TEST_SUITE_P(Files, SealNotSharedTest,
                         testing::Values(NotSharedCase{"another_size",
                                                       [](const auto& path) {
                                                         test::write_file(path, "longer");
                                                         test::set_mtime(path, 1'000'000'000, 1);
                                                       }},
                                         NotSharedCase{"another_time",
                                                       [](const auto& path) {
                                                         test::write_file(path, "ONE");
                                                         test::set_mtime(path, 1'000'000'000, 2);
                                                       }}),
                         test::case_name);

TEST_F(SealSharedTest, D10_WithoutItsDigestASharedFileIsHashed) {
  link_to_before("shared/a");
  link_to_before("shared/b");
  test::write_file(before_ + "/SHA256SUMS", checksum_line(kB, "data/shared/b"));
  EXPECT_EQ(must_seal_sharing().totals.shared, 3U);
  EXPECT_EQ(checksums(), sha256_hex("one") + "  data/shared/a\n" + kB + "  data/shared/b\n");
  std::filesystem::remove(staging_ + "/SHA256SUMS");
  std::filesystem::remove(staging_ + "/owners");
  std::filesystem::remove(before_ + "/SHA256SUMS");
  EXPECT_EQ(must_seal_sharing().totals.shared, 0U);
  EXPECT_EQ(checksums(),
            sha256_hex("one") + "  data/shared/a\n" + sha256_hex("two") + "  data/shared/b\n");
}

TEST_F(SealSharedTest, ASecondNameElsewhereIsRefusedAlsoOfWhatMayBeShared) {
  test::write_file(tree_ / "outside", "one");
  std::filesystem::create_hard_link(tree_ / "outside", copy_ + "/shared/a");
  const Result<Sealed> sealed = seal_sharing();
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().path, "shared/a");
}

TEST_F(SealSharedTest, ALinkToAFileThatMayChangeIsRefused) {
  link_to_before("other");
  const Result<Sealed> sealed = seal_sharing();
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().path, "other");
}

TEST_F(SealSharedTest, D19_AFolderOfThePreviousCopyThatBecameALinkIsNotFollowed) {
  std::filesystem::rename(before_ + "/data/shared", tree_ / "away");
  test::make_link(before_ + "/data/shared", tree_ / "away");
  test::must_run({"cp", "-a", tree_ / "away/a", copy_ + "/shared/a"});
  EXPECT_EQ(must_seal_sharing().totals.shared, 0U);
}

}  // namespace
}  // namespace repo

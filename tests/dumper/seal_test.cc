// The last pass over a copy.
#include "dumper/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

struct LineCase : test::NamedCase {
  std::string path;
  std::string line;
};

class ChecksumLineTest : public testing::TestWithParam<LineCase> {};

TEST_P(ChecksumLineTest, IsWrittenAsSha256sumWritesIt) {
  EXPECT_EQ(checksum_line("0f", GetParam().path), GetParam().line);
}

// tests/dumper/by_hand_real_test.cc asks sha256sum itself.
INSTANTIATE_TEST_SUITE_P(
    Names, ChecksumLineTest,
    testing::Values(LineCase{"plain", "data/a b", "0f  data/a b\n"},
                    LineCase{"newline", "data/a\nb", "\\0f  data/a\\nb\n"},
                    LineCase{"return", "data/a\r", "\\0f  data/a\\r\n"},
                    LineCase{"backslash", "data/a\\n", "\\0f  data/a\\\\n\n"},
                    LineCase{"bytes_that_are_no_text", "data/\xff", "0f  data/\xff\n"},
                    LineCase{"leading_blank_and_star", "data/ *", "0f  data/ *\n"}),
    test::case_name);

class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(copy_);
  }
  // The source is looked at as it is now.
  Result<Sealed> try_seal(const Patience& patience = test::patient()) {
    const UniqueFd source = test::open_folder(source_);
    const Result<TreeLook> look = look_at_tree({source.get(), std::nullopt}, {}, test::patient());
    if (!look) return look.error();
    const UniqueFd copy = test::open_folder(copy_);
    return seal(copy.get(), *look, owners_, patience);
  }
  Sealed must_seal() {
    Result<Sealed> sealed = try_seal();
    EXPECT_TRUE(sealed) << describe(sealed.error());
    return sealed ? *sealed : Sealed();
  }
  void expect_refused(const std::string& path) {
    const Result<Sealed> sealed = try_seal();
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().path, path) << describe(sealed.error());
  }

  std::vector<OwnersLine> owners_;
  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string copy_ = tree_ / "copy";
};

TEST_F(SealTest, EveryFileIsHashedInTheOrderOfTheWalk) {
  test::write_file(copy_ + "/b", "bytes");
  test::write_file(copy_ + "/a/empty", "");
  test::write_file(copy_ + "/a.txt", "a\n");
  EXPECT_EQ(must_seal().checksums, sha256_hex("") + "  data/a/empty\n" + sha256_hex("a\n") +
                                       "  data/a.txt\n" + sha256_hex("bytes") + "  data/b\n");
}

TEST_F(SealTest, AFileLargerThanTheBufferIsHashedWhole) {
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += std::to_string(i);
  test::write_file(copy_ + "/large", bytes);
  EXPECT_EQ(must_seal().checksums, sha256_hex(bytes) + "  data/large\n");
}

TEST_F(SealTest, TotalsCountEverythingOnce) {
  test::write_file(copy_ + "/a/one", "123");
  test::write_file(copy_ + "/two", "45");
  test::make_link(copy_ + "/link", "a/one");
  const Totals totals = must_seal().totals;
  EXPECT_EQ(totals.files, 2U);
  EXPECT_EQ(totals.directories, 2U);
  EXPECT_EQ(totals.links, 1U);
  EXPECT_EQ(totals.bytes, 5U);
}

struct SealModeCase : test::NamedCase {
  mode_t source;
  mode_t copy;
  mode_t sealed;
};

class SealModeTest : public SealTest, public testing::WithParamInterface<SealModeCase> {};

TEST_P(SealModeTest, D21_AFileIsPrivateAndKeepsTheOwnersXBitOfTheSource) {
  for (const std::string& top : {source_, copy_}) test::write_file(top + "/file", "x");
  test::set_mode(source_ + "/file", GetParam().source);
  test::set_mode(copy_ + "/file", GetParam().copy);
  must_seal();
  EXPECT_EQ(test::lstat_of(copy_ + "/file").st_mode & 07777, GetParam().sealed);
}

INSTANTIATE_TEST_SUITE_P(Modes, SealModeTest,
                         testing::Values(SealModeCase{"plain", 0644, 0640, 0600},
                                         SealModeCase{"hook", 0755, 0750, 0700},
                                         SealModeCase{"hook_whose_copy_lost_it", 0755, 0640, 0700},
                                         SealModeCase{"no_hook_any_more", 0644, 0750, 0600},
                                         SealModeCase{"x_for_others_only", 0611, 0640, 0600},
                                         SealModeCase{"setuid_setgid_sticky", 07755, 07755, 0700}),
                         test::case_name);

TEST_F(SealTest, D21_AFileThatTheSourceLacksKeepsItsOwnXBitAndADirectoryIsPrivate) {
  test::write_file(copy_ + "/d/hook", "x");
  test::set_mode(copy_ + "/d/hook", 06755);
  test::set_mode(copy_ + "/d", 03777);
  must_seal();
  EXPECT_EQ(test::lstat_of(copy_ + "/d/hook").st_mode & 07777, 0700U);
  EXPECT_EQ(test::lstat_of(copy_ + "/d").st_mode & 07777, 0700U);
  EXPECT_EQ(test::lstat_of(copy_).st_mode & 07777, 0700U);
}

TEST_F(SealTest, EverythingBecomesThisUsers) {
  REPO_NEEDS_ROOT();
  test::write_file(copy_ + "/d/file", "x");
  test::make_link(copy_ + "/link", "d/file");
  for (const char* each : {"", "/d", "/d/file", "/link"}) test::give_to(copy_ + each, 1234);
  must_seal();
  for (const char* each : {"", "/d", "/d/file", "/link"}) {
    EXPECT_EQ(test::lstat_of(copy_ + each).st_uid, 0U) << each;
    EXPECT_EQ(test::lstat_of(copy_ + each).st_gid, 0U) << each;
  }
}

TEST_F(SealTest, D19_WhatALinkLeadsToIsNotTouched) {
  test::write_file(tree_ / "outside", "x");
  test::set_mode(tree_ / "outside", 0644);
  test::make_folder(tree_ / "folder");
  test::make_link(copy_ + "/link", tree_ / "outside");
  test::make_link(copy_ + "/to_folder", tree_ / "folder");
  const std::string before = test::snapshot(tree_ / "outside") + test::snapshot(tree_ / "folder");
  EXPECT_EQ(must_seal().checksums, "");
  EXPECT_EQ(test::snapshot(tree_ / "outside") + test::snapshot(tree_ / "folder"), before);
}

TEST_F(SealTest, TimesAreThoseOfTheSource) {
  for (const std::string& top : {source_, copy_}) {
    test::write_file(top + "/d/file", "same size");
    test::make_link(top + "/link", "d");
  }
  test::set_mtime(source_ + "/d/file", 1'000'000'000, 123'456'789);
  test::set_mtime(source_ + "/link", 1'000'000'001, 1);
  test::set_mtime(source_ + "/d", 1'000'000'002, 999'999'999);
  test::set_mtime(source_, 1'000'000'003, 0);
  must_seal();
  for (const char* each : {"", "/d", "/d/file", "/link"}) {
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_sec,
              test::lstat_of(source_ + each).st_mtim.tv_sec)
        << each;
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_nsec,
              test::lstat_of(source_ + each).st_mtim.tv_nsec)
        << each;
  }
}

TEST_F(SealTest, ATimeIsNotPutOnContentThatItMayNotBelongTo) {
  test::write_file(source_ + "/file", "another size");
  test::write_file(copy_ + "/file", "x");
  test::write_file(source_ + "/kind", "x");
  test::make_folder(copy_ + "/kind");
  for (const char* each : {"/file", "/kind"}) {
    test::set_mtime(source_ + each, 1'000'000'000, 5);
    test::set_mtime(copy_ + each, 1'100'000'000, 6);
  }
  must_seal();
  EXPECT_EQ(test::lstat_of(copy_ + "/file").st_mtim.tv_sec, 1'100'000'000);
  EXPECT_EQ(test::lstat_of(copy_ + "/kind").st_mtim.tv_sec, 1'100'000'000);
}

TEST_F(SealTest, AFileWithASecondNameIsRefused) {
  test::write_file(copy_ + "/d/one", "x");
  ASSERT_EQ(link((copy_ + "/d/one").c_str(), (tree_ / "outside").c_str()), 0);
  expect_refused("d/one");
}

TEST_F(SealTest, D20_AFifoIsRefusedWithoutWaitingForItsWriter) {
  test::make_folder(copy_ + "/d");
  test::make_fifo(copy_ + "/d/fifo");
  expect_refused("d/fifo");
}

TEST_F(SealTest, D20_ASocketIsRefused) {
  test::make_socket(copy_ + "/socket");
  expect_refused("socket");
}

// Whoever restores goes by these lines, as root.
TEST_F(SealTest, D19_OwnersAreOfWhatTheCopyHoldsAsWhatItHoldsIt) {
  test::write_file(copy_ + "/d/file", "x");
  test::make_link(copy_ + "/link", "/etc");
  owners_ = {{'d', "", "top\n"},
             {'d', "d", "folder\n"},
             {'f', "d/file", "file\n"},
             {'l', "link", "link\n"},
             {'p', "d/fifo", "fifo that was not copied\n"},
             {'f', "link", "a file at the source, a link in the copy\n"},
             {'d', "link", "a folder at the source, a link in the copy\n"},
             {'f', "link/passwd", "below a link\n"},
             {'p', "link/fifo", "below a link too\n"},
             {'f', "d", "a file at the source, a folder in the copy\n"},
             {'f', "gone", "not in the copy\n"}};
  EXPECT_EQ(must_seal().owners, "top\nfolder\nfile\nlink\nfifo that was not copied\n");
}

TEST_F(SealTest, AfterTheDeadlineItIsAnError) {
  test::write_file(copy_ + "/file", "x");
  const Result<Sealed> sealed = try_seal(test::no_time());
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, ETIMEDOUT);
}

}  // namespace
}  // namespace repo

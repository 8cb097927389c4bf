// The last pass over a copy.
#include "dumper/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "tests/dumper/seal_fixture.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

TEST_F(SealTest, EveryFileIsHashedInTheOrderOfTheWalk) {
  test::write_file(copy_ + "/b", "bytes");
  test::write_file(copy_ + "/a/empty", "");
  test::write_file(copy_ + "/a.txt", "a\n");
  must_seal();
  EXPECT_EQ(checksums(), sha256_hex("") + "  data/a/empty\n" + sha256_hex("a\n") +
                             "  data/a.txt\n" + sha256_hex("bytes") + "  data/b\n");
}

TEST_F(SealTest, AFileLargerThanTheBufferIsHashedWhole) {
  std::string bytes;
  for (int i = 0; i < 200'000; ++i) bytes += std::to_string(i);
  test::write_file(copy_ + "/large", bytes);
  must_seal();
  EXPECT_EQ(checksums(), sha256_hex(bytes) + "  data/large\n");
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
  EXPECT_EQ(totals.shared, 0U);
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
  must_seal();
  EXPECT_EQ(checksums(), "");
  EXPECT_EQ(test::snapshot(tree_ / "outside") + test::snapshot(tree_ / "folder"), before);
}

// Files and links have theirs from the copier, which knows what it copied.
TEST_F(SealTest, DirectoriesGetTheTimesOfTheSourceAndAllElseKeepsItsOwn) {
  for (const std::string& top : {source_, copy_}) {
    test::write_file(top + "/d/file", "same size");
    test::make_link(top + "/link", "d");
  }
  test::set_mtime(source_ + "/d/file", 1'000'000'000, 123'456'789);
  test::set_mtime(source_ + "/link", 1'000'000'001, 1);
  test::set_mtime(source_ + "/d", 1'000'000'002, 999'999'999);
  test::set_mtime(source_, 1'000'000'003, 0);
  for (const char* each : {"/d/file", "/link"}) test::set_mtime(copy_ + each, 1'100'000'000, 6);
  must_seal();
  for (const char* each : {"", "/d"}) {
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_sec,
              test::lstat_of(source_ + each).st_mtim.tv_sec)
        << each;
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_nsec,
              test::lstat_of(source_ + each).st_mtim.tv_nsec)
        << each;
  }
  for (const char* each : {"/d/file", "/link"}) {
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_sec, 1'100'000'000) << each;
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_nsec, 6) << each;
  }
}

TEST_F(SealTest, ATimeIsNotPutOnADirectoryThatItMayNotBelongTo) {
  test::write_file(source_ + "/kind", "x");
  test::make_folder(tree_ / "folder");
  test::make_link(source_ + "/behind_a_link", tree_ / "folder");
  for (const char* each : {"/kind", "/behind_a_link"}) {
    test::make_folder(copy_ + each);
    test::set_mtime(copy_ + each, 1'100'000'000, 6);
  }
  test::set_mtime(source_ + "/kind", 1'000'000'000, 5);
  test::set_mtime(tree_ / "folder", 1'000'000'000, 5);
  must_seal();
  for (const char* each : {"/kind", "/behind_a_link"}) {
    EXPECT_EQ(test::lstat_of(copy_ + each).st_mtim.tv_sec, 1'100'000'000) << each;
  }
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
  for (const std::string& top : {source_, copy_}) {
    test::write_file(top + "/d/file", "x");
    test::make_link(top + "/link", "/etc");
  }
  test::make_fifo(source_ + "/d/fifo");
  // A folder at the source, a link in the copy: it has a line of its own.
  test::write_file(source_ + "/link_now/passwd", "x");
  test::make_fifo(source_ + "/link_now/fifo");
  test::make_link(copy_ + "/link_now", "/etc");
  // A file at the source, a folder in the copy; and the reverse; a link at the source, either.
  test::write_file(source_ + "/folder_now", "x");
  test::write_file(copy_ + "/folder_now/in", "x");
  test::write_file(source_ + "/file_now/in", "x");
  test::write_file(copy_ + "/file_now", "x");
  test::make_link(source_ + "/was_a_link", tree_.path());
  test::write_file(copy_ + "/was_a_link/copy/in", "x");
  test::write_file(source_ + "/gone", "x");
  must_seal();
  EXPECT_THAT(owned(),
              testing::ElementsAre("d .", "d d", "p d/fifo", "f d/file", "l link", "l link_now"));
}

TEST_F(SealTest, D20_AFifoWithoutAWriterAtTheSourceIsNotWaitedFor) {
  test::make_fifo(source_ + "/fifo");
  test::make_socket(source_ + "/socket");
  test::make_fifo(source_ + "/file");
  test::write_file(copy_ + "/file", "x");
  must_seal();
  EXPECT_THAT(owned(), testing::ElementsAre("d .", "p fifo", "p file", "s socket"));
}

TEST_F(SealTest, OwnersAreInTheOrderOfTheWalkAndEscaped) {
  for (const std::string& top : {source_, copy_}) {
    for (const char* path : {"/a.b", "/a/b", "/two\nlines"}) test::write_file(top + path, "");
  }
  must_seal();
  EXPECT_THAT(owned(), testing::ElementsAre("d .", "d a", "f a/b", "f a.b", "f two\\0012lines"));
}

TEST_F(SealTest, OwnersAndModesAreThoseOfTheEntryAtTheSourceAndOfALinkItself) {
  REPO_NEEDS_ROOT();
  for (const std::string& top : {source_, copy_}) {
    test::write_file(top + "/file", "");
    test::make_link(top + "/link", "file");
  }
  test::give_to(source_ + "/file", 1234);
  test::set_mode(source_ + "/file", 04751);
  test::give_to(source_ + "/link", 1235);
  must_seal();
  EXPECT_THAT(owners(), HasSubstr("f 4751 1234 1234 - file\n"));
  EXPECT_THAT(owners(), HasSubstr("l 0777 1235 1235 - link\n"));
}

TEST_F(SealTest, D21_ExtendedAttributesAreKeptAlsoOfFilesThatMayNotBeRead) {
  for (const std::string& top : {source_, copy_}) test::write_file(top + "/file", "");
  ASSERT_EQ(setxattr((source_ + "/file").c_str(), "user.note", "\0x", 2, 0), 0);
  ASSERT_EQ(setxattr(source_.c_str(), "user.top", "t", 1, 0), 0);
  test::set_mode(source_ + "/file", 0);
  must_seal();
  EXPECT_THAT(owners(), HasSubstr(" user.note=AHg= file\n"));
  EXPECT_THAT(owners(), HasSubstr(" user.top=dA== .\n"));
}

// The store of a share.
TEST_F(SealTest, WhatWasCopiedFromElsewhereHasTheOwnersTimesAndModesOfThere) {
  test::write_file(source_ + "/.hg/own", "x");
  test::write_file(tree_ / "origin/data/hook", "x");
  test::make_fifo(tree_ / "origin/fifo");
  test::set_mode(tree_ / "origin/data/hook", 0751);
  test::set_mtime(tree_ / "origin", 1'000'000'002, 999'999'999);
  test::write_file(copy_ + "/.hg/own", "x");
  test::write_file(copy_ + "/.hg/store/data/hook", "x");
  elsewhere_ = Elsewhere{".hg/store", test::open_folder(tree_ / "origin"), std::nullopt};
  must_seal();
  EXPECT_THAT(owned(),
              testing::ElementsAre("d .", "d .hg", "f .hg/own", "d .hg/store", "p .hg/store/fifo",
                                   "d .hg/store/data", "f .hg/store/data/hook"));
  EXPECT_THAT(owners(), HasSubstr("f 0751 "));
  EXPECT_EQ(test::lstat_of(copy_ + "/.hg/store").st_mtim.tv_sec, 1'000'000'002);
  EXPECT_EQ(test::lstat_of(copy_ + "/.hg/store/data/hook").st_mode & 07777, 0700U);
}

TEST_F(SealTest, D19_OfElsewhereNothingIsToldThatTheOwnerMayNotSee) {
  REPO_NEEDS_ROOT();
  test::set_mode(tree_.path(), 0755);
  test::write_file(tree_ / "origin/shut/file", "x");
  test::set_mode(tree_ / "origin", 0755);
  test::set_mode(tree_ / "origin/shut", 0700);
  test::write_file(copy_ + "/.hg/store/shut/file", "x");
  test::make_folder(source_ + "/.hg");
  elsewhere_ =
      Elsewhere{".hg/store", test::open_folder(tree_ / "origin"), Identity{1234, 1234, {}}};
  must_seal();
  EXPECT_THAT(owned(), testing::ElementsAre("d .", "d .hg", "d .hg/store"));
}

TEST_F(SealTest, WhatLiesThereAlreadyIsNotOverwritten) {
  test::write_file(staging_ + "/SHA256SUMS", "somebody's");
  EXPECT_FALSE(try_seal());
  EXPECT_EQ(checksums(), "somebody's");
}

TEST_F(SealTest, AfterTheDeadlineItIsAnError) {
  test::write_file(copy_ + "/file", "x");
  const Result<Sealed> sealed = try_seal(test::no_time());
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, ETIMEDOUT);
}

}  // namespace
}  // namespace repo

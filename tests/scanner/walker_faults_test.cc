// File systems that fail, and stopping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "base/stop_signal.h"
#include "scanner/manifest.h"
#include "scanner/walker.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/child.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// --- faults ---

struct ErrnoCase : test::NamedCase {
  int code;
};

class WalkerOpenFaults : public testing::TestWithParam<ErrnoCase> {};

TEST_P(WalkerOpenFaults, S1_UnreadableDirectoryIsReportedAndSiblingsAreVisited) {
  test::FakeFileSystem fs;
  add_svn(fs, "/a/hidden");
  add_svn(fs, "/b/seen");
  fs.fail_open("/a", GetParam().code);
  for (const int budget : {0, 512}) {
    const ScanResult result = walk_fake(fs, {.max_open_directories = budget});
    EXPECT_THAT(paths(result.repositories), ElementsAre("/b/seen"));
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors[0].op, "open");
    EXPECT_EQ(result.errors[0].path, "/a");
    EXPECT_EQ(result.errors[0].code, GetParam().code);
    EXPECT_FALSE(result.errors[0].message.empty());
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.stats.vanished, 0U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Errors, WalkerOpenFaults,
    testing::Values(ErrnoCase{"eacces", EACCES}, ErrnoCase{"eperm", EPERM},
                    ErrnoCase{"S3_eio", EIO}, ErrnoCase{"S3_euclean", EUCLEAN},
                    ErrnoCase{"S13_enotconn", ENOTCONN}, ErrnoCase{"S12_estale", ESTALE},
                    ErrnoCase{"S16_emfile", EMFILE}, ErrnoCase{"S16_enfile", ENFILE},
                    ErrnoCase{"S17_enomem", ENOMEM}, ErrnoCase{"S7_enametoolong", ENAMETOOLONG}),
    test::case_name);

class WalkerVanishedFaults : public testing::TestWithParam<ErrnoCase> {};

TEST_P(WalkerVanishedFaults, S11_GoneBetweenListingAndOpeningIsCountedAndNoError) {
  test::FakeFileSystem fs;
  fs.add_directory("/a/gone");
  fs.add_directory("/a/stays");
  fs.fail_open("/a/gone", GetParam().code);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.stats.vanished, 1U);
  EXPECT_EQ(result.stats.directories, 3U);
  EXPECT_TRUE(result.complete);
}

INSTANTIATE_TEST_SUITE_P(Errors, WalkerVanishedFaults,
                         testing::Values(ErrnoCase{"removed", ENOENT},
                                         ErrnoCase{"replaced_by_a_file", ENOTDIR},
                                         ErrnoCase{"replaced_by_a_link", ELOOP}),
                         test::case_name);

TEST(WalkerFaults, S11_GoneBetweenOpeningAndReadingIsCountedAndNoError) {
  test::FakeFileSystem fs;
  fs.add_directory("/a/gone");
  fs.fail_list("/a/gone", 0, ENOENT);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.stats.vanished, 1U);
  EXPECT_TRUE(result.complete);
}

struct ListCase : test::NamedCase {
  std::size_t after;
  int code;
};

class WalkerListFaults : public testing::TestWithParam<ListCase> {};

TEST_P(WalkerListFaults, S2_EioInTheMiddleOfADirectory) {
  // Entries come in the order of their names: of a, b, c and d as many as `after`.
  test::FakeFileSystem fs;
  for (const char* name : {"a", "b", "c", "d"}) add_hg(fs, std::string("/bad/") + name);
  add_hg(fs, "/good");
  fs.fail_list("/bad", GetParam().after, GetParam().code);
  const ScanResult result = walk_fake(fs);
  EXPECT_EQ(result.repositories.size(), 1 + GetParam().after) << "what was listed is looked at";
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_EQ(result.errors[0].op, "read");
  EXPECT_EQ(result.errors[0].path, "/bad");
  EXPECT_EQ(result.errors[0].code, GetParam().code);
  EXPECT_FALSE(result.complete);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, WalkerListFaults,
    testing::Values(ListCase{"before_the_first", 0, EIO}, ListCase{"after_one", 1, EIO},
                    ListCase{"after_the_last", 4, EIO}, ListCase{"S3_ebadmsg", 2, EBADMSG},
                    ListCase{"S3_euclean", 2, EUCLEAN}, ListCase{"S13_enotconn", 2, ENOTCONN}),
    test::case_name);

TEST(WalkerFaults, S2_ARepositoryWhoseDirectoryCannotBeReadToItsEndIsStillFound) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.add_file("/svn/zzz");
  fs.fail_list("/svn", 5, EIO);  // conf, db, format, hooks, locks
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/svn"));
  EXPECT_THAT(paths(result.errors), ElementsAre("/svn"));
  EXPECT_FALSE(result.complete);
}

TEST(WalkerFaults, S4_ASignatureFileThatCannotBeReadIsAnErrorAndNotNothing) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.fail_open("/svn/db/current", EIO);
  add_hg(fs, "/hg");
  fs.fail_open("/hg/.hg", EACCES);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(paths(result.errors), ElementsAre("/hg/.hg", "/svn/db/current"));
  EXPECT_FALSE(result.complete);
}

TEST(WalkerFaults, S4_ARepositoryWhoseOwnerCannotBeReadIsAnError) {
  test::FakeFileSystem fs;
  add_svn(fs, "/svn");
  fs.fail_stat("/svn", EIO);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.repositories, IsEmpty());
  EXPECT_THAT(paths(result.errors), ElementsAre("/svn"));
}

TEST(WalkerFaults, S22_EntriesWithoutATypeAreAskedForIt) {
  test::FakeFileSystem fs;
  add_svn(fs, "/a/svn");
  add_hg(fs, "/a/hg");
  fs.add_file("/a/file", "x");
  fs.add_link("/a/link", "/a");
  fs.add_fifo("/a/fifo");
  for (const char* path : {"/a", "/a/svn", "/a/svn/format", "/a/svn/db", "/a/hg", "/a/hg/.hg",
                           "/a/file", "/a/link", "/a/fifo"}) {
    fs.hide_type(path);
  }
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.repositories), ElementsAre("/a/hg", "/a/svn"));
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_EQ(result.stats.vanished, 0U) << "files and links are not tried as directories";
  EXPECT_EQ(result.stats.directories, 4U);
}

TEST(WalkerFaults, S22_AnEntryWithoutATypeThatCannotBeAskedIsTriedAndReported) {
  test::FakeFileSystem fs;
  add_svn(fs, "/odd/svn");
  fs.hide_type("/odd");
  fs.fail_stat("/odd", EIO);
  EXPECT_THAT(paths(walk_fake(fs).repositories), ElementsAre("/odd/svn"));
  fs.fail_open("/odd", EIO);
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(paths(result.errors), ElementsAre("/odd"));
}

TEST(WalkerFaults, S22_AnEntryWithoutATypeThatVanishedIsNoError) {
  test::FakeFileSystem fs;
  fs.add_file("/gone");
  fs.hide_type("/gone");
  fs.vanish("/gone");
  const ScanResult result = walk_fake(fs);
  EXPECT_THAT(result.errors, IsEmpty());
  EXPECT_TRUE(result.complete);
}

TEST(WalkerFaults, EveryErrorIsKept) {
  test::FakeFileSystem fs;
  for (int i = 0; i < 1000; ++i) {
    fs.add_directory("/d" + std::to_string(i));
    fs.fail_open("/d" + std::to_string(i), EACCES);
  }
  EXPECT_EQ(walk_fake(fs, {.jobs = 8}).errors.size(), 1000U);
}

// --- stopping; the flag is never cleared, so in a child ---

TEST(WalkerStopTest, S18_AfterAStopNoDirectoryIsOpenedAndTheResultIsIncomplete) {
  test::in_child([] {
    test::FakeFileSystem fs;
    for (int i = 0; i < 1000; ++i) fs.add_directory("/d" + std::to_string(i) + "/e");
    fs.on_list("/d0", [] { request_stop(SIGTERM); });
    const ScanResult result = walk_fake(fs, {.jobs = 1});
    EXPECT_FALSE(result.complete);
    EXPECT_LT(result.stats.directories, 2001U);
    EXPECT_THAT(result.errors, IsEmpty());
    const std::uint64_t after = walk_fake(fs, {.jobs = 1}).stats.directories;
    EXPECT_LE(after, 1U) << "stopped before it began";
  });
}

TEST(WalkerStopTest, S18_SeveralThreadsStopToo) {
  test::in_child([] {
    test::FakeFileSystem fs;
    for (int i = 0; i < 5000; ++i) fs.add_directory("/d" + std::to_string(i) + "/e");
    fs.on_list("/", [] { request_stop(SIGINT); });
    const ScanResult result = walk_fake(fs, {.jobs = 8});
    EXPECT_FALSE(result.complete);
    EXPECT_EQ(result.stats.directories, 1U);
  });
}

}  // namespace
}  // namespace repo

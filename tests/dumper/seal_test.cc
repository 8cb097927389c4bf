// The last pass over a copy.
#include "dumper/seal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <sstream>

#include "base/digest.h"
#include "dumper/checksums.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(staging_);
    test::make_folder(copy_);
  }
  Result<Sealed> try_seal(const Patience& patience = test::patient()) {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    SealJob job;
    job.staging = staging.get();
    job.source = source.get();
    job.elsewhere = elsewhere_ ? &*elsewhere_ : nullptr;
    job.patience = patience;
    return seal(job);
  }
  Sealed must_seal() {
    Result<Sealed> sealed = try_seal();
    EXPECT_TRUE(sealed) << describe(sealed.error());
    if (!sealed) return {};
    EXPECT_EQ(sealed->checksums_sha256, sha256_hex(checksums()));
    EXPECT_EQ(sealed->owners_sha256, sha256_hex(owners()));
    return *sealed;
  }
  void expect_refused(const std::string& path) {
    const Result<Sealed> sealed = try_seal();
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().path, path) << describe(sealed.error());
  }
  std::string checksums() const { return test::read_file(staging_ + "/SHA256SUMS"); }
  std::string owners() const { return test::read_file(staging_ + "/owners"); }
  // "TYPE PATH" of each line of `owners`.
  std::vector<std::string> owned() const {
    std::vector<std::string> found;
    std::istringstream lines(owners());
    for (std::string line; std::getline(lines, line);) {
      found.push_back(line.substr(0, 2) + line.substr(line.find(" - ") + 3));
    }
    return found;
  }

  std::optional<Elsewhere> elsewhere_;
  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string copy_ = staging_ + "/data";
};

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
  // A folder at the source, a link in the copy.
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
  EXPECT_THAT(owned(), testing::ElementsAre("d .", "d d", "p d/fifo", "f d/file", "l link"));
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
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    const UniqueFd before = test::open_folder(before_);
    const UniqueFd data = test::open_folder(before_ + "/data");
    SealJob job;
    job.staging = staging.get();
    job.source = source.get();
    job.previous = before.get();
    job.previous_checksums_sha256 = sha256_hex(test::read_file(before_ + "/SHA256SUMS"));
    job.shared = {data.get(), [](const std::string& path) { return path.starts_with("shared/"); }};
    job.patience = test::patient();
    return seal(job);
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

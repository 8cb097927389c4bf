// One Subversion repository, night after night: each copy is what the source is, shares what it can
// with the one before, and leaves that as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/digest.h"
#include "tests/dumper/svn_nights_fixture.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::chrono::hours kDay{24};

TEST_F(SvnNightsTest, OnlyWhatIsNewIsWrittenAndRead) {
  create();
  test::svn_commit(path_, "large", std::string(300'000, 'x') + sha256_hex("x"));
  commit(3);
  const ItemResult first = night();
  EXPECT_TRUE(has_read_all());
  EXPECT_EQ(first.bytes_written, first.bytes);
  commit(2);
  const ItemResult second = night();
  EXPECT_FALSE(has_read_all());
  EXPECT_EQ(record()["copied_whole"].get<std::string>().substr(0, 10),
            rfc3339(utc_now()).substr(0, 10));
  for (const char* path : {"db/revs/0/0", "db/revs/0/1", "db/revs/0/4"}) {
    EXPECT_TRUE(is_shared(path, first)) << path;
  }
  EXPECT_FALSE(is_shared("db/current", first));
  EXPECT_FALSE(is_shared("hooks/post-commit.tmpl", first));
  EXPECT_LT(second.bytes_written, second.bytes);
  EXPECT_THAT(second.notes, IsEmpty());
}

TEST_F(SvnNightsTest, AHookDeletedAtTheSourceIsGoneAndWhatIsNewIsThere) {
  create();
  commit(2);
  test::write_file(path_ + "/hooks/post-commit", "#!/bin/sh\n");
  test::set_mode(path_ + "/hooks/post-commit", 0755);
  test::write_file(path_ + "/conf/extra/authz", "[/]\n");
  night();
  std::filesystem::remove(path_ + "/hooks/post-commit");
  std::filesystem::remove_all(path_ + "/conf/extra");
  test::write_file(path_ + "/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
  test::set_mode(path_ + "/hooks/pre-commit", 0755);
  night();
  EXPECT_FALSE(test::exists(data() + "/hooks/post-commit"));
  EXPECT_TRUE(test::exists(data() + "/hooks/pre-commit"));
}

TEST_F(SvnNightsTest, ARevisionPropertyOfTheSameSizeAndAnOlderTimeArrives) {
  create();
  commit(3);
  night();
  const std::string file = "/db/revprops/0/2";
  std::string text = test::read_file(path_ + file);
  const std::size_t at = text.find("a change");
  ASSERT_NE(at, std::string::npos);
  test::write_file(path_ + file, text.replace(at, 8, "A CHANGE"));
  test::set_mtime(path_ + file, 1'000'000'000, 1);
  night();
  EXPECT_THAT(test::must_run({"svnlook", "log", "-r", "2", data()}), HasSubstr("A CHANGE"));
  // And where size and time are just those of the copy.
  const struct stat st = test::lstat_of(data() + file);
  test::write_file(path_ + file, text.replace(at, 8, "B change"));
  test::set_mtime(path_ + file, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  night();
  EXPECT_THAT(test::must_run({"svnlook", "log", "-r", "2", data()}), HasSubstr("B change"));
}

TEST_F(SvnNightsTest, PackingBetweenTwoNights) {
  create({}, 4);
  commit(6);
  const ItemResult loose = night();
  test::svn_pack(path_);
  const ItemResult packed = night();
  EXPECT_TRUE(test::exists(data() + "/db/revs/0.pack/pack"));
  EXPECT_FALSE(test::exists(data() + "/db/revs/0"));
  EXPECT_TRUE(has_read_all()) << "the pack is new, and all old revisions are in it";
  EXPECT_TRUE(is_shared("db/revs/1/5", loose));
  commit(1);
  night();
  EXPECT_TRUE(is_shared("db/revs/0.pack/pack", packed));
  EXPECT_FALSE(has_read_all());
  commit(4);
  test::svn_pack(path_);
  night();
  EXPECT_TRUE(test::exists(data() + "/db/revs/1.pack/pack"));
}

TEST_F(SvnNightsTest, D32_AnotherUuidIsCopiedAndOlderCopiesAreKept) {
  create();
  commit(3);
  keep_ = 1;
  night();
  test::must_run({"svnadmin", "setuuid", path_, "bbbbbbbb-0000-4000-8000-000000000002"});
  const ItemResult other = night();
  EXPECT_THAT(other.notes, Contains(HasSubstr("uuid")));
  commit(1);
  night();
  EXPECT_EQ(test::names_in(test::older_of(*root_, item_)).size(), 2U);
  accepted_ = true;
  kept_.clear();
  commit(1);
  const ItemResult accepted = dump_later();
  EXPECT_THAT(accepted.notes, IsEmpty());
  EXPECT_THAT(test::names_in(test::older_of(*root_, item_)), IsEmpty());
  expect_equal_to_the_source();
}

TEST_F(SvnNightsTest, D32_ASourceThatWentBackIsCopiedAsItIsAndOlderCopiesAreKept) {
  create();
  commit(2);
  test::must_run({"cp", "-a", path_, tree_ / "then"});
  commit(3);
  keep_ = 1;
  night();
  std::filesystem::remove_all(path_);
  test::must_run({"cp", "-a", tree_ / "then", path_});
  const ItemResult back = night();
  EXPECT_EQ(test::svn_youngest(data()), 2);
  EXPECT_THAT(test::names_in(data() + "/db/revs/0"), ElementsAre("0", "1", "2"));
  EXPECT_THAT(back.notes, Contains(HasSubstr("from revision 5 to 2")));
  // It grows again, with other revisions of the same numbers.
  for (int i = 3; i <= 6; ++i) {
    test::svn_commit(path_, "other" + std::to_string(i), "other content\n");
  }
  const ItemResult grown = night();
  EXPECT_EQ(test::svn_youngest(data()), 6);
  EXPECT_THAT(grown.notes, Contains(HasSubstr("from revision 5 to 2"))) << "until it is accepted";
  EXPECT_EQ(test::names_in(test::older_of(*root_, item_)).size(), 2U);
}

TEST_F(SvnNightsTest, OtherRevisionsOfTheSameNumbersAreCopiedAndAllIsReadAgain) {
  create();
  commit(2);
  test::must_run({"cp", "-a", path_, tree_ / "then"});
  commit(3);
  const ItemResult before = night();
  std::filesystem::remove_all(path_);
  test::must_run({"cp", "-a", tree_ / "then", path_});
  for (int i = 3; i <= 6; ++i) {
    test::svn_commit(path_, "other" + std::to_string(i), "other content\n");
  }
  night();
  EXPECT_TRUE(has_read_all());
  EXPECT_TRUE(is_shared("db/revs/0/2", before));
  EXPECT_FALSE(is_shared("db/revs/0/3", before));
}

TEST_F(SvnNightsTest, AfterAWeekAllIsReadAndAfterAMonthAllIsCopied) {
  create();
  commit(3);
  const ItemResult first = night();
  commit(1);
  const ItemResult second = night(8 * kDay);
  EXPECT_TRUE(has_read_all());
  EXPECT_TRUE(is_shared("db/revs/0/1", first));
  commit(1);
  const ItemResult third = night(31 * kDay);
  EXPECT_TRUE(has_read_all());
  EXPECT_FALSE(is_shared("db/revs/0/1", second));
  EXPECT_EQ(third.bytes_written, third.bytes);
}

TEST_F(SvnNightsTest, RetentionOfAGenerationLeavesTheFilesThatOthersShare) {
  create();
  commit(2);
  keep_ = 2;
  for (int i = 0; i < 4; ++i) {
    const ItemResult result = dump_later();
    ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    expect_equal_to_the_source();
    commit(1);
  }
  EXPECT_EQ(test::names_in(test::older_of(*root_, item_)).size(), 1U);
  EXPECT_EQ(test::svn_complaint(older(test::names_in(test::older_of(*root_, item_))[0])), "");
}

TEST_F(SvnNightsTest, LocksAndTransactionsOfTheMoment) {
  create();
  commit(2);
  night();
  test::must_run({"svn", "lock", "-q", test::file_url(path_) + "/file1"});
  test::must_run({"python3", "-c",
                  "import os, sys\n"
                  "os.makedirs(sys.argv[1] + '/db/transactions/2-9.txn')\n"
                  "open(sys.argv[1] + '/db/transactions/2-9.txn/changes', 'w').write('x')\n"
                  "open(sys.argv[1] + '/db/txn-protorevs/2-9.rev', 'w').write('x')\n",
                  path_});
  night();
  EXPECT_THAT(test::must_run({"svnadmin", "lslocks", data()}), HasSubstr("Path: /file1"));
  EXPECT_THAT(test::names_in(data() + "/db/transactions"), IsEmpty());
  EXPECT_THAT(test::names_in(data() + "/db/txn-protorevs"), IsEmpty());
  test::must_run({"svnadmin", "rmlocks", path_, "/file1"});
  night();
  EXPECT_EQ(test::must_run({"svnadmin", "lslocks", data()}), "");
}

TEST_F(SvnNightsTest, WhatIsMissingAndNotNeededIsMissedByNobody) {
  create();
  commit(2);
  std::filesystem::remove_all(path_ + "/locks");
  std::filesystem::remove(path_ + "/db/fsfs.conf");
  std::filesystem::remove(path_ + "/db/rep-cache.db");
  std::filesystem::remove_all(path_ + "/hooks");
  night();
  commit(1);
  night();
}

struct VersionCase : test::NamedCase {
  std::vector<std::string> options;
  bool packs = false;
};

class SvnVersionNightsTest : public SvnNightsTest,
                             public testing::WithParamInterface<VersionCase> {};

TEST_P(SvnVersionNightsTest, EachNightIsEqualToTheSource) {
  create(GetParam().options, GetParam().packs ? 4 : 0);
  commit(3);
  night();
  test::write_file(tree_ / "log", "another text");
  test::must_run({"svnadmin", "setrevprop", path_, "-r", "2", "svn:log", tree_ / "log"});
  commit(6);
  if (GetParam().packs) test::svn_pack(path_);
  const ItemResult second = night();
  EXPECT_EQ(test::must_run({"svnlook", "log", "-r", "2", data()}), "another text\n");
  commit(1);
  night();
  EXPECT_FALSE(has_read_all());
  EXPECT_TRUE(is_shared(GetParam().packs ? "db/revs/0.pack/pack" : file_of(9), second));
  // A property of a revision that is packed by now.
  test::write_file(tree_ / "log", "Another text");
  test::must_run({"svnadmin", "setrevprop", path_, "-r", "2", "svn:log", tree_ / "log"});
  night();
  EXPECT_EQ(test::must_run({"svnlook", "log", "-r", "2", data()}), "Another text\n");
}

std::vector<VersionCase> versions() {
  std::vector<VersionCase> all;
  for (int minor = 1; minor <= 14; ++minor) {
    const std::string version = "1." + std::to_string(minor);
    const std::string name = "v1_" + std::to_string(minor);
    all.push_back({{name}, {"--compatible-version", version}, false});
    if (minor >= 6) all.push_back({{name + "_packed"}, {"--compatible-version", version}, true});
  }
  all.push_back({{"fsx"}, {"--fs-type", "fsx"}, false});
  all.push_back({{"fsx_packed"}, {"--fs-type", "fsx"}, true});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Versions, SvnVersionNightsTest, testing::ValuesIn(versions()),
                         test::case_name);

// FSX keeps revision properties beside the revisions.
TEST_F(SvnNightsTest, D10_ACurrentOfFsxThatLagsBehindLosesNothingInSilence) {
  create({"--fs-type", "fsx"});
  commit(5);
  test::write_file(path_ + "/db/current", "2\n");
  const ItemResult result = dump_later();
  EXPECT_EQ(result.status, ItemStatus::kFailed);
  EXPECT_THAT(describe(result.error.value_or(Error())), HasSubstr("holds 5"));
}

}  // namespace
}  // namespace repo

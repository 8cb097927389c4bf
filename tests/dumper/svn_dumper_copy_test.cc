// What is taken of a Subversion repository that is not quite well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "dumper/dumper.h"
#include "tests/dumper/svn_dumper_fixture.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(SvnDumperTest, ADamagedCacheIsLeftOutAndTheRestReadAgain) {
  CopyFacts facts = must_copy();
  rewrite(data_ + "/db/rep-cache.db", "garbage");
  verify_ends_ = ScriptedRunner::exits(1, "svnadmin: E200030: sqlite[S11]: malformed\n");
  meddle_in_verify_ = [this] {
    if (!test::exists(data_ + "/db/rep-cache.db")) verify_ends_ = ScriptedRunner::exits(0);
  };
  const Result<Verified> verified = verify(facts);
  ASSERT_TRUE(verified) << describe(verified.error());
  EXPECT_EQ(runner_.calls().size(), 2U);
  EXPECT_FALSE(test::exists(data_ + "/db/rep-cache.db"));
  EXPECT_THAT(facts.notes, ElementsAre(HasSubstr("rep-cache.db")));
}

TEST_F(SvnDumperTest, D10_WithoutACacheSuchAnErrorIsAFailure) {
  CopyFacts facts = must_copy();
  verify_ends_ = ScriptedRunner::exits(1, "svnadmin: E200030: sqlite[S11]: malformed\n");
  EXPECT_THAT(must_not_verify(facts).message, HasSubstr("E200030"));
  EXPECT_THAT(facts.notes, IsEmpty());
}

TEST_F(SvnDumperTest, D10_WhatIsWrongBesideTheCacheIsStillAFailure) {
  CopyFacts facts = must_copy();
  rewrite(data_ + "/db/rep-cache.db", "garbage");
  verify_ends_ = ScriptedRunner::exits(1, "svnadmin: E200030: sqlite[S11]: malformed\n");
  meddle_in_verify_ = [this] {
    if (test::exists(data_ + "/db/rep-cache.db")) return;
    verify_ends_ = ScriptedRunner::exits(1, "svnadmin: E160004: Corrupt filesystem\n");
  };
  EXPECT_THAT(must_not_verify(facts).message, HasSubstr("E160004"));
}

TEST_F(SvnDumperTest, D10_RevisionsThatCurrentDoesNotNameAreNotLostInSilence) {
  for (const char* revision : {"8", "9"}) rewrite(source_ + "/db/revs/0/" + revision, "x");
  EXPECT_THAT(describe(must_fail()), testing::AllOf(HasSubstr("db/current"), HasSubstr("holds 9")));
}

TEST_F(SvnDumperTest, ACommitInFlightHasWrittenItsRevisionAlready) {
  rewrite(source_ + "/db/revs/0/8", "x");
  rewrite(source_ + "/db/revprops/0/8", "x");
  must_copy();
  EXPECT_FALSE(test::exists(data_ + "/db/revs/0/8"));
  EXPECT_FALSE(test::exists(data_ + "/db/revprops/0/8"));
  EXPECT_TRUE(test::exists(data_ + "/db/revs/0/7"));
}

TEST_F(SvnDumperTest, D15_AGiantOfHolesIsRefused) {
  rewrite(source_ + "/conf/giant", "x");
  std::filesystem::resize_file(source_ + "/conf/giant", std::uintmax_t{1} << 40);
  EXPECT_THAT(describe(must_fail()), HasSubstr("holes"));
  EXPECT_FALSE(test::exists(data_ + "/conf/giant"));
}

struct OddCase : test::NamedCase {
  std::function<void(const std::string& source)> deed;
  const char* named;
};

class SvnOddDataTest : public SvnDumperTest, public testing::WithParamInterface<OddCase> {};

TEST_P(SvnOddDataTest, D19_IsNamedBeforeAnythingIsCopied) {
  GetParam().deed(source_);
  EXPECT_THAT(describe(must_fail()), HasSubstr(GetParam().named));
  if (test::exists(data_)) {
    EXPECT_THAT(test::names_in(data_), IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, SvnOddDataTest,
    testing::Values(
        OddCase{"link_among_the_revisions",
                [](const auto& source) { test::make_link(source + "/db/revs/0/8", "/etc/shadow"); },
                "db/revs/0/8"},
        OddCase{"folder_behind_a_link",
                [](const auto& source) { test::make_link(source + "/db/locks", "/etc"); },
                "db/locks"},
        OddCase{"fifo_among_the_data",
                [](const auto& source) { test::make_fifo(source + "/db/revs/0/8"); },
                "db/revs/0/8"},
        OddCase{"socket_among_the_data",
                [](const auto& source) { test::make_socket(source + "/db/revs/0/8"); },
                "db/revs/0/8"},
        OddCase{"cache_behind_a_link",
                [](const auto& source) { test::make_link(source + "/db/rep-cache.db", "/etc/x"); },
                "db/rep-cache.db"},
        OddCase{"fifo_in_place_of_current",
                [](const auto& source) {
                  std::filesystem::remove(source + "/db/current");
                  test::make_fifo(source + "/db/current");
                },
                "db/current"},
        OddCase{"berkeley_db_with_a_log_behind_a_link",
                [](const auto& source) {
                  rewrite(source + "/db/fs-type", "bdb\n");
                  test::make_link(source + "/db/log.0000000001", "/etc/x");
                },
                "db/log.0000000001"}),
    test::case_name);

TEST_F(SvnDumperTest, WhatIsNestedIsLeftOutOfTheCopyAndOfTheLook) {
  test::make_svn_skeleton(source_ + "/conf/in");
  test::make_hg_skeleton(source_ + "/x");
  nested_ = {"conf/in", "x/.hg"};
  must_copy();
  EXPECT_FALSE(test::exists(data_ + "/conf/in"));
  EXPECT_FALSE(test::exists(data_ + "/x/.hg"));
  EXPECT_TRUE(test::exists(data_ + "/x"));
  EXPECT_TRUE(test::exists(data_ + "/conf/passwd"));
  std::vector<std::string> seen;
  ASSERT_TRUE(dumper_->look(job(), [&](const TreeEntry& entry) { seen.push_back(entry.path); }));
  EXPECT_THAT(seen, Contains("x"));
  EXPECT_THAT(seen, Not(Contains("x/.hg")));
  EXPECT_THAT(seen, Not(Contains("conf/in")));
}

TEST_F(SvnDumperTest, D19_WhatIsNestedIsLeftOutWithoutFollowingLinks) {
  test::write_file(tree_ / "elsewhere/in/file", "stays");
  nested_ = {"conf/in", "away/in"};
  test::make_link(source_ + "/conf/in", tree_ / "elsewhere/in");
  test::make_link(source_ + "/away", tree_ / "elsewhere");
  must_copy();
  EXPECT_EQ(test::read_file(tree_ / "elsewhere/in/file"), "stays");
  EXPECT_FALSE(test::exists(data_ + "/conf/in"));
  EXPECT_EQ(test::contents(data_).at("away"), "-> " + (tree_ / "elsewhere"));
}

}  // namespace
}  // namespace repo

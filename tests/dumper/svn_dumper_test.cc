// The svn dumper without svn: a source made by hand, and a tool of the test's own that reads the
// copy. What happens in the middle of a copy is in svn_copy_test.cc.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file_io.h"
#include "dumper/dumper.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using test::ScriptedRunner;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint32_t kUid = 1'900'000'005;

void rewrite(const std::string& path, const std::string& bytes) { test::write_file(path, bytes); }

class SvnDumperTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(source_);
    test::make_folder(staging_);
    runner_.on("verify", [this](const Command&) {
      meddle_in_verify_();
      return verify_ends_;
    });
  }
  DumpJob job() {
    source_fd_ = test::open_folder(source_);
    staging_fd_ = test::open_folder(staging_);
    return {test::source_at("svn", source_),
            source_fd_.get(),
            staging_fd_.get(),
            kUid,
            nested_,
            test::patient(),
            {previous_fd_.get(),
             [this](const std::string& path) { return dumper_->is_immutable(path); }},
            verified_};
  }
  // The copy that was just made is the generation before, and the tool has read it.
  void copy_is_the_previous_one(const Detail& verified) {
    test::must_run({"cp", "-a", data_, previous_});
    previous_fd_ = test::open_folder(previous_);
    verified_ = verified;
  }
  Result<CopyFacts> copy() { return dumper_->copy(job(), runner_); }
  CopyFacts must_copy() {
    Result<CopyFacts> facts = copy();
    EXPECT_TRUE(facts) << describe(facts.error());
    return facts ? *std::move(facts) : CopyFacts();
  }
  Error must_fail() {
    const Result<CopyFacts> facts = copy();
    EXPECT_FALSE(facts);
    return facts ? Error() : facts.error();
  }
  Result<Verified> verify(CopyFacts& facts) { return dumper_->verify(job(), facts, runner_); }
  Error must_not_verify(CopyFacts& facts) {
    const Result<Verified> verified = verify(facts);
    EXPECT_FALSE(verified);
    return verified ? Error() : verified.error();
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string data_ = staging_ + "/data";
  const std::string previous_ = tree_ / "previous";
  UniqueFd previous_fd_;
  UniqueFd source_fd_;
  UniqueFd staging_fd_;
  std::vector<std::string> nested_;
  std::optional<Detail> verified_;
  ScriptedRunner runner_;
  std::function<void()> meddle_in_verify_ = [] {};
  CommandResult verify_ends_ = ScriptedRunner::exits(0);
  const std::unique_ptr<Dumper> dumper_ = make_svn_dumper();
};

TEST_F(SvnDumperTest, CopyingStartsNoToolAndTakesEverything) {
  test::write_file(source_ + "/conf/\xff\n", "names that are no text");
  test::write_file(source_ + "/db/locks/abc/def", "a lock");
  test::write_file(source_ + "/notes/of/the/admin", "kept");
  test::make_link(source_ + "/conf/link", "/etc/shadow");
  must_copy();
  EXPECT_THAT(runner_.calls(), IsEmpty());
  EXPECT_EQ(test::contents_and_x(data_), test::contents_and_x(source_));
}

TEST_F(SvnDumperTest, TheSourceIsNotTouched) {
  const std::string before = test::snapshot(source_);
  must_copy();
  EXPECT_EQ(test::snapshot(source_), before);
}

TEST_F(SvnDumperTest, VerifySeesTheCopyAloneReadOnlyAndMayReadAnyFileOfIt) {
  CopyFacts facts = must_copy();
  const Result<Verified> verified = verify(facts);
  ASSERT_TRUE(verified) << describe(verified.error());
  EXPECT_EQ(*verified, Verified::kWhole);
  ASSERT_EQ(runner_.calls().size(), 1U);
  const Command command = runner_.calls()[0];
  EXPECT_THAT(command.argv, ElementsAre("svnadmin", "verify", "-q", "/staging"));
  ASSERT_EQ(command.binds.size(), 1U);
  EXPECT_EQ(command.binds[0].at, "/staging");
  EXPECT_FALSE(command.binds[0].writable);
  EXPECT_TRUE(command.reads_any_file);
  EXPECT_EQ(command.uid, kUid);
}

struct RangeCase : test::NamedCase {
  Detail verified;
  std::string range;
};

class SvnVerifyRangeTest : public SvnDumperTest, public testing::WithParamInterface<RangeCase> {};

TEST_P(SvnVerifyRangeTest, OnlyWhatIsNewIsRead) {
  CopyFacts facts = must_copy();
  copy_is_the_previous_one(GetParam().verified);
  const Result<Verified> verified = verify(facts);
  ASSERT_TRUE(verified) << describe(verified.error());
  EXPECT_EQ(*verified, Verified::kNewPart);
  EXPECT_THAT(runner_.calls().back().argv,
              ElementsAre("svnadmin", "verify", "-q", "-r", GetParam().range, "/staging"));
}

INSTANTIATE_TEST_SUITE_P(
    Ranges, SvnVerifyRangeTest,
    testing::Values(RangeCase{"two_new", {{"revision", std::uint64_t{5}}}, "6:7"},
                    RangeCase{"one_new", {{"revision", std::uint64_t{6}}}, "7:7"},
                    RangeCase{"none_new", {{"revision", std::uint64_t{7}}}, "7:7"},
                    RangeCase{"gone_back", {{"revision", std::uint64_t{9}}}, "7:7"}),
    test::case_name);

// What was verified then is not what is here now.
struct DoubtCase : test::NamedCase {
  std::function<void(const std::string& source)> deed;
};

class SvnDoubtTest : public SvnDumperTest, public testing::WithParamInterface<DoubtCase> {};

TEST_P(SvnDoubtTest, D10_AllIsReadAgain) {
  rewrite(source_ + "/db/revs/0/5", "revision 5");
  rewrite(source_ + "/db/revs/0/6", "revision 6");
  must_copy();
  copy_is_the_previous_one({{"revision", std::uint64_t{7}}});
  std::filesystem::remove_all(data_);
  GetParam().deed(source_ + "/db/revs/0");
  CopyFacts facts = must_copy();
  const Result<Verified> verified = verify(facts);
  ASSERT_TRUE(verified) << describe(verified.error());
  EXPECT_EQ(*verified, Verified::kWhole);
  EXPECT_THAT(runner_.calls().back().argv, ElementsAre("svnadmin", "verify", "-q", "/staging"));
}

INSTANTIATE_TEST_SUITE_P(
    Doubts, SvnDoubtTest,
    testing::Values(DoubtCase{"an_old_revision_was_written",
                              [](const auto& shard) { rewrite(shard + "/5", "REVISION 5"); }},
                    DoubtCase{"an_old_revision_has_another_size",
                              [](const auto& shard) {
                                const struct stat st = test::lstat_of(shard + "/5");
                                rewrite(shard + "/5", "x");
                                test::set_mtime(shard + "/5", st.st_mtim.tv_sec,
                                                st.st_mtim.tv_nsec);
                              }},
                    DoubtCase{"an_old_revision_is_gone",
                              [](const auto& shard) { std::filesystem::remove(shard + "/6"); }},
                    DoubtCase{"an_old_revision_is_a_folder",
                              [](const auto& shard) {
                                std::filesystem::remove(shard + "/6");
                                test::make_folder(shard + "/6");
                              }}),
    test::case_name);

TEST_F(SvnDumperTest, D10_WithoutThePreviousCopyAllIsRead) {
  CopyFacts facts = must_copy();
  verified_ = Detail{{"revision", std::uint64_t{7}}};
  const Result<Verified> verified = verify(facts);
  ASSERT_TRUE(verified) << describe(verified.error());
  EXPECT_EQ(*verified, Verified::kWhole);
}

TEST_F(SvnDumperTest, TheFactsAreThoseOfTheCopy) {
  test::set_mtime(source_ + "/conf/passwd", 1'000'000'000, 42);
  const CopyFacts facts = must_copy();
  EXPECT_EQ(*find_detail(facts.fingerprint, "revision"), DetailValue(std::uint64_t{7}));
  EXPECT_EQ(*find_detail(facts.fingerprint, "uuid"),
            DetailValue("aaaaaaaa-0000-4000-8000-000000000001"));
  EXPECT_EQ(test::lstat_of(data_ + "/conf/passwd").st_mtim.tv_nsec, 42);
  EXPECT_FALSE(facts.lock_seconds);
  EXPECT_FALSE(facts.elsewhere);
  EXPECT_THAT(facts.notes, IsEmpty());
}

struct StateCase : test::NamedCase {
  std::string path;
};

class SvnStateTest : public SvnDumperTest, public testing::WithParamInterface<StateCase> {};

TEST_P(SvnStateTest, D10_IsPartOfTheFingerprint) {
  const CopyFacts before = must_copy();
  std::filesystem::remove_all(data_);
  rewrite(source_ + "/" + GetParam().path, "changed");
  EXPECT_NE(must_copy().fingerprint, before.fingerprint);
}

INSTANTIATE_TEST_SUITE_P(Parts, SvnStateTest,
                         testing::Values(StateCase{"revision_property", "db/revprops/0/3"},
                                         StateCase{"lock", "db/locks/abc/def"},
                                         StateCase{"hook", "hooks/post-commit"},
                                         StateCase{"configuration", "conf/passwd"},
                                         StateCase{"fsfs_conf", "db/fsfs.conf"},
                                         StateCase{"beside", "notes"}),
                         test::case_name);

TEST_F(SvnDumperTest, D27_WhileTheToolRunsEverythingIsThisUsersAndPrivate) {
  REPO_NEEDS_ROOT();
  test::must_run({"chown", "-R", "1234:1234", source_});
  CopyFacts facts = must_copy();
  meddle_in_verify_ = [this] {
    EXPECT_EQ(test::lstat_of(staging_).st_uid, 0U);
    for (const auto& each : std::filesystem::recursive_directory_iterator(data_)) {
      const struct stat st = test::lstat_of(each.path());
      EXPECT_EQ(st.st_uid, 0U) << each.path();
      EXPECT_EQ(st.st_mode & 077, 0U) << each.path();
    }
  };
  ASSERT_TRUE(verify(facts));
  EXPECT_EQ(test::lstat_of(data_ + "/conf/passwd").st_mode & 07777, 0600U);
  EXPECT_EQ(test::lstat_of(data_ + "/hooks/post-commit").st_mode & 07777, 0700U);
  EXPECT_EQ(test::lstat_of(data_ + "/hooks").st_mode & 07777, 0700U);
}

TEST_F(SvnDumperTest, D10_AFailureIsToldWithTheToolsLastWords) {
  CopyFacts facts = must_copy();
  verify_ends_ = ScriptedRunner::exits(1, "svnadmin: E160004: Corrupt filesystem\n");
  const Error error = must_not_verify(facts);
  EXPECT_THAT(error.message, HasSubstr("E160004: Corrupt filesystem"));
  EXPECT_THAT(error.op, HasSubstr("svnadmin verify"));
  EXPECT_NE(error.code, EBUSY);
  EXPECT_THAT(facts.notes, IsEmpty());
}

TEST_F(SvnDumperTest, D11_AToolThatWasEndedByUsIsNotTriedAgain) {
  CopyFacts facts = must_copy();
  verify_ends_ = ScriptedRunner::ends(CommandResult::End::kStalled);
  EXPECT_NE(must_not_verify(facts).code, EBUSY);
  verify_ends_ = ScriptedRunner::ends(CommandResult::End::kStopped);
  EXPECT_EQ(must_not_verify(facts).message, "stopped");
}

// "Exit status 0", and the copy is not what the source was.
struct LieCase : test::NamedCase {
  std::function<void(const std::string& data)> deed;
};

class SvnToolLiesTest : public SvnDumperTest, public testing::WithParamInterface<LieCase> {};

TEST_P(SvnToolLiesTest, D10_ItIsNotBelieved) {
  CopyFacts facts = must_copy();
  meddle_in_verify_ = [this] { GetParam().deed(data_); };
  must_not_verify(facts);
  EXPECT_EQ(runner_.calls().size(), 1U) << "the tool had its say";
}

INSTANTIATE_TEST_SUITE_P(
    Lies, SvnToolLiesTest,
    testing::Values(
        LieCase{"empty",
                [](const auto& data) {
                  test::must_run({"find", data, "-mindepth", "1", "-delete"});
                }},
        LieCase{"no_format", [](const auto& data) { std::filesystem::remove(data + "/format"); }},
        LieCase{"another_uuid", [](const auto& data) { rewrite(data + "/db/uuid", "other\n"); }},
        LieCase{"older_than_the_source",
                [](const auto& data) { rewrite(data + "/db/current", "6\n"); }},
        LieCase{"younger_than_the_source",
                [](const auto& data) { rewrite(data + "/db/current", "8\n"); }},
        LieCase{"no_revision", [](const auto& data) { rewrite(data + "/db/current", ""); }},
        LieCase{"another_hook",
                [](const auto& data) { rewrite(data + "/hooks/post-commit", "#!/bin/sj\n"); }},
        LieCase{"no_configuration",
                [](const auto& data) { std::filesystem::remove(data + "/conf/passwd"); }},
        LieCase{"a_lock_more", [](const auto& data) { rewrite(data + "/db/locks/a/b", "x"); }}),
    test::case_name);

// The tool names what cannot be read of SQLite; nothing of the history is in there.
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

TEST_F(SvnDumperTest, TheVersionIsTheToolsFirstLine) {
  runner_.on("--version",
             [](const Command&) { return ScriptedRunner::exits(0, "", "1.14.2\nmore\n"); });
  const Result<std::string> version = dumper_->tool_version(runner_, test::patient());
  ASSERT_TRUE(version) << describe(version.error());
  EXPECT_EQ(*version, "1.14.2");
}

TEST_F(SvnDumperTest, D39_AToolThatCannotBeStartedIsAnError) {
  const ScriptedRunner nobody;
  EXPECT_FALSE(dumper_->tool_version(nobody, test::patient()));
  CopyFacts facts = must_copy();
  EXPECT_FALSE(dumper_->verify(job(), facts, nobody));
}

struct AlarmCase : test::NamedCase {
  Detail before;
  Detail now;
  std::string word;  // empty: no alarm
};

class SvnAlarmTest : public SvnDumperTest, public testing::WithParamInterface<AlarmCase> {};

TEST_P(SvnAlarmTest, D32_AnotherRepositoryOrAnOlderOneIsTold) {
  const std::optional<std::string> alarm = dumper_->alarm(GetParam().before, GetParam().now);
  EXPECT_EQ(alarm.has_value(), !GetParam().word.empty()) << alarm.value_or("");
  EXPECT_THAT(alarm.value_or(""), HasSubstr(GetParam().word));
}

Detail said(const std::string& uuid, std::uint64_t revision) {
  return {{"uuid", uuid}, {"revision", revision}};
}

INSTANTIATE_TEST_SUITE_P(Changes, SvnAlarmTest,
                         testing::Values(AlarmCase{"same", said("a", 7), said("a", 7), ""},
                                         AlarmCase{"grew", said("a", 7), said("a", 8), ""},
                                         AlarmCase{"another", said("a", 7), said("b", 8), "uuid"},
                                         AlarmCase{"went_back", said("a", 7), said("a", 6),
                                                   "from revision 7 to 6"},
                                         AlarmCase{"nothing_known_before", {}, said("a", 1), ""}),
                         test::case_name);

}  // namespace
}  // namespace repo

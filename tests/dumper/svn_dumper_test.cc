// The svn dumper without svn: a source made by hand, and a tool of the test's own that reads the
// copy. What happens in the middle of a copy is in svn_copy_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "dumper/dumper.h"
#include "tests/dumper/svn_dumper_fixture.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

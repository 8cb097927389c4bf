// The svn dumper with a tool of the test's own: what it is given, and what it is not trusted with.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t kUid = 1'900'000'005;

void rewrite(const std::string& path, const std::string& bytes) { test::write_file(path, bytes); }

class SvnDumperTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(source_);
    test::make_folder(staging_);
    // What a good hotcopy does, and then what the test adds.
    runner_.on("hotcopy", [this](const Command&) {
      EXPECT_THAT(test::names_in(data_), IsEmpty());
      std::filesystem::copy(
          source_, data_,
          std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
      meddle_();
      return hotcopy_ends_;
    });
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
            test::patient()};
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
  Status verify(const CopyFacts& facts) { return dumper_->verify(job(), facts, runner_); }

  static bool has_line(const CopyFacts& facts, const std::string& path) {
    return std::any_of(facts.owners.begin(), facts.owners.end(),
                       [&](const OwnersLine& line) { return line.path == path; });
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string data_ = staging_ + "/data";
  UniqueFd source_fd_;
  UniqueFd staging_fd_;
  std::vector<std::string> nested_;
  ScriptedRunner runner_;
  std::function<void()> meddle_ = [] {};
  std::function<void()> meddle_in_verify_ = [] {};
  CommandResult hotcopy_ends_ = ScriptedRunner::exits(0);
  CommandResult verify_ends_ = ScriptedRunner::exits(0);
  const std::unique_ptr<Dumper> dumper_ = make_svn_dumper();
};

TEST_F(SvnDumperTest, HotcopySeesTheSourceReadOnlyAndMayReadAnyFileOfIt) {
  must_copy();
  ASSERT_EQ(runner_.calls().size(), 1U);
  const Command command = runner_.calls()[0];
  EXPECT_THAT(command.argv, ElementsAre("svnadmin", "hotcopy", "-q", "/source", "/staging"));
  ASSERT_EQ(command.binds.size(), 2U);
  EXPECT_EQ(command.binds[0].at, "/source");
  EXPECT_FALSE(command.binds[0].writable);
  EXPECT_EQ(command.binds[1].at, "/staging");
  EXPECT_TRUE(command.binds[1].writable);
  EXPECT_TRUE(command.reads_any_file);
  EXPECT_EQ(command.uid, kUid);
  EXPECT_LT(command.max_file_size, std::uint64_t{100} << 20);
}

TEST_F(SvnDumperTest, VerifySeesTheCopyAloneReadOnlyAndHasNoCapability) {
  const CopyFacts facts = must_copy();
  ASSERT_TRUE(verify(facts));
  const Command command = runner_.calls()[1];
  EXPECT_THAT(command.argv, ElementsAre("svnadmin", "verify", "-q", "/staging"));
  ASSERT_EQ(command.binds.size(), 1U);
  EXPECT_FALSE(command.binds[0].writable);
  EXPECT_FALSE(command.reads_any_file);
  EXPECT_EQ(command.uid, kUid);
}

TEST_F(SvnDumperTest, TheFactsAreThoseOfTheCopyAndTheLookIsThatOfTheSource) {
  test::set_mtime(source_ + "/conf/passwd", 1'000'000'000, 42);
  const CopyFacts facts = must_copy();
  EXPECT_EQ(*find_detail(facts.fingerprint, "revision"), DetailValue(std::uint64_t{7}));
  EXPECT_EQ(*find_detail(facts.fingerprint, "uuid"),
            DetailValue("aaaaaaaa-0000-4000-8000-000000000001"));
  ASSERT_NE(facts.source_look.find("conf/passwd"), nullptr);
  EXPECT_EQ(facts.source_look.find("conf/passwd")->st.st_mtim.tv_nsec, 42);
  EXPECT_TRUE(has_line(facts, "hooks/post-commit"));
  EXPECT_FALSE(facts.lock_seconds);
}

TEST_F(SvnDumperTest, TheToolsUserOwnsDataWhileItRunsAndNeverStaging) {
  REPO_NEEDS_ROOT();
  meddle_ = [this] {
    EXPECT_EQ(test::lstat_of(data_).st_uid, kUid);
    EXPECT_EQ(test::lstat_of(staging_).st_uid, 0U);
    for (const auto& each : std::filesystem::recursive_directory_iterator(data_)) {
      test::give_to(each.path(), kUid);
    }
    test::make_link(data_ + "/link", "/etc/shadow");
  };
  must_copy();
  EXPECT_EQ(test::lstat_of(data_).st_uid, 0U);
  for (const auto& each : std::filesystem::recursive_directory_iterator(data_)) {
    const struct stat st = test::lstat_of(each.path());
    EXPECT_EQ(st.st_uid, 0U) << each.path();
    EXPECT_EQ(st.st_gid, kUid) << each.path();
  }
  EXPECT_EQ(test::lstat_of(data_ + "/conf/passwd").st_mode & 07777, 0640U);
  EXPECT_EQ(test::lstat_of(data_ + "/hooks/post-commit").st_mode & 07777, 0740U);
  EXPECT_EQ(test::lstat_of(data_ + "/hooks").st_mode & 07777, 0750U);
}

TEST_F(SvnDumperTest, D10_AFailureIsToldWithTheToolsLastWords) {
  hotcopy_ends_ = ScriptedRunner::exits(1, "svnadmin: E160004: Corrupt filesystem\n");
  const Error error = must_fail();
  EXPECT_THAT(error.message, HasSubstr("E160004: Corrupt filesystem"));
  EXPECT_NE(error.code, EBUSY);
}

struct BusyCase : test::NamedCase {
  std::string err;
};

class SvnBusyTest : public SvnDumperTest, public testing::WithParamInterface<BusyCase> {};

TEST_P(SvnBusyTest, D23_IsTriedAgain) {
  hotcopy_ends_ = ScriptedRunner::exits(1, GetParam().err);
  EXPECT_EQ(must_fail().code, EBUSY);
}

INSTANTIATE_TEST_SUITE_P(
    Causes, SvnBusyTest,
    testing::Values(BusyCase{"packed_under_it", "svnadmin: E000002: Can't open file 'db/revs/9'\n"},
                    BusyCase{"a_commit_larger_than_all_before",
                             "svnadmin: E000027: File too large\n"}),
    test::case_name);

TEST_F(SvnDumperTest, D11_AToolThatWasEndedByUsIsNotTriedAgain) {
  hotcopy_ends_ = ScriptedRunner::ends(CommandResult::End::kStalled);
  EXPECT_NE(must_fail().code, EBUSY);
  test::must_run({"rm", "-rf", data_});
  hotcopy_ends_ = ScriptedRunner::ends(CommandResult::End::kStopped);
  EXPECT_EQ(must_fail().message, "stopped");
}

// "Exit status 0", and the copy is not what it should be.
struct LieCase : test::NamedCase {
  std::function<void(const std::string& data)> deed;
  int code = 0;
};

class SvnToolLiesTest : public SvnDumperTest, public testing::WithParamInterface<LieCase> {};

TEST_P(SvnToolLiesTest, D10_ItIsNotBelieved) {
  meddle_ = [this] { GetParam().deed(data_); };
  const Error error = must_fail();
  if (GetParam().code != 0) {
    EXPECT_EQ(error.code, GetParam().code) << describe(error);
  }
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
                [](const auto& data) { rewrite(data + "/db/current", "6\n"); }, EBUSY},
        LieCase{"younger_than_the_source",
                [](const auto& data) { rewrite(data + "/db/current", "8\n"); }, EBUSY},
        LieCase{"no_revision", [](const auto& data) { rewrite(data + "/db/current", ""); }},
        LieCase{"a_fifo", [](const auto& data) { test::make_fifo(data + "/hooks/fifo"); }},
        LieCase{"a_socket", [](const auto& data) { test::make_socket(data + "/s"); }},
        LieCase{"a_second_name",
                [](const auto& data) {
                  std::filesystem::create_hard_link(data + "/README.txt", data + "/again");
                }}),
    test::case_name);

TEST_F(SvnDumperTest, ACopyBetweenTheRevisionsBeforeAndAfterIsGood) {
  meddle_ = [this] {
    rewrite(data_ + "/db/current", "8\n");
    rewrite(source_ + "/db/current", "9\n");
  };
  EXPECT_EQ(*find_detail(must_copy().fingerprint, "revision"), DetailValue(std::uint64_t{8}));
}

TEST_F(SvnDumperTest, D10_RevisionsThatCurrentDoesNotNameAreNotLostInSilence) {
  for (const char* revision : {"8", "9"}) rewrite(source_ + "/db/revs/0/" + revision, "x");
  EXPECT_THAT(describe(must_fail()), testing::AllOf(HasSubstr("db/current"), HasSubstr("holds 9")));
}

TEST_F(SvnDumperTest, ACommitInFlightHasWrittenItsRevisionAlready) {
  rewrite(source_ + "/db/revs/0/8", "x");
  must_copy();
}

TEST_F(SvnDumperTest, D15_AGiantOfHolesIsRefusedBeforeAnyToolIsStarted) {
  rewrite(source_ + "/conf/giant", "x");
  std::filesystem::resize_file(source_ + "/conf/giant", std::uintmax_t{1} << 40);
  EXPECT_THAT(describe(must_fail()), HasSubstr("holes"));
  EXPECT_THAT(runner_.calls(), IsEmpty());
}

TEST_F(SvnDumperTest, D25_ASourceThatBecameAnotherRepositoryMeanwhileIsNotMixed) {
  meddle_ = [this] { rewrite(source_ + "/db/uuid", "other\n"); };
  EXPECT_THAT(must_fail().message, HasSubstr("uuid"));
}

TEST_F(SvnDumperTest, D24_ASourceThatIsEmptiedMeanwhileIsAFailure) {
  meddle_ = [this] {
    std::filesystem::remove_all(source_ + "/db");
    std::filesystem::remove(source_ + "/format");
  };
  must_fail();
}

TEST_F(SvnDumperTest, D10_VerifyThatFailsIsToldWithItsLastWords) {
  const CopyFacts facts = must_copy();
  verify_ends_ = ScriptedRunner::exits(1, "svnadmin: E160006: No such revision 7\n");
  const Status verified = verify(facts);
  ASSERT_FALSE(verified);
  EXPECT_THAT(verified.error().message, HasSubstr("E160006"));
}

TEST_F(SvnDumperTest, D10_ACopyThatChangedSinceIsNotVerified) {
  const CopyFacts facts = must_copy();
  meddle_in_verify_ = [this] { rewrite(data_ + "/db/current", "6\n"); };
  EXPECT_FALSE(verify(facts));
}

struct OddCase : test::NamedCase {
  std::function<void(const std::string& source)> deed;
  const char* named;
};

class SvnOddDataTest : public SvnDumperTest, public testing::WithParamInterface<OddCase> {};

TEST_P(SvnOddDataTest, D19_IsNamedBeforeAnyToolIsStarted) {
  GetParam().deed(source_);
  EXPECT_THAT(describe(must_fail()), HasSubstr(GetParam().named));
  EXPECT_THAT(runner_.calls(), IsEmpty());
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
        OddCase{"fifo_in_place_of_current",
                [](const auto& source) {
                  std::filesystem::remove(source + "/db/current");
                  test::make_fifo(source + "/db/current");
                },
                "db/current"},
        OddCase{"berkeley_db", [](const auto& source) { rewrite(source + "/db/fs-type", "bdb\n"); },
                "Berkeley DB"}),
    test::case_name);

TEST_F(SvnDumperTest, WhatIsNestedIsTakenOutOfTheCopyAndIsInNoRecord) {
  test::make_svn_skeleton(source_ + "/conf/in");
  test::make_hg_skeleton(source_ + "/x");
  nested_ = {"conf/in", "x/.hg"};
  const CopyFacts facts = must_copy();
  EXPECT_FALSE(test::exists(data_ + "/conf/in"));
  EXPECT_FALSE(test::exists(data_ + "/x/.hg"));
  EXPECT_TRUE(test::exists(data_ + "/x"));
  EXPECT_TRUE(test::exists(data_ + "/conf/passwd"));
  EXPECT_FALSE(has_line(facts, "conf/in"));
  EXPECT_EQ(facts.source_look.find("x/.hg"), nullptr);
}

TEST_F(SvnDumperTest, D19_WhatIsNestedIsTakenOutWithoutFollowingLinks) {
  test::write_file(tree_ / "elsewhere/in/file", "stays");
  nested_ = {"conf/in", "away/in"};
  meddle_ = [this] {
    test::make_link(data_ + "/conf/in", tree_ / "elsewhere/in");
    test::make_link(data_ + "/away", tree_ / "elsewhere");
  };
  must_copy();
  EXPECT_EQ(test::read_file(tree_ / "elsewhere/in/file"), "stays");
  EXPECT_FALSE(test::exists(data_ + "/conf/in"));
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
  EXPECT_FALSE(dumper_->copy(job(), nobody));
}

}  // namespace
}  // namespace repo

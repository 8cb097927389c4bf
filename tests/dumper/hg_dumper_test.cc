// `hg verify` with a tool of the test's own: it may make files in the copy and change nothing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

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
using testing::HasSubstr;

constexpr std::uint32_t kUid = 1'900'000'005;

class HgDumperTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_hg_skeleton(source_);
    test::make_folder(staging_);
    runner_.on("verify", [this](const Command&) {
      during_();
      return verify_ends_;
    });
  }
  DumpJob job() {
    source_fd_ = test::open_folder(source_);
    staging_fd_ = test::open_folder(staging_);
    return {test::source_at("hg", source_),
            source_fd_.get(),
            staging_fd_.get(),
            kUid,
            {},
            test::patient(),
            {},
            std::nullopt};
  }
  void copy() {
    Result<CopyFacts> facts = dumper_->copy(job(), runner_);
    ASSERT_TRUE(facts) << describe(facts.error());
    facts_ = *std::move(facts);
  }
  Result<Verified> verify() {
    if (facts_.fingerprint.empty()) copy();
    return dumper_->verify(job(), facts_, runner_);
  }
  void must_verify() {
    const Result<Verified> verified = verify();
    ASSERT_TRUE(verified) << describe(verified.error());
    EXPECT_EQ(*verified, Verified::kWhole);
  }
  std::vector<std::string> argv_of_verify() {
    must_verify();
    return runner_.calls().empty() ? std::vector<std::string>() : runner_.calls().back().argv;
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string data_ = staging_ + "/data";
  UniqueFd source_fd_;
  UniqueFd staging_fd_;
  CopyFacts facts_;
  ScriptedRunner runner_;
  std::function<void()> during_ = [] {};
  CommandResult verify_ends_ = ScriptedRunner::exits(0);
  const std::unique_ptr<Dumper> dumper_ = make_hg_dumper();
};

TEST_F(HgDumperTest, CopyingStartsNoTool) {
  copy();
  EXPECT_TRUE(runner_.calls().empty());
  EXPECT_EQ(test::contents(data_ + "/.hg"), test::contents(source_ + "/.hg"));
}

TEST_F(HgDumperTest, D22_WhatVerifyMayWriteIsBounded) {
  must_verify();
  EXPECT_LT(runner_.calls().back().max_file_size, std::uint64_t{100} << 20);
}

TEST_F(HgDumperTest, D22_VerifyReadsNobodysConfigurationAndSeesTheCopyAlone) {
  must_verify();
  const Command command = runner_.calls().back();
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(command.environment, Contains(Pair("HGRCPATH", "")));
  EXPECT_THAT(command.environment, Contains(Pair("HGRCSKIPREPO", "1")));
  EXPECT_THAT(command.environment, Contains(Pair("HGPLAIN", "1")));
  ASSERT_EQ(command.binds.size(), 1U);
  EXPECT_EQ(command.binds[0].at, "/staging");
  EXPECT_TRUE(command.reads_any_file);
  EXPECT_EQ(command.uid, kUid);
  EXPECT_THAT(command.argv, Contains("storage.dirstate-v2.slow-path=allow"));
  EXPECT_THAT(command.argv, testing::Not(Contains("extensions.largefiles=")));
}

TEST_F(HgDumperTest, TheExtensionsThatItsRequirementsNameAreEnabledAndNoOthers) {
  test::write_file(source_ + "/.hg/requires", "share-safe\nlargefiles\nexp-evil\n");
  test::write_file(source_ + "/.hg/store/requires", "store\nlfs\n");
  const std::vector<std::string> argv = argv_of_verify();
  EXPECT_THAT(argv, Contains("extensions.largefiles="));
  EXPECT_THAT(argv, Contains("extensions.lfs="));
  EXPECT_THAT(argv, testing::Not(Contains(HasSubstr("evil"))));
}

TEST_F(HgDumperTest, OnlyAsARequirementOfItsOwnLineIsAnExtensionNamed) {
  test::write_file(source_ + "/.hg/requires", "notlargefiles\nlfs2\n");
  EXPECT_THAT(argv_of_verify(), testing::Not(Contains(HasSubstr("extensions."))));
}

TEST_F(HgDumperTest, WhileItRunsLocksCanBeMadeAndNothingElseBeReplaced) {
  REPO_NEEDS_ROOT();
  during_ = [this] {
    for (const char* each : {"/.hg", "/.hg/store"}) {
      const struct stat st = test::lstat_of(data_ + each);
      EXPECT_EQ(st.st_mode & 07777, 01770U) << each;
      EXPECT_EQ(st.st_uid, 0U) << each;
      EXPECT_EQ(st.st_gid, kUid) << each;
    }
    const struct stat file = test::lstat_of(data_ + "/.hg/store/data/file.i");
    EXPECT_EQ(file.st_uid, 0U);
    EXPECT_EQ(file.st_mode & 07777, 0600U);
    EXPECT_EQ(test::lstat_of(data_ + "/.hg/store/data").st_mode & 07777, 0700U);
  };
  must_verify();
  for (const char* each : {"/.hg", "/.hg/store"}) {
    EXPECT_EQ(test::lstat_of(data_ + each).st_mode & 07777, 0700U) << each;
    EXPECT_EQ(test::lstat_of(data_ + each).st_gid, 0U) << each;
  }
}

TEST_F(HgDumperTest, TheFoldersAreClosedAlsoWhereVerifyFails) {
  verify_ends_ = ScriptedRunner::exits(1, "", "1 integrity errors encountered!\n");
  const Result<Verified> verified = verify();
  ASSERT_FALSE(verified);
  EXPECT_THAT(verified.error().message, HasSubstr("1 integrity errors"));
  EXPECT_EQ(test::lstat_of(data_ + "/.hg").st_mode & S_ISVTX, 0U);
}

TEST_F(HgDumperTest, WhatVerifyHasMadeIsRemoved) {
  copy();
  const auto before = test::contents(data_);
  during_ = [this] {
    test::make_link(data_ + "/.hg/wlock", "host:1");
    test::make_link(data_ + "/.hg/store/lock", "host:1");
    test::write_file(data_ + "/.hg/cache-new/a/b", "x");
    test::write_file(data_ + "/.hg/store/undo", "x");
  };
  must_verify();
  EXPECT_EQ(test::contents(data_), before);
}

struct ChangeCase : test::NamedCase {
  std::function<void(const std::string& hg)> deed;
};

class HgVerifyChangesTest : public HgDumperTest, public testing::WithParamInterface<ChangeCase> {};

TEST_P(HgVerifyChangesTest, D10_IsNoticed) {
  copy();
  during_ = [this] { GetParam().deed(data_ + "/.hg"); };
  EXPECT_FALSE(verify());
}

INSTANTIATE_TEST_SUITE_P(
    Changes, HgVerifyChangesTest,
    testing::Values(
        ChangeCase{"written",
                   [](const auto& hg) { test::write_file(hg + "/store/data/file.i", "1"); }},
        ChangeCase{"written_at_the_same_length",
                   [](const auto& hg) {
                     test::next_tick(hg);
                     test::write_file(hg + "/store/data/file.i", "NOT A REVLOG\n");
                   }},
        ChangeCase{"removed", [](const auto& hg) { std::filesystem::remove(hg + "/requires"); }},
        ChangeCase{"a_folder_removed",
                   [](const auto& hg) { std::filesystem::remove_all(hg + "/store/data"); }},
        ChangeCase{"replaced",
                   [](const auto& hg) {
                     std::filesystem::copy_file(hg + "/requires", hg + "/new");
                     std::filesystem::rename(hg + "/new", hg + "/requires");
                   }},
        ChangeCase{"made_a_link",
                   [](const auto& hg) {
                     std::filesystem::remove(hg + "/requires");
                     test::make_link(hg + "/requires", "store/requires");
                   }},
        ChangeCase{"mode",
                   [](const auto& hg) { test::set_mode(hg + "/store/data/file.i", 0666); }}),
    test::case_name);

TEST_F(HgDumperTest, D10_AFingerprintThatIsNotTheSourcesIsRefused) {
  copy();
  facts_.fingerprint = {{"changesets", std::uint64_t{1}}};
  const Result<Verified> verified = verify();
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().op, "compare");
}

TEST_F(HgDumperTest, ARepositoryWithoutAStoreIsVerifiedToo) {
  std::filesystem::remove_all(source_ + "/.hg/store");
  test::write_file(source_ + "/.hg/data/file.i", "x");
  must_verify();
}

TEST_F(HgDumperTest, TheVersionIsFoundInTheFirstLine) {
  runner_.on("--version", [](const Command&) {
    return ScriptedRunner::exits(0, "", "Mercurial Distributed SCM (version 6.3.2)\n");
  });
  const Result<std::string> version = dumper_->tool_version(runner_, test::patient());
  ASSERT_TRUE(version) << describe(version.error());
  EXPECT_EQ(*version, "6.3.2");
}

TEST_F(HgDumperTest, D39_AToolThatCannotBeStartedIsAnError) {
  const ScriptedRunner nobody;
  EXPECT_FALSE(dumper_->tool_version(nobody, test::patient()));
  copy();
  EXPECT_FALSE(dumper_->verify(job(), facts_, nobody));
}

TEST_F(HgDumperTest, LargeFilesAloneAreNeverChanged) {
  const std::string sha1(40, 'a');
  const std::string sha256(62, '0');
  for (const std::string& path : {".hg/largefiles/" + sha1, ".hg/store/lfs/objects/ab/" + sha256}) {
    EXPECT_TRUE(dumper_->is_immutable(path)) << path;
  }
  for (const std::string& path :
       {std::string(".hg/store/data/file.i"), ".hg/largefiles/" + sha1 + "x", ".hg/" + sha1,
        ".hg/largefiles/dirstate" + std::string(), ".hg/largefiles/" + std::string(40, 'g'),
        ".hg/store/lfs/objects/ab/" + sha256 + ".tmp", "largefiles/" + sha1}) {
    EXPECT_FALSE(dumper_->is_immutable(path)) << path;
  }
}

TEST_F(HgDumperTest, D32_ManyChangesetsThatAreGoneAreAnAlarm) {
  auto changesets = [](std::uint64_t number) { return Detail{{"changesets", number}}; };
  EXPECT_TRUE(dumper_->alarm(changesets(10), changesets(4)));
  EXPECT_TRUE(dumper_->alarm(changesets(1), changesets(0)));
  EXPECT_FALSE(dumper_->alarm(changesets(10), changesets(5))) << "stripped";
  EXPECT_FALSE(dumper_->alarm(changesets(10), changesets(11)));
  EXPECT_FALSE(dumper_->alarm({}, changesets(0)));
  EXPECT_FALSE(dumper_->alarm(changesets(10), {}));
}

}  // namespace
}  // namespace repo

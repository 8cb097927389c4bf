// repo-dump's command line.
#include "dumper/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <vector>

#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::ElementsAre;

std::variant<DumpOptions, OptionsMessage> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "repo-dump");
  return parse_dump_options(static_cast<int>(arguments.size()), arguments.data(),
                            "/nonexistent/config.toml");
}

DumpOptions must_parse(const std::vector<const char*>& arguments) {
  const auto parsed = parse(arguments);
  if (const auto* message = std::get_if<OptionsMessage>(&parsed)) {
    ADD_FAILURE() << message->text;
    return {};
  }
  return std::get<DumpOptions>(parsed);
}

TEST(DumpOptionsTest, AcknowledgedDatabasesAreOfAnyClusterOrOfOne) {
  const DumpOptions options =
      must_parse({"--pg-acknowledge", "closed", "--pg-acknowledge", "a@b@/srv/pg", "m.json"});
  const ServerOptions& servers = options.servers;
  EXPECT_TRUE(servers.is_acknowledged("closed", "/srv/pg"));
  EXPECT_TRUE(servers.is_acknowledged("closed", "/srv/other"));
  EXPECT_TRUE(servers.is_acknowledged("a@b", "/srv/pg"));
  EXPECT_FALSE(servers.is_acknowledged("a@b", "/srv/other"));
  EXPECT_FALSE(servers.is_acknowledged("open", "/srv/pg"));
}

TEST(DumpOptionsTest, AManifestIsEnoughAndTheRestIsWhatTheHelpSays) {
  const DumpOptions options = must_parse({"m.json"});
  EXPECT_EQ(options.manifest, "m.json");
  EXPECT_EQ(options.to, "/var/data_backup");
  EXPECT_EQ(options.jobs, default_dump_jobs());
  EXPECT_GE(options.jobs, 2);
  EXPECT_TRUE(options.kinds.empty());
  EXPECT_TRUE(options.only.empty());
  EXPECT_EQ(options.keep, 2);
  EXPECT_EQ(options.timeout, std::chrono::minutes(10));
  EXPECT_EQ(options.max_time, std::chrono::hours(6));
  EXPECT_EQ(options.full_every, std::chrono::hours(24 * 30));
  EXPECT_EQ(options.verify_all_every, std::chrono::hours(24 * 7));
  EXPECT_TRUE(options.accept.empty());
  EXPECT_FALSE(options.full);
  EXPECT_TRUE(options.sandbox);
  EXPECT_FALSE(options.dry_run || options.json || options.quiet || options.nice);
  EXPECT_EQ(options.results, "");
}

TEST(DumpOptionsTest, EveryOptionIsTaken) {
  const DumpOptions options =
      must_parse({"--to",       "/d",     "-j",        "3",      "-k", "svn,hg",    "--only",
                  "/a",         "--only", "an-id",     "--keep", "7",  "--timeout", "90s",
                  "--max-time", "2d",     "--sandbox", "none",   "-n", "--results", "r",
                  "--json",     "-q",     "--nice",    "-"});
  EXPECT_EQ(options.manifest, "-");
  EXPECT_EQ(options.to, "/d");
  EXPECT_EQ(options.jobs, 3);
  EXPECT_THAT(options.kinds, ElementsAre("hg", "svn"));
  EXPECT_THAT(options.only, ElementsAre("/a", "an-id"));
  EXPECT_EQ(options.keep, 7);
  EXPECT_EQ(options.timeout, std::chrono::seconds(90));
  EXPECT_EQ(options.max_time, std::chrono::hours(48));
  EXPECT_FALSE(options.sandbox);
  EXPECT_TRUE(options.dry_run && options.json && options.quiet && options.nice);
  EXPECT_EQ(options.results, "r");
}

TEST(DumpOptionsTest, WhatIsReusedAndAcceptedIsTaken) {
  const DumpOptions options =
      must_parse({"--full", "--full-every", "60d", "--verify-all-every", "12h", "--accept", "/a,b",
                  "--accept", "an-id", "m.json"});
  EXPECT_TRUE(options.full);
  EXPECT_EQ(options.full_every, std::chrono::hours(24 * 60));
  EXPECT_EQ(options.verify_all_every, std::chrono::hours(12));
  EXPECT_THAT(options.accept, ElementsAre("/a,b", "an-id"));
  EXPECT_EQ(options.manifest, "m.json");
}

TEST(DumpOptionsTest, OnlyDoesNotSwallowTheManifest) {
  const DumpOptions options = must_parse({"--only", "/a", "m.json"});
  EXPECT_THAT(options.only, ElementsAre("/a"));
  EXPECT_EQ(options.manifest, "m.json");
}

TEST(DumpOptionsTest, D18_APathWithCommasAndBlanksIsOnePath) {
  EXPECT_THAT(must_parse({"--only", "/a,b c", "m"}).only, ElementsAre("/a,b c"));
}

TEST(DumpOptionsTest, AnAbsoluteOnlyStartingWithADashIsTakenWithAnEqualsSign) {
  EXPECT_THAT(must_parse({"--only=-odd", "m"}).only, ElementsAre("-odd"));
}

struct MistakeCase : test::NamedCase {
  std::vector<const char*> arguments;
};

class DumpOptionsMistakeTest : public testing::TestWithParam<MistakeCase> {};

TEST_P(DumpOptionsMistakeTest, IsAMessageWithStatus2) {
  const auto parsed = parse(GetParam().arguments);
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->exit_status, 2);
  EXPECT_NE(message->text, "");
}

INSTANTIATE_TEST_SUITE_P(
    CommandLines, DumpOptionsMistakeTest,
    testing::Values(MistakeCase{"no_manifest", {}}, MistakeCase{"two_manifests", {"a", "b"}},
                    MistakeCase{"unknown_option", {"--frobnicate", "m"}},
                    MistakeCase{"no_jobs", {"-j", "0", "m"}},
                    MistakeCase{"negative_jobs", {"-j", "-1", "m"}},
                    MistakeCase{"too_many_jobs", {"-j", "257", "m"}},
                    MistakeCase{"jobs_that_are_no_number", {"-j", "many", "m"}},
                    MistakeCase{"keep_nothing", {"--keep", "0", "m"}},
                    MistakeCase{"duration_without_unit", {"--timeout", "10", "m"}},
                    MistakeCase{"no_duration", {"--timeout", "0s", "m"}},
                    MistakeCase{"negative_duration", {"--max-time", "-5m", "m"}},
                    MistakeCase{"full_every_never", {"--full-every", "0d", "m"}},
                    MistakeCase{"verify_without_unit", {"--verify-all-every", "7", "m"}},
                    MistakeCase{"accept_without_item", {"m", "--accept"}},
                    MistakeCase{"unknown_sandbox", {"--sandbox", "maybe", "m"}},
                    MistakeCase{"unknown_kind", {"--kinds", "svm", "m"}},
                    MistakeCase{"option_without_its_value", {"m", "--to"}}),
    test::case_name);

// A configuration file at the place where repo-dump looks by itself. What all tools share is tested
// with repo-scan's options.
class DumpConfigTest : public testing::Test {
 protected:
  std::variant<DumpOptions, OptionsMessage> parsed(const std::string& text,
                                                   std::vector<const char*> arguments) {
    const std::string path = tree_ / "config.toml";
    test::write_file(path, text);
    EXPECT_EQ(chmod(path.c_str(), 0644), 0);
    arguments.insert(arguments.begin(), "repo-dump");
    return parse_dump_options(static_cast<int>(arguments.size()), arguments.data(), path);
  }
  DumpOptions taken(const std::string& text, const std::vector<const char*>& arguments) {
    const auto result = parsed(text, arguments);
    if (const auto* message = std::get_if<OptionsMessage>(&result)) {
      ADD_FAILURE() << message->text;
      return {};
    }
    return std::get<DumpOptions>(result);
  }

  test::TempDir tree_;
};

TEST_F(DumpConfigTest, OptionsAreTakenFromTheFile) {
  const DumpOptions options = taken(
      "[common]\nquiet = true\nnice = true\n"
      "[repo-dump]\nto = \"/d\"\njobs = 3\nkinds = [\"svn\", \"hg\"]\nonly = [\"/a, b\"]\n"
      "keep = 7\nfull = true\nfull-every = \"9d\"\nverify-all-every = \"8d\"\n"
      "timeout = \"90s\"\nmax-time = \"2d\"\nsandbox = \"none\"\nresults = \"r\"\n"
      "json = true\n",
      {"m"});
  EXPECT_EQ(options.to, "/d");
  EXPECT_EQ(options.jobs, 3);
  EXPECT_THAT(options.kinds, ElementsAre("hg", "svn"));
  EXPECT_THAT(options.only, ElementsAre("/a, b"));
  EXPECT_EQ(options.keep, 7);
  EXPECT_EQ(options.full_every, std::chrono::hours(9 * 24));
  EXPECT_EQ(options.verify_all_every, std::chrono::hours(8 * 24));
  EXPECT_EQ(options.timeout, std::chrono::seconds(90));
  EXPECT_EQ(options.max_time, std::chrono::hours(48));
  EXPECT_EQ(options.results, "r");
  EXPECT_FALSE(options.sandbox);
  EXPECT_TRUE(options.full && options.json && options.quiet && options.nice);
}

TEST_F(DumpConfigTest, TheCommandLineWinsAndListsAddUp) {
  const DumpOptions options =
      taken("[repo-dump]\nto = \"/d\"\nkeep = 7\nonly = [\"/a\"]\ntimeout = \"90s\"\n",
            {"--to", "/e", "--only", "/b", "--timeout", "10m", "m"});
  EXPECT_EQ(options.to, "/e");
  EXPECT_EQ(options.keep, 7);
  EXPECT_THAT(options.only, ElementsAre("/a", "/b"));
  // As good as the default, and given all the same.
  EXPECT_EQ(options.timeout, std::chrono::minutes(10));
}

struct ConfigMistakeCase : test::NamedCase {
  std::string line;
  std::string word;
};

class DumpConfigMistakeTest : public DumpConfigTest,
                              public testing::WithParamInterface<ConfigMistakeCase> {};

TEST_P(DumpConfigMistakeTest, IsAUsageErrorWithItsLine) {
  const auto result = parsed("[repo-dump]\n" + GetParam().line + "\n", {"m"});
  const auto* message = std::get_if<OptionsMessage>(&result);
  ASSERT_NE(message, nullptr) << "taken";
  EXPECT_EQ(message->exit_status, 2);
  EXPECT_THAT(message->text, testing::HasSubstr("config.toml: line 2: "));
  EXPECT_THAT(message->text, testing::HasSubstr(GetParam().word));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, DumpConfigMistakeTest,
    testing::Values(ConfigMistakeCase{"unknown_key", "kep = 2", "--kep"},
                    ConfigMistakeCase{"manifest", "MANIFEST = \"m\"", "MANIFEST"},
                    ConfigMistakeCase{"keep_nothing", "keep = 0", "keep"},
                    ConfigMistakeCase{"duration_without_unit", "timeout = 10", "timeout"},
                    ConfigMistakeCase{"no_duration", "full-every = \"often\"", "often"},
                    ConfigMistakeCase{"unknown_sandbox", "sandbox = \"maybe\"", "maybe"},
                    ConfigMistakeCase{"unknown_kind", "kinds = [\"svm\"]", "svm"},
                    ConfigMistakeCase{"dry_run", "dry-run = true", "command line only"},
                    ConfigMistakeCase{"accept", "accept = [\"/a\"]", "command line only"},
                    ConfigMistakeCase{"forget", "forget = [\"/a\"]", "command line only"}),
    test::case_name);

TEST(DumpOptionsTest, HelpNamesEveryExitCode) {
  const auto parsed = parse({"--help"});
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->exit_status, 0);
  for (const char* code : {"  0 ", "  1 ", "  2 ", "  3 ", "  11 ", "128+N"}) {
    EXPECT_THAT(message->text, testing::HasSubstr(code));
  }
}

TEST(DumpOptionsTest, VersionIsOneLine) {
  const auto parsed = parse({"--version"});
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->exit_status, 0);
  EXPECT_THAT(message->text, testing::StartsWith("repo-dump "));
}

}  // namespace
}  // namespace repo

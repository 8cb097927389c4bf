// repo-dump's command line.
#include "dumper/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;

std::variant<DumpOptions, OptionsMessage> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "repo-dump");
  return parse_dump_options(static_cast<int>(arguments.size()), arguments.data());
}

DumpOptions must_parse(const std::vector<const char*>& arguments) {
  const auto parsed = parse(arguments);
  if (const auto* message = std::get_if<OptionsMessage>(&parsed)) {
    ADD_FAILURE() << message->text;
    return {};
  }
  return std::get<DumpOptions>(parsed);
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
                    MistakeCase{"unknown_sandbox", {"--sandbox", "maybe", "m"}},
                    MistakeCase{"option_without_its_value", {"m", "--to"}}),
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

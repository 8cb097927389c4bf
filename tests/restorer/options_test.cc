// repo-restore's command line.
#include "restorer/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <vector>

#include "dumper/options.h"
#include "tests/support/options_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Parsed = std::variant<RestoreOptions, OptionsMessage>;

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "repo-restore");
  return parse_restore_options(static_cast<int>(arguments.size()), arguments.data(),
                               "/nonexistent/config.toml");
}
RestoreOptions taken(const Parsed& parsed) {
  if (const auto* message = std::get_if<OptionsMessage>(&parsed)) {
    ADD_FAILURE() << message->text;
    return {};
  }
  return std::get<RestoreOptions>(parsed);
}
RestoreOptions must_parse(const std::vector<const char*>& arguments) {
  return taken(parse(arguments));
}

TEST(RestoreOptionsTest, ACommandIsEnoughAndTheRestIsWhatTheHelpSays) {
  const RestoreOptions options = must_parse({"list"});
  EXPECT_EQ(options.command, RestoreCommand::kList);
  EXPECT_EQ(options.from, "/var/data_backup");
  EXPECT_THAT(options.items, IsEmpty());
  EXPECT_THAT(options.kinds, IsEmpty());
  EXPECT_EQ(options.stale, std::nullopt);
  EXPECT_EQ(options.budget, std::nullopt);
  EXPECT_EQ(options.to + options.generation + options.scratch, "");
  EXPECT_EQ(options.jobs, default_dump_jobs());
  EXPECT_EQ(options.timeout, std::chrono::minutes(10));
  EXPECT_EQ(options.max_time, std::chrono::hours(6));
  EXPECT_TRUE(options.sandbox);
  EXPECT_FALSE(options.all || options.with_files || options.json || options.quiet || options.nice);
  EXPECT_THAT(options.owners.users, IsEmpty());
}

struct CommandCase : test::NamedCase {
  std::vector<const char*> arguments;
  RestoreCommand command;
  std::vector<std::string> items;
};

class RestoreCommandTest : public testing::TestWithParam<CommandCase> {};

TEST_P(RestoreCommandTest, IsTaken) {
  const RestoreOptions options = must_parse(GetParam().arguments);
  EXPECT_EQ(options.command, GetParam().command);
  EXPECT_EQ(options.items, GetParam().items);
}

using enum RestoreCommand;

INSTANTIATE_TEST_SUITE_P(
    Lines, RestoreCommandTest,
    testing::Values(CommandCase{"list", {"list"}, kList, {}},
                    CommandCase{"list_some", {"list", "/a", "b"}, kList, {"/a", "b"}},
                    CommandCase{"list_stale", {"list", "--stale", "7d"}, kList, {}},
                    CommandCase{"show", {"show", "/a"}, kShow, {"/a"}},
                    CommandCase{"show_several", {"show", "/a", "b"}, kShow, {"/a", "b"}},
                    CommandCase{"restore", {"restore", "/a", "--to", "/b"}, kRestore, {"/a"}},
                    CommandCase{"options_first", {"--to", "/b", "restore", "/a"}, kRestore, {"/a"}},
                    CommandCase{"restore_all", {"restore", "--all", "--to", "/"}, kRestore, {}},
                    CommandCase{"drill", {"--drill", "/a", "b"}, kDrill, {"/a", "b"}},
                    CommandCase{"drill_all", {"--drill", "--all"}, kDrill, {}},
                    CommandCase{"drill_stale", {"--drill", "--stale", "7d"}, kDrill, {}},
                    CommandCase{"scrub", {"--scrub"}, kScrub, {}},
                    CommandCase{"scrub_some", {"--scrub", "/a"}, kScrub, {"/a"}},
                    // No command behind these: it may be somebody's id.
                    CommandCase{"an_item_called_list", {"--scrub", "list"}, kScrub, {"list"}},
                    CommandCase{"commas_and_blanks", {"show", "/a,b c"}, kShow, {"/a,b c"}},
                    CommandCase{"a_dash", {"show", "--", "-odd"}, kShow, {"-odd"}}),
    test::case_name);

TEST(RestoreOptionsTest, EveryOptionIsTaken) {
  const RestoreOptions options = must_parse(
      {"restore", "/a",          "--to",      "/t",          "--generation", "20260131T235959Z",
       "--from",  "/d",          "-k",        "svn,hg",      "--with-files", "--map-owner",
       "1001=0",  "--map-owner", "1002=root", "--map-group", "7=8",          "-j",
       "3",       "--timeout",   "90s",       "--max-time",  "2d",           "--sandbox",
       "none",    "--json",      "-q",        "--nice"});
  EXPECT_EQ(options.to, "/t");
  EXPECT_EQ(options.generation, "20260131T235959Z");
  EXPECT_EQ(options.from, "/d");
  EXPECT_THAT(options.kinds, ElementsAre("hg", "svn"));
  EXPECT_THAT(options.owners.users, ElementsAre(Pair(1001, 0), Pair(1002, 0)));
  EXPECT_THAT(options.owners.groups, ElementsAre(Pair(7, 8)));
  EXPECT_EQ(options.jobs, 3);
  EXPECT_EQ(options.timeout, std::chrono::seconds(90));
  EXPECT_EQ(options.max_time, std::chrono::hours(48));
  EXPECT_FALSE(options.sandbox);
  EXPECT_TRUE(options.with_files && options.json && options.quiet && options.nice);
}

TEST(RestoreOptionsTest, WhatDrillsTakeIsTaken) {
  const RestoreOptions options = must_parse(
      {"--drill", "--stale", "7d", "--budget", "30m", "--scratch", "/s", "--kinds", "git"});
  EXPECT_EQ(options.stale, std::chrono::hours(7 * 24));
  EXPECT_EQ(options.budget, std::chrono::minutes(30));
  EXPECT_EQ(options.scratch, "/s");
  EXPECT_THAT(options.kinds, ElementsAre("git"));
}

TEST(RestoreOptionsTest, MapsDoNotSwallowItems) {
  EXPECT_THAT(must_parse({"restore", "--to", "/t", "--map-owner", "1=2", "/a"}).items,
              ElementsAre("/a"));
}

struct MistakeCase : test::NamedCase {
  std::vector<const char*> arguments;
  std::string said;
};

class RestoreMistakeTest : public testing::TestWithParam<MistakeCase> {};

TEST_P(RestoreMistakeTest, IsAMessageWithStatus2) {
  const Parsed parsed = parse(GetParam().arguments);
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr) << "taken";
  EXPECT_EQ(message->exit_status, 2);
  EXPECT_THAT(message->text, HasSubstr(GetParam().said));
  EXPECT_EQ(message->text.find('\x1b'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Commands, RestoreMistakeTest,
    testing::Values(
        MistakeCase{"nothing", {}, "missing"},
        MistakeCase{"unknown_command", {"restor", "/a"}, "restor: no such command"},
        MistakeCase{"hostile_command", {"\x1b[31m"}, "no such command"},
        MistakeCase{"an_item_alone", {"/srv/a"}, "no such command"},
        MistakeCase{"two_commands", {"--drill", "--scrub", "/a"}, "two commands"},
        MistakeCase{"show_nothing", {"show"}, "show needs an ITEM"},
        MistakeCase{"show_all_and_one", {"show", "--all", "/a"}, "instead of an ITEM"},
        MistakeCase{"restore_nothing", {"restore", "--to", "/t"}, "one ITEM, or --all"},
        MistakeCase{"restore_two", {"restore", "/a", "/b", "--to", "/t"}, "one ITEM"},
        MistakeCase{"restore_all_and_one", {"restore", "--all", "/a", "--to", "/t"}, "--all"},
        MistakeCase{"restore_nowhere", {"restore", "/a"}, "--to"},
        MistakeCase{"restore_to_nothing", {"restore", "/a", "--to", ""}, "--to"},
        MistakeCase{"drill_nothing", {"--drill"}, "--stale"},
        MistakeCase{"drill_all_and_one", {"--drill", "--all", "/a"}, "--all"},
        MistakeCase{"list_to", {"list", "--to", "/t"}, "--to is for restore"},
        MistakeCase{"drill_to", {"--drill", "/a", "--to", "/t"}, "--to is for restore"},
        MistakeCase{
            "show_generation", {"show", "/a", "--generation", "20260131T235959Z"}, "--generation"},
        MistakeCase{"generation_of_all",
                    {"restore", "--all", "--to", "/t", "--generation", "20260131T235959Z"},
                    "--generation"},
        MistakeCase{"generation_that_is_none",
                    {"restore", "/a", "--to", "/t", "--generation", "yester\x1b"},
                    "yester\\x1b"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Values, RestoreMistakeTest,
    testing::Values(
        MistakeCase{"unknown_option", {"list", "--frobnicate"}, "frobnicate"},
        MistakeCase{"unknown_kind", {"--drill", "--all", "-k", "svm"}, "svm"},
        MistakeCase{"stale_without_unit", {"list", "--stale", "7"}, "stale"},
        MistakeCase{"never_stale", {"list", "--stale", "0d"}, "stale"},
        MistakeCase{"no_budget", {"--drill", "--all", "--budget", "0s"}, "budget"},
        MistakeCase{"no_time", {"list", "--timeout", "soon"}, "timeout"},
        MistakeCase{"no_jobs", {"list", "-j", "0"}, "jobs"},
        MistakeCase{"too_many_jobs", {"list", "-j", "257"}, "jobs"},
        MistakeCase{"unknown_sandbox", {"list", "--sandbox", "maybe"}, "maybe"},
        MistakeCase{"map_without_a_name", {"list", "--map-owner", "1001"}, "NUMBER=NAME"},
        MistakeCase{"map_to_nobody_here", {"list", "--map-group", "1=no-such-group"}, "group"},
        MistakeCase{"option_without_its_value", {"list", "--from"}, "from"}),
    test::case_name);

class RestoreConfigTest : public testing::Test {
 protected:
  Parsed parsed(const std::string& text, std::vector<const char*> arguments) {
    const std::string path = tree_ / "config.toml";
    test::write_file(path, text);
    EXPECT_EQ(chmod(path.c_str(), 0644), 0);
    arguments.insert(arguments.begin(), "repo-restore");
    return parse_restore_options(static_cast<int>(arguments.size()), arguments.data(), path);
  }
  test::TempDir tree_;
};

TEST_F(RestoreConfigTest, OptionsAreTakenFromTheFile) {
  const RestoreOptions options = taken(
      parsed("[common]\nquiet = true\nnice = true\n"
             "[repo-restore]\nfrom = \"/d\"\njobs = 3\nkinds = [\"svn\", \"hg\"]\n"
             "budget = \"30m\"\nscratch = \"/s\"\ntimeout = \"90s\"\nmax-time = \"2d\"\n"
             "sandbox = \"none\"\njson = true\nwith-files = true\nmap-owner = [\"1=2\", \"3=4\"]\n"
             "map-group = [\"5=6\"]\n",
             {"--drill", "--all"}));
  EXPECT_EQ(options.from, "/d");
  EXPECT_EQ(options.jobs, 3);
  EXPECT_THAT(options.kinds, ElementsAre("hg", "svn"));
  EXPECT_EQ(options.budget, std::chrono::minutes(30));
  EXPECT_EQ(options.scratch, "/s");
  EXPECT_EQ(options.timeout, std::chrono::seconds(90));
  EXPECT_EQ(options.max_time, std::chrono::hours(48));
  EXPECT_THAT(options.owners.users, ElementsAre(Pair(1, 2), Pair(3, 4)));
  EXPECT_THAT(options.owners.groups, ElementsAre(Pair(5, 6)));
  EXPECT_FALSE(options.sandbox);
  EXPECT_TRUE(options.json && options.quiet && options.nice && options.with_files);
}

TEST_F(RestoreConfigTest, TheCommandLineWins) {
  const RestoreOptions options =
      taken(parsed("[repo-restore]\nfrom = \"/d\"\nbudget = \"30m\"\n",
                   {"--drill", "--all", "--from", "/e", "--budget", "5m"}));
  EXPECT_EQ(options.from, "/e");
  EXPECT_EQ(options.budget, std::chrono::minutes(5));
}

TEST_F(RestoreConfigTest, CopiesAreWhereRepoDumpPutsThem) {
  const std::string dump = "[repo-dump]\nto = \"/d\"\njobs = 77\n";
  EXPECT_EQ(taken(parsed(dump, {"list"})).from, "/d");
  EXPECT_NE(taken(parsed(dump, {"list"})).jobs, 77) << "nothing else of it matters";
  EXPECT_EQ(taken(parsed(dump + "[repo-restore]\nfrom = \"/e\"\n", {"list"})).from, "/e");
  EXPECT_EQ(taken(parsed("[repo-dump]\njobs = 3\n", {"list"})).from, "/var/data_backup");
}

TEST_F(RestoreConfigTest, WhatTheClockHasChosenHasABudget) {
  EXPECT_EQ(taken(parsed("", {"--drill", "--stale", "7d"})).budget, std::chrono::minutes(30));
  EXPECT_FALSE(taken(parsed("", {"--drill", "--all"})).budget);
}

using test::ConfigMistakeCase;

class RestoreConfigMistakeTest : public RestoreConfigTest,
                                 public testing::WithParamInterface<ConfigMistakeCase> {};

TEST_P(RestoreConfigMistakeTest, IsAUsageErrorWithItsLine) {
  test::expect_mistake(
      test::message_of(parsed("[repo-restore]\n" + GetParam().line + "\n", {"list"})), GetParam());
}

// Only they read what kinds there are: copies come back where nobody has defined theirs.
TEST_F(RestoreConfigTest, AKindThatDrillsDoNotKnowIsAUsageErrorWithItsLine) {
  test::expect_mistake(
      test::message_of(parsed("[repo-restore]\nkinds = [\"svm\"]\n", {"--drill", "--all"})),
      ConfigMistakeCase{"unknown_kind", "", "svm"});
  const auto listed = parsed("[repo-restore]\nkinds = [\"svm\"]\n", {"list"});
  ASSERT_TRUE(std::holds_alternative<RestoreOptions>(listed));
  EXPECT_TRUE(std::get<RestoreOptions>(listed).kinds.contains("svm"));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RestoreConfigMistakeTest,
    testing::Values(ConfigMistakeCase{"unknown_key", "fron = \"/d\"", "fron"},
                    ConfigMistakeCase{"command", "COMMAND = \"list\"", "COMMAND"},
                    ConfigMistakeCase{"to", "to = \"/\"", "command line only"},
                    ConfigMistakeCase{"all", "all = true", "command line only"},
                    ConfigMistakeCase{"generation", "generation = \"20260131T235959Z\"",
                                      "command line only"},
                    ConfigMistakeCase{"drill", "drill = true", "command line only"},
                    ConfigMistakeCase{"scrub", "scrub = true", "command line only"},
                    ConfigMistakeCase{"stale", "stale = \"7d\"", "command line only"},
                    ConfigMistakeCase{"no_budget", "budget = \"0m\"", "budget"},
                    ConfigMistakeCase{"unknown_sandbox", "sandbox = \"maybe\"", "maybe"}),
    test::case_name);

TEST(RestoreOptionsTest, HelpNamesEveryExitCodeAndEveryCommand) {
  test::expect_help(test::message_of(parse({"--help"})),
                    {"  0 ", "  1 ", "  2 ", "  3 ", "  11 ", "128+N", "repo-restore list",
                     "repo-restore show", "repo-restore restore", "--drill", "--scrub"});
}

TEST(RestoreOptionsTest, VersionIsOneLine) {
  test::expect_version(test::message_of(parse({"--version"})), "repo-restore");
}

}  // namespace
}  // namespace repo

#include "scanner/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "base/exit_code.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::variant<ScanOptions, OptionsMessage> parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"repo-scan"};
  for (const std::string& each : arguments) argv.push_back(each.c_str());
  return parse_scan_options(static_cast<int>(argv.size()), argv.data(), "/nonexistent/config.toml");
}

ScanOptions options(const std::vector<std::string>& arguments) {
  const auto parsed = parse(arguments);
  if (const auto* message = std::get_if<OptionsMessage>(&parsed)) {
    ADD_FAILURE() << message->text;
    return {};
  }
  return std::get<ScanOptions>(parsed);
}

TEST(ScanOptionsTest, ARootAloneGivesTheDefaults) {
  const ScanOptions parsed = options({"/"});
  EXPECT_THAT(parsed.roots, ElementsAre("/"));
  EXPECT_EQ(parsed.jobs, default_scan_jobs());
  EXPECT_EQ(parsed.output, "");
  EXPECT_TRUE(parsed.kinds.empty());
  EXPECT_TRUE(parsed.excludes.empty());
  EXPECT_TRUE(parsed.fs_types.empty());
  EXPECT_FALSE(parsed.one_file_system || parsed.network || parsed.list || parsed.nul ||
               parsed.verbose || parsed.quiet || parsed.nice || parsed.json);
  EXPECT_EQ(parsed.diff, "");
}

TEST(ScanOptionsTest, EveryOptionIsRead) {
  const ScanOptions parsed = options(
      {"-o",     "m.json",    "-j",  "3",         "-k",     "svn,hg",     "-x",   "--exclude",
       "*/tmp",  "--exclude", "old", "--network", "--fs",   "fuse.sshfs", "--fs", "9p",
       "--list", "-0",        "-v",  "-q",        "--nice", "/srv",       "/home"});
  EXPECT_THAT(parsed.roots, ElementsAre("/srv", "/home"));
  EXPECT_EQ(parsed.output, "m.json");
  EXPECT_EQ(parsed.jobs, 3);
  EXPECT_THAT(parsed.kinds, ElementsAre("hg", "svn"));
  EXPECT_THAT(parsed.excludes, ElementsAre("*/tmp", "old"));
  EXPECT_THAT(parsed.fs_types, ElementsAre("9p", "fuse.sshfs"));
  EXPECT_TRUE(parsed.one_file_system && parsed.network && parsed.list && parsed.nul &&
              parsed.verbose && parsed.quiet && parsed.nice);
}

TEST(ScanOptionsTest, ADifferenceIsAskedForWithTheOlderManifest) {
  ScanOptions parsed = options({"-o", "m", "--diff", "m", "--json", "/"});
  EXPECT_EQ(parsed.diff, "m");
  EXPECT_EQ(parsed.output, "m");
  EXPECT_TRUE(parsed.json);
  EXPECT_EQ(options({"--diff", "-", "/"}).diff, "-");
  EXPECT_EQ(options({"--diff", "[old]", "/"}).diff, "[old]");
  EXPECT_THAT(options({"--diff", "m", "/srv", "/home"}).roots, ElementsAre("/srv", "/home"));
  EXPECT_TRUE(options({"--json", "/"}).json);
}

TEST(ScanOptionsTest, LongNamesMeanTheSame) {
  const ScanOptions parsed = options({"--output=m", "--jobs=7", "--kinds=hg", "--one-file-system",
                                      "--verbose", "--quiet", "--exclude=a", "--fs=9p", "/"});
  EXPECT_EQ(parsed.output, "m");
  EXPECT_EQ(parsed.jobs, 7);
  EXPECT_THAT(parsed.kinds, ElementsAre("hg"));
  EXPECT_THAT(parsed.excludes, ElementsAre("a"));
  EXPECT_THAT(parsed.fs_types, ElementsAre("9p"));
  EXPECT_TRUE(parsed.one_file_system && parsed.verbose && parsed.quiet);
}

TEST(ScanOptionsTest, OptionsMayStandBehindTheRoots) {
  const ScanOptions parsed = options({"/srv", "--exclude", "a", "/home", "-k", "hg"});
  EXPECT_THAT(parsed.roots, ElementsAre("/srv", "/home"));
  EXPECT_THAT(parsed.excludes, ElementsAre("a"));
  EXPECT_THAT(parsed.kinds, ElementsAre("hg"));
}

TEST(ScanOptionsTest, WhatTakesOneValueTakesNoRoot) {
  EXPECT_THAT(options({"--exclude", "a", "/srv"}).roots, ElementsAre("/srv"));
  EXPECT_THAT(options({"--fs", "9p", "/srv"}).roots, ElementsAre("/srv"));
  EXPECT_THAT(options({"-k", "hg", "/srv"}).roots, ElementsAre("/srv"));
  EXPECT_THAT(options({"-k", "hg", "/srv", "/home"}).roots, ElementsAre("/srv", "/home"));
  EXPECT_THAT(options({"-o", "m", "/srv"}).roots, ElementsAre("/srv"));
}

struct TextCase : test::NamedCase {
  std::string text;
};

class LiteralTextTest : public testing::TestWithParam<TextCase> {};

TEST_P(LiteralTextTest, S10_IsTakenAsItStands) {
  const std::string& text = GetParam().text;
  EXPECT_THAT(options({"--", text}).roots, ElementsAre(text));
  EXPECT_THAT(options({"/a", "--exclude=" + text}).excludes, ElementsAre(text));
  EXPECT_EQ(options({"/a", "--output=" + text}).output, text);
  EXPECT_EQ(options({"/a", "--diff=" + text}).diff, text);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, LiteralTextTest,
    testing::Values(TextCase{"blank", "a b"}, TextCase{"newline", "a\nb"},
                    TextCase{"quotes", "\"a\" 'b'"}, TextCase{"single_quoted", "'a'"},
                    TextCase{"double_quoted", "\"a\""}, TextCase{"comma", "a,b"},
                    TextCase{"brackets", "[ab]"}, TextCase{"brackets_and_comma", "[a,b]"},
                    TextCase{"braces", "{a,b}"}, TextCase{"empty_braces", "{}"},
                    TextCase{"empty_brackets", "[]"}, TextCase{"equals", "a=b"},
                    TextCase{"percent", "%%"}, TextCase{"dollar", "$HOME"}, TextCase{"dash", "-rf"},
                    TextCase{"like_an_option", "--list"}, TextCase{"not_utf8", "caf\xE9"},
                    TextCase{"backslash", "a\\nb"}, TextCase{"at", "@file"}, TextCase{"hash", "#a"},
                    TextCase{"semicolon", "a;b"}),
    test::case_name);

struct MistakeCase : test::NamedCase {
  std::vector<std::string> arguments;
  std::string named;
};

class MistakeTest : public testing::TestWithParam<MistakeCase> {};

TEST_P(MistakeTest, IsAUsageErrorThatNamesIt) {
  const auto parsed = parse(GetParam().arguments);
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr) << "taken";
  EXPECT_EQ(message->exit_status, 2);
  EXPECT_THAT(message->text, HasSubstr(GetParam().named));
}

INSTANTIATE_TEST_SUITE_P(
    Arguments, MistakeTest,
    testing::Values(
        MistakeCase{"nothing", {}, "ROOT"}, MistakeCase{"no_root", {"-x"}, "ROOT"},
        MistakeCase{"unknown_option", {"--frobnicate", "/"}, "--frobnicate"},
        MistakeCase{"unknown_letter", {"-Z", "/"}, "-Z"},
        MistakeCase{"zero_jobs", {"-j", "0", "/"}, "jobs"},
        MistakeCase{"negative_jobs", {"-j", "-1", "/"}, "jobs"},
        MistakeCase{"too_many_jobs", {"-j", "1025", "/"}, "jobs"},
        MistakeCase{"jobs_are_no_number", {"-j", "many", "/"}, "jobs"},
        MistakeCase{"jobs_with_a_tail", {"-j", "2x", "/"}, "jobs"},
        MistakeCase{"jobs_with_a_fraction", {"-j", "1.5", "/"}, "jobs"},
        MistakeCase{"jobs_without_number", {"/", "-j"}, "jobs"},
        MistakeCase{"jobs_twice", {"-j", "1", "-j", "2", "/"}, "jobs"},
        MistakeCase{"unknown_kind", {"-k", "cvs", "/"}, "kinds"},
        MistakeCase{"one_unknown_kind", {"-k", "svn,cvs", "/"}, "kinds"},
        MistakeCase{"kinds_without_list", {"/", "-k"}, "kinds"},
        MistakeCase{"output_without_file", {"/", "-o"}, "output"},
        MistakeCase{"output_twice", {"-o", "a", "-o", "b", "/"}, "output"},
        MistakeCase{"exclude_relative_path", {"/", "--exclude", "srv/a"}, "begin it"},
        MistakeCase{"exclude_with_a_slash_at_the_end", {"/", "--exclude", "/srv/a/"}, "/srv/a/*"},
        MistakeCase{"exclude_without_pattern", {"/", "--exclude"}, "exclude"},
        MistakeCase{"diff_without_file", {"/", "--diff"}, "diff"},
        MistakeCase{"diff_with_an_empty_name", {"/", "--diff", ""}, "diff"},
        MistakeCase{"diff_twice", {"--diff", "a", "--diff", "b", "/"}, "diff"},
        MistakeCase{"diff_and_list", {"--diff", "a", "--list", "/"}, "--list"},
        MistakeCase{"nul_without_list", {"-0", "/"}, "--list"},
        MistakeCase{"flag_with_a_value", {"--list=maybe", "/"}, "list"}),
    test::case_name);

TEST(HelpTest, SaysWhatItDoesAndEveryExitCode) {
  for (const char* word : {"--help", "-h"}) {
    const auto parsed = parse({word});
    const auto* message = std::get_if<OptionsMessage>(&parsed);
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(message->exit_status, 0);
    EXPECT_THAT(message->text, HasSubstr(kExitCodeHelp));
    for (const char* option :
         {"ROOT", "--output", "--jobs", "--kinds", "--one-file-system", "--exclude", "--network",
          "--fs", "--list", "-0", "--diff", "--json", "--kinds-dir", "--check-kinds", "--verbose",
          "--quiet", "--nice", "--version", "--config"}) {
      EXPECT_THAT(message->text, HasSubstr(option));
    }
  }
}

TEST(HelpTest, TheVersionIsThatOfTheProject) {
  const auto parsed = parse({"--version"});
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->exit_status, 0);
  EXPECT_EQ(message->text, "repo-scan " REPO_BACKUP_VERSION "\n");
}

// A configuration file, and command lines that name it or find it where they look by themselves.
class ScanConfigTest : public testing::Test {
 protected:
  void configure(const std::string& text) {
    test::write_file(path_, text);
    ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  }
  std::variant<ScanOptions, OptionsMessage> parsed(std::vector<std::string> arguments,
                                                   const std::string& default_config) {
    arguments.insert(arguments.begin(), "repo-scan");
    std::vector<const char*> argv;
    for (const std::string& each : arguments) argv.push_back(each.c_str());
    return parse_scan_options(static_cast<int>(argv.size()), argv.data(), default_config);
  }
  ScanOptions taken(const std::vector<std::string>& arguments) {
    const auto result = parsed(arguments, path_);
    if (const auto* message = std::get_if<OptionsMessage>(&result)) {
      ADD_FAILURE() << message->text;
      return {};
    }
    return std::get<ScanOptions>(result);
  }
  std::string refused(const std::vector<std::string>& arguments) {
    const auto result = parsed(arguments, path_);
    const auto* message = std::get_if<OptionsMessage>(&result);
    if (!message) return "taken";
    EXPECT_EQ(message->exit_status, 2);
    return message->text;
  }

  test::TempDir tree_;
  const std::string path_ = tree_ / "config.toml";
};

TEST_F(ScanConfigTest, EveryOptionIsTakenFromTheFile) {
  configure(
      "[repo-scan]\noutput = \"m\"\njobs = 3\nkinds = [\"svn\", \"hg\"]\none-file-system = true\n"
      "exclude = ['a#[b,c]', \"d\"]\nnetwork = true\nfs = \"9p\"\nlist = true\nverbose = true\n"
      "quiet = true\nnice = true\njson = true\nlayers = true\nno-leaf-skip = true\nstall = \"5m\"\n"
      "progress = \"never\"\n");
  const ScanOptions options = taken({"/"});
  EXPECT_EQ(options.output, "m");
  EXPECT_EQ(options.jobs, 3);
  EXPECT_THAT(options.kinds, ElementsAre("hg", "svn"));
  EXPECT_THAT(options.excludes, ElementsAre("a#[b,c]", "d"));
  EXPECT_THAT(options.fs_types, ElementsAre("9p"));
  EXPECT_TRUE(options.one_file_system && options.network && options.list && options.verbose &&
              options.quiet && options.nice && options.json && options.layers &&
              options.no_leaf_skip);
  EXPECT_EQ(options.stall, std::chrono::minutes(5));
  EXPECT_EQ(options.progress, ShowProgress::kNever);
}

TEST_F(ScanConfigTest, KindsOfUsersMayBeChosenThere) {
  test::write_file(tree_ / "kinds/zodb.json",
                   R"({"format": "repo-backup/kind", "version": 1, "kind": "zodb",
                       "signature": {"directories": ["blobs"]}, "dump": {"argv": ["true"]}})");
  configure("[repo-scan]\nkinds-dir = \"" + (tree_ / "kinds") + "\"\nkinds = [\"zodb\"]\n");
  const ScanOptions options = taken({"/"});
  EXPECT_THAT(options.kinds, ElementsAre("zodb"));
  EXPECT_NE(options.known.find_user("zodb"), nullptr);
  configure("[repo-scan]\nkinds-dir = \"" + (tree_ / "none") + "\"\n");
  EXPECT_THAT(refused({"/"}), HasSubstr(tree_ / "none"));
}

TEST_F(ScanConfigTest, ACheckOfKindsIsForTheCommandLineAndNeedsNoRoot) {
  configure("[repo-scan]\nkinds-dir = \"/nowhere\"\n");
  const ScanOptions options = taken({"--check-kinds"});
  EXPECT_TRUE(options.check_kinds);
  EXPECT_EQ(options.kinds_folder, "/nowhere");
  configure("[repo-scan]\ncheck-kinds = true\n");
  EXPECT_THAT(refused({"/"}), HasSubstr("check-kinds is for the command line only"));
}

TEST_F(ScanConfigTest, ADifferenceIsForTheCommandLine) {
  configure("[repo-scan]\ndiff = \"old\"\n");
  EXPECT_THAT(refused({"/"}), HasSubstr("diff is for the command line only"));
}

TEST_F(ScanConfigTest, TheCommandLineWinsAndListsAddUp) {
  configure(
      "[common]\njobs = 5\nexclude = [\"common\"]\nnice = true\n"
      "[repo-scan]\njobs = 4\nexclude = [\"file\"]\nkinds = [\"svn\"]\nquiet = true\n");
  ScanOptions options = taken({"/"});
  EXPECT_EQ(options.jobs, 4);
  EXPECT_THAT(options.excludes, ElementsAre("common", "file"));
  EXPECT_TRUE(options.quiet && options.nice);
  options = taken({"-j", "3", "--exclude", "line", "-k", "hg,git", "--quiet=false", "/"});
  EXPECT_EQ(options.jobs, 3);
  EXPECT_THAT(options.excludes, ElementsAre("common", "file", "line"));
  EXPECT_THAT(options.kinds, ElementsAre("git", "hg", "svn"));
  EXPECT_FALSE(options.quiet);
  EXPECT_TRUE(options.nice);
}

TEST_F(ScanConfigTest, ASectionForTheOthersAndAnEmptyFileChangeNothing) {
  for (const char* text : {"", "[repo-dump]\njobs = 1\nto = \"/x\"\n[policy]\nlist = [\"x\"]\n",
                           "[repo-report]\nmail = \"root\"\n", "[repo-scan]\nexclude = []\n"}) {
    configure(text);
    const ScanOptions options = taken({"/"});
    EXPECT_EQ(options.jobs, default_scan_jobs());
    EXPECT_TRUE(options.excludes.empty());
  }
}

TEST_F(ScanConfigTest, AFileThatIsNamedMustExistAndTheOtherOneIsNotRead) {
  configure("[repo-scan]\njobs = 3\n");
  EXPECT_THAT(refused({"--config", tree_ / "none", "/"}), HasSubstr(tree_ / "none"));
  test::write_file(tree_ / "other", "[repo-scan]\nquiet = true\n");
  const ScanOptions options = taken({"--config=" + (tree_ / "other"), "/"});
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(options.jobs, default_scan_jobs());
}

TEST_F(ScanConfigTest, ListInTheFileIsEnoughForNul) {
  configure("[repo-scan]\nlist = true\n");
  EXPECT_TRUE(taken({"-0", "/"}).nul);
}

TEST_F(ScanConfigTest, HelpNeedsNoFile) {
  configure("[nonsense");
  EXPECT_THAT(refused({"/"}), HasSubstr("line 1"));
  const auto result = parsed({"--help"}, path_);
  ASSERT_TRUE(std::holds_alternative<OptionsMessage>(result));
  EXPECT_EQ(std::get<OptionsMessage>(result).exit_status, 0);
  EXPECT_THAT(std::get<OptionsMessage>(result).text, HasSubstr("--config FILE=" + path_));
}

struct ConfigMistakeCase : test::NamedCase {
  std::string text;
  int line;
  std::string word;
};

class ScanConfigMistakeTest : public ScanConfigTest,
                              public testing::WithParamInterface<ConfigMistakeCase> {};

TEST_P(ScanConfigMistakeTest, IsAUsageErrorWithFileAndLineInOneSentence) {
  configure(GetParam().text);
  const std::string told = refused({"/"});
  EXPECT_THAT(told, testing::StartsWith("repo-scan: cannot use " + path_ + ": line " +
                                        std::to_string(GetParam().line) + ": "));
  EXPECT_THAT(told, HasSubstr(GetParam().word));
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1);
  // The command line wins over a value, and makes a bad one no better.
  EXPECT_EQ(refused({"-j", "2", "-k", "svn", "-q", "/"}), told);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ScanConfigMistakeTest,
    testing::Values(
        ConfigMistakeCase{"unknown_key", "[repo-scan]\n\njosb = 1", 3, "--josb"},
        ConfigMistakeCase{"key_of_another_tool", "[common]\nto = \"/x\"", 2, "every tool"},
        ConfigMistakeCase{"short_name", "[repo-scan]\nj = 1", 2, "--j"},
        ConfigMistakeCase{"short_flag", "[repo-scan]\n0 = true", 2, "--0"},
        ConfigMistakeCase{"dashes", "[repo-scan]\n--jobs = 1", 2, "----jobs"},
        ConfigMistakeCase{"root", "[repo-scan]\nROOT = \"/\"", 2, "ROOT"},
        ConfigMistakeCase{"config", "[repo-scan]\nconfig = \"/x\"", 2, "command line only"},
        ConfigMistakeCase{"help", "[common]\nhelp = true", 2, "command line only"},
        ConfigMistakeCase{"version", "[common]\nversion = true", 2, "command line only"},
        ConfigMistakeCase{"too_low", "[repo-scan]\njobs = 0", 2, "jobs"},
        ConfigMistakeCase{"no_number", "[repo-scan]\njobs = \"many\"", 2, "many"},
        ConfigMistakeCase{"unknown_kind", "[repo-scan]\nkinds = [\n\"svn\",\n\"cvs\"]", 4, "cvs"},
        ConfigMistakeCase{"text_for_a_flag", "[repo-scan]\nquiet = \"true\"", 2, "true or false"},
        ConfigMistakeCase{"number_for_a_flag", "[repo-scan]\nquiet = 1", 2, "true or false"},
        ConfigMistakeCase{"array_for_a_flag", "[repo-scan]\nquiet = []", 2, "true or false"},
        ConfigMistakeCase{"flag_for_a_value", "[repo-scan]\noutput = true", 2, "output"},
        ConfigMistakeCase{"flag_for_a_list", "[repo-scan]\nexclude = true", 2, "exclude"},
        ConfigMistakeCase{"array_for_a_value", "[repo-scan]\njobs = [1]", 2, "one value"},
        ConfigMistakeCase{"syntax", "[repo-scan]\njobs: 1", 2, "key = value"},
        ConfigMistakeCase{"section", "[common]\n[scan]", 2, "[scan]"}),
    test::case_name);

TEST(ScanOptionsTest, ThereAreMoreThreadsThanCoresButNotWithoutLimit) {
  EXPECT_GE(default_scan_jobs(), 8);
  EXPECT_LE(default_scan_jobs(), 64);
}

}  // namespace
}  // namespace repo

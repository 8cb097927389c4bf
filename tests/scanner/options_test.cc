#include "scanner/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "base/exit_code.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::variant<ScanOptions, OptionsMessage> parse(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"repo-scan"};
  for (const std::string& each : arguments) argv.push_back(each.c_str());
  return parse_scan_options(static_cast<int>(argv.size()), argv.data());
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
               parsed.verbose || parsed.quiet || parsed.nice);
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
    testing::Values(MistakeCase{"nothing", {}, "ROOT"}, MistakeCase{"no_root", {"-x"}, "ROOT"},
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
                    MistakeCase{"exclude_without_pattern", {"/", "--exclude"}, "exclude"},
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
          "--fs", "--list", "-0", "--verbose", "--quiet", "--nice", "--version"}) {
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

TEST(ScanOptionsTest, ThereAreMoreThreadsThanCoresButNotWithoutLimit) {
  EXPECT_GE(default_scan_jobs(), 8);
  EXPECT_LE(default_scan_jobs(), 64);
}

}  // namespace
}  // namespace repo

#include "scanner/git_config.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

using Extensions = std::map<std::string, std::string>;

struct ConfigCase : test::NamedCase {
  std::string text;
  Extensions expected;
};

class GitConfigTest : public testing::TestWithParam<ConfigCase> {};

TEST_P(GitConfigTest, ExtensionsAreRead) {
  EXPECT_EQ(read_git_extensions(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, GitConfigTest,
    testing::Values(
        ConfigCase{"empty", "", {}},
        ConfigCase{"as_git_writes_it",
                   "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n",
                   {{"objectformat", "sha256"}}},
        ConfigCase{"several",
                   "[extensions]\n\trefStorage = reftable\n\tpartialClone = origin\n",
                   {{"refstorage", "reftable"}, {"partialclone", "origin"}}},
        ConfigCase{"case_of_section_and_key",
                   "[EXTENSIONS]\nObjectFormat=sha256\n",
                   {{"objectformat", "sha256"}}},
        ConfigCase{"other_sections_do_not_count",
                   "[core]\nobjectformat = sha256\n[extensions \"x\"]\nrefstorage = files\n",
                   {}},
        ConfigCase{"the_section_ends", "[extensions]\na = 1\n[user]\nb = 2\n", {{"a", "1"}}},
        ConfigCase{"twice", "[extensions]\na = 1\n[user]\n[extensions]\na = 2\n", {{"a", "2"}}},
        ConfigCase{"comments",
                   "[extensions]\n# a = 1\n; b = 2\nc = 3 # d\ne = 5;f\n",
                   {{"c", "3"}, {"e", "5"}}},
        ConfigCase{"quotes", "[extensions]\na = \"x # y\"\n", {{"a", "x # y"}}},
        ConfigCase{"on_the_line_of_the_section", "[extensions] a = 1\n", {{"a", "1"}}},
        ConfigCase{"without_a_value", "[extensions]\nnoop\n", {{"noop", "true"}}},
        ConfigCase{"without_a_newline_at_the_end", "[extensions]\na = 1", {{"a", "1"}}},
        ConfigCase{"carriage_returns", "[extensions]\r\na = 1\r\n", {{"a", "1"}}},
        ConfigCase{"unclosed_section", "[extensions\na = 1\n", {}},
        ConfigCase{"only_a_bracket", "[", {}}),
    test::case_name);

}  // namespace
}  // namespace repo

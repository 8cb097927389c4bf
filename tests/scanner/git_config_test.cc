#include "scanner/git_config.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

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

std::string text(const std::optional<bool>& value) {
  return value ? (*value ? "yes" : "no") : "unknown";
}

struct CoreCase : test::NamedCase {
  std::string text;
  std::string bare;
  bool has_worktree = false;
  bool has_promisor = false;
};

class GitCoreTest : public testing::TestWithParam<CoreCase> {};

TEST_P(GitCoreTest, IsRead) {
  const GitConfig config = read_git_config(GetParam().text);
  EXPECT_EQ(text(config.bare), GetParam().bare);
  EXPECT_EQ(config.has_worktree, GetParam().has_worktree);
  EXPECT_EQ(config.has_promisor, GetParam().has_promisor);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, GitCoreTest,
    testing::Values(
        CoreCase{"empty", "", "unknown"}, CoreCase{"bare", "[core]\n\tbare = true\n", "yes"},
        CoreCase{"not_bare", "[core]\n\tbare = false\n", "no"},
        CoreCase{"without_a_value", "[core]\nbare\n", "yes"},
        CoreCase{"with_an_empty_value", "[core]\nbare =\n", "no"},
        CoreCase{"as_a_number", "[core]\nbare = 1\n", "yes"},
        CoreCase{"as_zero", "[core]\nbare = 0\n", "no"},
        CoreCase{"as_another_word", "[Core]\nBare = ON\n", "yes"},
        CoreCase{"as_no_word_of_git", "[core]\nbare = perhaps\n", "unknown"},
        CoreCase{"the_last_one_counts", "[core]\nbare = true\n[core]\nbare = false\n", "no"},
        CoreCase{"of_another_section", "[x]\nbare = true\n[core \"y\"]\nbare = true\n", "unknown"},
        CoreCase{"of_an_old_subsection", "[core.y]\nbare = true\n", "unknown"},
        CoreCase{"worktree", "[core]\nworktree = ../x\n", "unknown", true},
        CoreCase{"partial_clone",
                 "[remote \"origin\"]\n\turl = x\n\tpromisor = true\n[branch \"m\"]\nremote = o\n",
                 "unknown", false, true},
        CoreCase{"partial_clone_of_a_remote_with_an_odd_name",
                 "[remote \"a ] \\\" b\"]\npromisor = true\n", "unknown", false, true},
        CoreCase{"filter_alone", "[remote \"o\"]\npartialCloneFilter = blob:none\n", "unknown",
                 false, true},
        CoreCase{"partial_clone_as_an_extension", "[extensions]\npartialClone = o\n", "unknown",
                 false, true},
        CoreCase{"promisor_no_more", "[remote \"o\"]\npromisor = false\n", "unknown"},
        CoreCase{"promisor_of_no_remote", "[remote]\npromisor = true\n", "unknown"}),
    test::case_name);

}  // namespace
}  // namespace repo

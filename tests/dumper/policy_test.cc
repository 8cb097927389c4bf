// What is copied and what is only listed.
#include "dumper/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dumper/policy_defaults.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr std::uint32_t kCi = 1001;

Result<Policy> read(const std::string& text) {
  const Result<Config> config = parse_config("[policy]\n" + text);
  if (!config) return config.error();
  return read_policy((*config)[0], [](const std::string& kind) {
    return kind == "svn" || kind == "hg" || kind == "git";
  });
}

Policy policy_of(const std::string& text) {
  Result<Policy> policy = read(text);
  if (!policy) {
    ADD_FAILURE() << describe(policy.error());
    return {};
  }
  const auto unknown = find_owners(*policy, [](const std::string& name) {
    return name == "ci" ? std::optional(kCi) : std::nullopt;
  });
  EXPECT_THAT(unknown, IsEmpty());
  return *std::move(policy);
}

Repository repository(const std::string& path, const std::string& kind = "git",
                      std::uint32_t uid = 0) {
  Repository made;
  made.kind = kind;
  made.path = path;
  made.store = path;
  made.uid = uid;
  return made;
}

struct RuleCase : test::NamedCase {
  std::string text;  // of [policy]
  Repository repository;
  std::optional<std::uint64_t> size;
  Verdict verdict;
};

class PolicyTest : public testing::TestWithParam<RuleCase> {};

TEST_P(PolicyTest, Decides) {
  const RuleCase& given = GetParam();
  const Decision decision = decide(policy_of(given.text), given.repository, given.size);
  EXPECT_EQ(decision.verdict, given.verdict);
  // What is listed says by which rule; nothing else does.
  EXPECT_EQ(decision.rule.empty(), given.verdict != Verdict::kList);
  EXPECT_EQ(decision.note.empty(), given.verdict != Verdict::kList);
}

const auto kNoSize = std::optional<std::uint64_t>();

INSTANTIATE_TEST_SUITE_P(
    Paths, PolicyTest,
    testing::Values(
        RuleCase{"no_rule", "", repository("/srv/a"), 1, Verdict::kDump},
        RuleCase{"whole_path", "list = \"/srv/a\"", repository("/srv/a"), 1, Verdict::kList},
        RuleCase{"not_below_it", "list = \"/srv/a\"", repository("/srv/a/b"), 1, Verdict::kDump},
        RuleCase{"star", "list = \"/srv/*\"", repository("/srv/a/b"), 1, Verdict::kList},
        RuleCase{"star_not_itself", "list = \"/srv/*\"", repository("/srv"), 1, Verdict::kDump},
        RuleCase{"inside", "list = \"*/scratch/*\"", repository("/home/x/scratch/y"), 1,
                 Verdict::kList},
        RuleCase{"name_at_the_end", "list = \"tmp\"", repository("/srv/tmp"), 1, Verdict::kList},
        RuleCase{"name_above", "list = \"tmp\"", repository("/srv/tmp/a/b"), 1, Verdict::kList},
        RuleCase{"glob_of_a_name", "list = \"t?p*\"", repository("/srv/tmp2/a"), 1, Verdict::kList},
        RuleCase{"part_of_a_name", "list = \"tmp\"", repository("/srv/tmp2"), 1, Verdict::kDump},
        RuleCase{"name_of_all", "list = \"*\"", repository("/srv/a"), 1, Verdict::kList},
        RuleCase{"class", "list = \"[a-c]\"", repository("/srv/b"), 1, Verdict::kList},
        RuleCase{"explicit_path", "list = \"path=/srv/a\"", repository("/srv/a"), 1,
                 Verdict::kList},
        RuleCase{"equals_sign_in_a_name", "list = \"path=a=b\"", repository("/srv/a=b"), 1,
                 Verdict::kList},
        RuleCase{"equals_sign_in_a_path", "list = \"/srv/a=b\"", repository("/srv/a=b"), 1,
                 Verdict::kList},
        RuleCase{"question_mark_for_a_blank", "list = \"/srv/a?b\"", repository("/srv/a b"), 1,
                 Verdict::kList},
        RuleCase{"not_utf8", "list = \"/srv/\xE9\"", repository("/srv/\xE9"), 1, Verdict::kList},
        RuleCase{"second_of_two", "list = [\"x\", \"a\"]", repository("/srv/a"), 1,
                 Verdict::kList}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Others, PolicyTest,
    testing::Values(
        RuleCase{"kind", "list = \"kind=git\"", repository("/a"), 1, Verdict::kList},
        RuleCase{"another_kind", "list = \"kind=hg\"", repository("/a"), 1, Verdict::kDump},
        RuleCase{"owner_by_name", "list = \"owner=ci\"", repository("/a", "git", kCi), 1,
                 Verdict::kList},
        RuleCase{"another_owner", "list = \"owner=ci\"", repository("/a", "git", 0), 1,
                 Verdict::kDump},
        RuleCase{"owner_by_number", "list = \"owner=1001\"", repository("/a", "git", kCi), 1,
                 Verdict::kList},
        RuleCase{"owner_0", "list = \"owner=0\"", repository("/a"), 1, Verdict::kList},
        RuleCase{"all_hold", "list = \"kind=git  owner=ci */a\"", repository("/srv/a", "git", kCi),
                 1, Verdict::kList},
        RuleCase{"one_does_not", "list = \"kind=git owner=ci */a\"",
                 repository("/srv/b", "git", kCi), 1, Verdict::kDump},
        RuleCase{"above", "list = \"size>1GiB\"", repository("/a"), kGiB + 1, Verdict::kList},
        RuleCase{"not_above", "list = \"size>1GiB\"", repository("/a"), kGiB, Verdict::kDump},
        RuleCase{"below", "list = \"size<2KiB\"", repository("/a"), 2047, Verdict::kList},
        RuleCase{"not_below", "list = \"size<2KiB\"", repository("/a"), 2048, Verdict::kDump},
        RuleCase{"between", "list = \"size>1MiB size<1GiB\"", repository("/a"), kGiB / 2,
                 Verdict::kList},
        RuleCase{"not_between", "list = \"size>1MiB size<1GiB\"", repository("/a"), 1,
                 Verdict::kDump},
        RuleCase{"bytes", "list = \"size>0B\"", repository("/a"), 1, Verdict::kList},
        RuleCase{"tebibytes", "list = \"size>1TiB\"", repository("/a"), 1025 * kGiB,
                 Verdict::kList}),
    test::case_name);

// A dump rule wins, in whatever order, and a size that is not known leaves open only what depends
// on it.
INSTANTIATE_TEST_SUITE_P(
    Together, PolicyTest,
    testing::Values(RuleCase{"dump_wins", "list = \"a\"\ndump = \"/srv/*\"", repository("/srv/a"),
                             1, Verdict::kDump},
                    RuleCase{"dump_wins_before", "dump = \"/srv/*\"\nlist = \"a\"",
                             repository("/srv/a"), 1, Verdict::kDump},
                    RuleCase{"another_dump", "list = \"a\"\ndump = \"b\"", repository("/srv/a"), 1,
                             Verdict::kList},
                    RuleCase{"dump_wins_over_the_built_in", "dump = \"/root/.cargo/git/*\"",
                             repository("/root/.cargo/git/x"), 1, Verdict::kDump},
                    RuleCase{"built_in", "", repository("/root/.cargo/git/x"), 1, Verdict::kList},
                    RuleCase{"built_in_off", "default-list = false",
                             repository("/root/.cargo/git/x"), 1, Verdict::kDump},
                    RuleCase{"built_in_on", "default-list = true", repository("/root/.cargo/git/x"),
                             1, Verdict::kList},
                    RuleCase{"list_needs_the_size", "list = \"size>1GiB\"", repository("/a"),
                             kNoSize, Verdict::kAskAgain},
                    RuleCase{"list_does_not", "list = [\"size>1GiB\", \"a\"]", repository("/a"),
                             kNoSize, Verdict::kList},
                    RuleCase{"built_in_does_not", "list = \"size>1GiB\"", repository("/x/.cache/a"),
                             kNoSize, Verdict::kList},
                    RuleCase{"another_part_says_no", "list = \"size>1GiB kind=hg\"",
                             repository("/a"), kNoSize, Verdict::kDump},
                    RuleCase{"dump_needs_the_size", "list = \"a\"\ndump = \"size<1GiB\"",
                             repository("/a"), kNoSize, Verdict::kAskAgain},
                    RuleCase{"dump_has_the_size", "list = \"a\"\ndump = \"size<1GiB\"",
                             repository("/a"), 1, Verdict::kDump},
                    RuleCase{"dump_has_another_size", "list = \"a\"\ndump = \"size<1GiB\"",
                             repository("/a"), kGiB, Verdict::kList},
                    RuleCase{"dump_needs_no_size_alone", "dump = \"size<1GiB\"", repository("/a"),
                             kNoSize, Verdict::kDump},
                    RuleCase{"a_dump_rule_that_holds",
                             "list = \"a\"\ndump = [\"size<1GiB\", \"a\"]", repository("/a"),
                             kNoSize, Verdict::kDump}),
    test::case_name);

TEST(PolicyNoteTest, NamesTheRule) {
  const Policy policy = policy_of("list = [\"b\", \"kind=git /srv/*\"]");
  Decision decision = decide(policy, repository("/srv/a"), 1);
  EXPECT_EQ(decision.rule, "kind=git /srv/*");
  EXPECT_EQ(decision.note, "listed only: the list rule \"kind=git /srv/*\" of [policy]");
  decision = decide(policy, repository("/root/.cargo/registry/index/x"), 1);
  EXPECT_EQ(decision.rule, ".cargo/registry");
  EXPECT_THAT(decision.note, testing::StartsWith("listed only: .cargo/registry holds "));
  EXPECT_THAT(decision.note, HasSubstr("a dump rule in [policy] copies it"));
}

TEST(PolicyNoteTest, TheAdministratorsRuleIsNamedBeforeTheBuiltInOne) {
  EXPECT_EQ(decide(policy_of("list = \"/root/*\""), repository("/root/.cache/x"), 1).rule,
            "/root/*");
}

// So that nothing is left out because a directory service is away.
TEST(PolicyOwnerTest, ARuleForAUserWhoIsNotThereListsNothingDumpsAllAndIsTold) {
  Result<Policy> policy =
      read("list = [\"owner=nobody-here\", \"owner=7\"]\n\ndump = \"owner=ghost\"");
  ASSERT_TRUE(policy);
  std::vector<std::string> asked;
  const std::vector<Rule> unknown = find_owners(*policy, [&](const std::string& name) {
    asked.push_back(name);
    return std::optional<std::uint32_t>();
  });
  EXPECT_THAT(asked, ElementsAre("nobody-here", "ghost"));
  ASSERT_EQ(unknown.size(), 2U);
  EXPECT_EQ(unknown[0].owner, "nobody-here");
  EXPECT_EQ(unknown[0].line, 2);
  EXPECT_EQ(unknown[1].line, 4);
  EXPECT_EQ(decide(*policy, repository("/a", "git", 7), 1).verdict, Verdict::kDump);
  policy->dump.clear();
  EXPECT_EQ(decide(*policy, repository("/a", "git", 0), 1).verdict, Verdict::kDump);
  EXPECT_EQ(decide(*policy, repository("/a", "git", 7), 1).verdict, Verdict::kList);
}

TEST(PolicyOwnerTest, TheOtherConditionsOfSuchADumpRuleHold) {
  Result<Policy> policy = read("list = \"*\"\ndump = \"owner=ghost kind=hg\"");
  ASSERT_TRUE(policy);
  find_owners(*policy, [](const std::string&) { return std::optional<std::uint32_t>(); });
  EXPECT_EQ(decide(*policy, repository("/a", "hg", 7), 1).verdict, Verdict::kDump);
  EXPECT_EQ(decide(*policy, repository("/a", "git", 7), 1).verdict, Verdict::kList);
}

struct MistakeCase : test::NamedCase {
  std::string text;
  int line;
  std::string word;
};

class PolicyMistakeTest : public testing::TestWithParam<MistakeCase> {};

TEST_P(PolicyMistakeTest, IsToldWithItsLine) {
  const Result<Policy> policy = read(GetParam().text);
  ASSERT_FALSE(policy) << "taken";
  EXPECT_THAT(describe(policy.error()),
              testing::StartsWith("line " + std::to_string(GetParam().line) + ": "));
  EXPECT_THAT(describe(policy.error()), HasSubstr(GetParam().word));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, PolicyMistakeTest,
    testing::Values(
        MistakeCase{"unknown_key", "lsit = \"a\"", 2, "lsit"},
        MistakeCase{"rule_that_is_a_bool", "list = true", 2, "list"},
        MistakeCase{"default_list_as_text", "default-list = \"false\"", 2, "true or false"},
        MistakeCase{"default_list_as_number", "default-list = 0", 2, "true or false"},
        MistakeCase{"no_condition", "list = [\n\"a\",\n\" \"]", 4, "without a condition"},
        MistakeCase{"empty", "dump = \"\"", 2, "without a condition"},
        MistakeCase{"unknown_condition", "list = [\n\"a\",\n\"uid=3\"]", 4, "uid=3"},
        MistakeCase{"capital", "list = \"Kind=git\"", 2, "Kind=git"},
        MistakeCase{"blanks_around_the_sign", "list = \"kind = git\"", 2, "\"=\""},
        MistakeCase{"blank_in_a_path", "list = \"/srv/my repos/*\"", 2, "two of path"},
        MistakeCase{"tilde", "dump = \"~/keep/*\"", 2, "matches no path"},
        MistakeCase{"relative_path", "dump = \"srv/keep\"", 2, "matches no path"},
        MistakeCase{"slash_at_the_end", "dump = \"/srv/keep/\"", 2, "\"/srv/keep/*\""},
        MistakeCase{"two_kinds", "list = \"kind=git kind=hg\"", 2, "two of kind"},
        MistakeCase{"two_owners", "list = \"owner=1 owner=2\"", 2, "two of owner"},
        MistakeCase{"two_sizes", "list = \"size>1B size>2B\"", 2, "two of size"},
        MistakeCase{"no_kind", "list = \"kind=\"", 2, "needs a value"},
        MistakeCase{"no_owner", "list = \"owner=\"", 2, "needs a value"},
        MistakeCase{"no_path", "list = \"path=\"", 2, "needs a value"},
        MistakeCase{"no_size", "list = \"size>\"", 2, "needs a value"},
        MistakeCase{"unknown_kind", "list = \"kind=gti\"", 2, "gti"},
        MistakeCase{"kind_above", "list = \"kind>git\"", 2, "kind>git"},
        MistakeCase{"size_equals", "list = \"size=1B\"", 2, "size=1B"},
        MistakeCase{"size_at_least", "list = \"size>=1GiB\"", 2, "size>=1GiB"},
        MistakeCase{"size_without_unit", "list = \"size>50\"", 2, "GiB"},
        MistakeCase{"size_with_another_unit", "list = \"size>50GB\"", 2, "50GB"},
        MistakeCase{"size_without_number", "list = \"size>GiB\"", 2, "size>GiB"},
        MistakeCase{"size_below_nothing", "list = \"size>-1GiB\"", 2, "size>-1GiB"},
        MistakeCase{"size_with_a_fraction", "list = \"size>1.5GiB\"", 2, "size>1.5GiB"},
        MistakeCase{"size_beyond_all", "list = \"size>99999999999TiB\"", 2, "TiB"}),
    test::case_name);

struct FolderCase : test::NamedCase {
  std::string path;
  bool listed;
};

class DefaultRulesTest : public testing::TestWithParam<FolderCase> {};

TEST_P(DefaultRulesTest, ListWhatAToolWouldFetchAgainAndNothingOfAPersons) {
  const Decision decision = decide(Policy(), repository(GetParam().path), std::nullopt);
  EXPECT_EQ(decision.verdict, GetParam().listed ? Verdict::kList : Verdict::kDump) << decision.note;
  EXPECT_EQ(decide(Policy(), repository(GetParam().path, "svn", 0), std::nullopt).verdict,
            Verdict::kDump)
      << "no tool fetches such a one";
}

INSTANTIATE_TEST_SUITE_P(
    Paths, DefaultRulesTest,
    testing::Values(
        FolderCase{"cargo_git", "/home/a/.cargo/git/db/serde-1f", true},
        FolderCase{"cargo_registry", "/root/.cargo/registry/index/crates", true},
        FolderCase{"cargo_itself", "/home/a/.cargo", false},
        FolderCase{"cargo_of_his_own", "/home/a/.cargo/keep/x", false},
        FolderCase{"node_modules", "/srv/www/app/node_modules/x", true},
        FolderCase{"node_modules_itself", "/srv/www/app/node_modules", true},
        FolderCase{"node_modules_as_a_part", "/srv/my_node_modules/x", false},
        FolderCase{"node_modules_with_a_tail", "/srv/node_modules.old/x", false},
        FolderCase{"cache", "/home/a/.cache/pre-commit/repo1", true},
        FolderCase{"var_cache", "/var/cache/git/x", false},
        FolderCase{"vim_plugged", "/home/a/.vim/plugged/fugitive", true},
        FolderCase{"vim_bundle", "/home/a/.vim/bundle/x", false},
        FolderCase{"vim_itself", "/home/a/.vim", false},
        FolderCase{"nvim", "/home/a/.local/share/nvim/lazy/x", true},
        FolderCase{"nvim_config", "/home/a/.config/nvim", false},
        FolderCase{"straight", "/home/a/.emacs.d/straight/repos/x", false},
        FolderCase{"emacs_itself", "/home/a/.emacs.d", false},
        FolderCase{"vscode", "/home/a/.vscode/extensions/x", true},
        FolderCase{"go_modules", "/home/a/go/pkg/mod/cache/vcs/1f", true},
        FolderCase{"go_source", "/home/a/go/src/x", false},
        FolderCase{"rustup", "/home/a/.rustup", true},
        FolderCase{"npm", "/home/a/.npm/_cacache/tmp/x", true},
        FolderCase{"pyenv", "/home/a/.pyenv", true}, FolderCase{"rbenv", "/home/a/.rbenv", true},
        FolderCase{"rbenv_plugins", "/home/a/.rbenv/plugins/x", false},
        FolderCase{"oh_my_zsh", "/home/a/.oh-my-zsh", true},
        FolderCase{"oh_my_zsh_custom", "/home/a/.oh-my-zsh/custom", false},
        FolderCase{"container_layers", "/home/a/.local/share/containers/storage/overlay/1/diff/x",
                   false},
        FolderCase{"container_volumes",
                   "/home/a/.local/share/containers/storage/volumes/gitea/_data/x.git", false},
        FolderCase{"docker_volumes", "/var/lib/docker/volumes/gitea/_data/x.git", false},
        FolderCase{"julia_dev", "/home/a/.julia/dev/X", false},
        FolderCase{"home", "/home/a", false}, FolderCase{"top", "/", false}),
    test::case_name);

TEST(DefaultRuleTableTest, EachAppliesToItsFolderAndOnlyOneTellsWhatItHolds) {
  for (const DefaultRule& rule : default_rules()) {
    const std::string folder(rule.folder);
    EXPECT_TRUE(applies(rule, "/home/a/" + folder)) << folder;
    EXPECT_EQ(applies(rule, "/home/a/" + folder + "/x"), !rule.itself_only) << folder;
    EXPECT_FALSE(applies(rule, "/home/a/x" + folder)) << folder;
    EXPECT_FALSE(applies(rule, "/home/a/" + folder + "x")) << folder;
    EXPECT_FALSE(applies(rule, folder)) << folder;
    EXPECT_FALSE(rule.holds.empty()) << folder;
    int applying = 0;
    for (const DefaultRule& other : default_rules()) {
      applying += applies(other, "/home/a/" + folder) ? 1 : 0;
    }
    EXPECT_EQ(applying, 1) << folder;
  }
}

}  // namespace
}  // namespace repo

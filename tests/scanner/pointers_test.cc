#include "scanner/pointers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "scanner/item_id.h"
#include "scanner/manifest.h"
#include "tests/scanner/manifest_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// --- by text ---

struct TextCase : test::NamedCase {
  std::string base;
  std::string path;
  std::string expected;
};

class CanonicalByTextTest : public testing::TestWithParam<TextCase> {};

TEST_P(CanonicalByTextTest, Is) {
  const std::string result = canonical_by_text(GetParam().base, GetParam().path);
  EXPECT_EQ(result, GetParam().expected);
  EXPECT_TRUE(is_canonical_path(result));
}

INSTANTIATE_TEST_SUITE_P(
    Paths, CanonicalByTextTest,
    testing::Values(TextCase{"absolute", "/a", "/srv/x.git", "/srv/x.git"},
                    TextCase{"relative", "/a/b", "../.git/modules/b", "/a/.git/modules/b"},
                    TextCase{"share", "/b/r", ".hg/../../source/.hg", "/b/source/.hg"},
                    TextCase{"dots_and_slashes", "/a", "//srv/.//x/./y/", "/srv/x/y"},
                    TextCase{"up_beyond_the_root", "/a", "../../../../x", "/x"},
                    TextCase{"up_to_the_root", "/a/b", "../..", "/"},
                    TextCase{"absolute_up_beyond_the_root", "/a", "/../../x", "/x"},
                    TextCase{"from_the_root", "/", "x/.hg", "/x/.hg"},
                    TextCase{"the_root", "/a", "/", "/"}, TextCase{"nothing", "/a/b", "", "/a/b"},
                    TextCase{"here", "/a/b", ".", "/a/b"},
                    TextCase{"names_with_dots", "/a", "/..x/.../y..", "/..x/.../y.."},
                    TextCase{"no_text", "/a", "caf\xE9\n/..", "/a"},
                    TextCase{"up_to_a_nul", "/a", std::string("x\0/../..", 8), "/a/x"}),
    test::case_name);

// --- which repository ---

Repository git(const std::string& path, bool bare = false) {
  Repository repository;
  repository.kind = "git";
  repository.path = path;
  repository.store = bare ? path : join_path(path, ".git");
  return repository;
}

struct LeadCase : test::NamedCase {
  std::string kind;
  std::string target;
  std::string path;  // of the repository; empty: none
};

class ResolvePointersTest : public testing::TestWithParam<LeadCase> {};

TEST_P(ResolvePointersTest, LeadsTo) {
  ScanResult result;
  result.repositories = {git("/b"),   git("/srv/x.git", true), git("/b/.git/backup/y.git", true),
                         hg("/b"),    hg("/srv/hg"),           git("/b/.git/modules/z/backup"),
                         svn("/svn"), git("/caf\xE9"),         git("/r", true)};
  result.pointers = {{GetParam().kind, "/p", GetParam().target, "why"}};
  resolve_pointers(result);
  const std::optional<std::string> expected =
      GetParam().path.empty() ? std::nullopt : std::optional(make_item_id(GetParam().path));
  EXPECT_EQ(result.pointers[0].repository, expected);
}

INSTANTIATE_TEST_SUITE_P(
    Targets, ResolvePointersTest,
    testing::Values(
        LeadCase{"its_store", "git", "/b/.git", "/b"}, LeadCase{"its_path", "git", "/b", "/b"},
        LeadCase{"bare", "git", "/srv/x.git", "/srv/x.git"},
        LeadCase{"worktree", "git", "/b/.git/worktrees/wt", "/b"},
        LeadCase{"worktree_of_a_bare_one", "git", "/srv/x.git/worktrees/wt", "/srv/x.git"},
        LeadCase{"submodule", "git", "/b/.git/modules/a", "/b"},
        LeadCase{"submodule_with_slashes", "git", "/b/.git/modules/a/b/c", "/b"},
        LeadCase{"submodule_in_a_submodule", "git", "/b/.git/modules/a/modules/c", "/b"},
        LeadCase{"submodule_in_a_worktree", "git", "/b/.git/worktrees/wt/modules/c", "/b"},
        LeadCase{"the_innermost", "git", "/b/.git/backup/y.git/worktrees/wt",
                 "/b/.git/backup/y.git"},
        LeadCase{"the_innermost_in_modules", "git", "/b/.git/modules/z/backup/.git/worktrees/wt",
                 "/b/.git/modules/z/backup"},
        LeadCase{"in_the_path_and_not_in_the_store", "git", "/b/worktrees/wt", ""},
        LeadCase{"another_folder_of_the_store", "git", "/b/.git/objects", ""},
        LeadCase{"the_folder_modules_itself", "git", "/b/.git/modules", ""},
        LeadCase{"a_longer_name", "git", "/srv/x.git2/worktrees/wt", ""},
        LeadCase{"a_shorter_name", "git", "/srv/x/worktrees/wt", ""},
        LeadCase{"nowhere", "git", "/none/.git/worktrees/wt", ""},
        LeadCase{"the_root", "git", "/", ""},
        LeadCase{"below_the_root", "git", "/worktrees/wt", ""},
        LeadCase{"not_text", "git", "/caf\xE9/.git/worktrees/wt", "/caf\xE9"},
        LeadCase{"share", "hg", "/srv/hg/.hg", "/srv/hg"},
        LeadCase{"kinds_are_kept_apart", "hg", "/b/.git", ""},
        LeadCase{"kinds_are_kept_apart_in_one_place", "hg", "/b/.hg", "/b"},
        LeadCase{"hg_has_no_such_folders", "hg", "/srv/hg/.hg/worktrees/wt", ""},
        LeadCase{"an_unknown_kind", "cvs", "/b", ""}),
    test::case_name);

TEST(ResolvePointersOrderTest, OfTwoThatShareAStoreThePathDecides) {
  Repository inner = git("/b/.git", true);  // that was a root
  for (const bool inner_first : {true, false}) {
    ScanResult result;
    result.repositories = {inner_first ? inner : git("/b"), inner_first ? git("/b") : inner};
    result.pointers = {{"git", "/p", "/b/.git/worktrees/wt", "linked worktree"}};
    resolve_pointers(result);
    EXPECT_EQ(result.pointers[0].repository, make_item_id("/b"));
  }
}

TEST(ResolvePointersLimitsTest, S9_ATargetOfManyFoldersModulesCostsLittle) {
  ScanResult result;
  result.repositories = {git("/b")};
  std::string target = "/b/.git";
  for (int i = 0; i < 500; ++i) target += "/modules";
  result.pointers.assign(1000, {"git", "/p", target + "/x", "submodule"});
  resolve_pointers(result);
  EXPECT_EQ(result.pointers[0].repository, std::nullopt);
}

TEST(ResolvePointersManifestTest, TheIdStandsInTheManifest) {
  ScanResult result;
  result.repositories = {git("/b")};
  result.pointers = {{"git", "/x", "/b/.git/worktrees/x", "linked worktree"},
                     {"git", "/y", "/none/.git/worktrees/x", "linked worktree"}};
  resolve_pointers(result);
  const Json document = parsed(write_manifest(header(), result));
  EXPECT_EQ(document["pointers"][0]["repository"], document["repositories"][0]["id"]);
  EXPECT_FALSE(document["pointers"][1].contains("repository"));
}

// --- what a person is told ---

Pointer lost(const std::string& path, const std::string& target, const std::string& why) {
  return {"git", path, target, why};
}

TEST(TellLostPointersTest, EachSaysWhatItIsOf) {
  ScanResult result;
  result.pointers = {lost("/4", "/srv/sep.git", "separate git directory"),
                     {"hg", "/3", "/srv/s/.hg", "share"},
                     lost("/1", "/srv/x.git/worktrees/wt", "linked worktree"),
                     lost("/2", "/b/.git/modules/l", "submodule"),
                     lost("/5", "/b/.git", "git directory with the objects and refs of another"),
                     lost("/6", "/worktrees/x", "linked worktree")};
  EXPECT_THAT(tell_lost_pointers(result, true),
              ElementsAre("/1 is a linked worktree of /srv/x.git, which was not found",
                          "/2 is a submodule, kept in /b/.git/modules/l, which was not found",
                          "/3 is a share of /srv/s/.hg, which was not found",
                          "/4 has its git directory at /srv/sep.git, which was not found",
                          "/5 leads to /b/.git, which was not found",
                          "/6 is a linked worktree of /worktrees/x, which was not found"));
}

TEST(TellLostPointersTest, WhatWasFoundIsNotTold) {
  ScanResult result;
  result.pointers = {lost("/1", "/b/.git/worktrees/x", "linked worktree")};
  result.pointers[0].repository = "id";
  EXPECT_THAT(tell_lost_pointers(result, true), IsEmpty());
  EXPECT_THAT(tell_lost_pointers(ScanResult(), false), IsEmpty());
}

TEST(TellLostPointersTest, OfManyTheFirstThreeByPathAndHowManyMore) {
  ScanResult result;
  for (const char* path : {"/e", "/b", "/d", "/a", "/c"}) {
    result.pointers.push_back(lost(path, "/x", "share"));
  }
  const std::vector<std::string> lines = tell_lost_pointers(result, false);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_THAT(lines[0], HasSubstr("/a "));
  EXPECT_THAT(lines[1], HasSubstr("/b "));
  EXPECT_THAT(lines[2], HasSubstr("/c "));
  EXPECT_THAT(lines[3], HasSubstr("2 more"));
  EXPECT_EQ(tell_lost_pointers(result, true).size(), 5U);
  result.pointers.resize(3);
  EXPECT_EQ(tell_lost_pointers(result, false).size(), 3U);
}

TEST(TellLostPointersTest, S10_ALineIsALine) {
  ScanResult result;
  result.pointers = {lost("/a\nb", "/c\x1b[2J", "share")};
  EXPECT_THAT(tell_lost_pointers(result, false),
              ElementsAre("/a\\nb is a share of /c\\x1b[2J, which was not found"));
}

}  // namespace
}  // namespace repo

// What is different between two manifests: tables of pairs.
#include "scanner/diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "scanner/diff_print.h"
#include "tests/scanner/manifest_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::HasSubstr;

// Identity and inode as they are told; "" and 0 for one of its own.
ManifestItem at(const std::string& kind, const std::string& path, const std::string& identity = "",
                std::uint64_t inode = 0) {
  static std::uint64_t next = 1'000'000;
  Repository repository;
  repository.kind = kind;
  repository.path = path;
  repository.store = path;
  if (kind == "hg") repository.store = join_path(path, ".hg");
  repository.device = 1;
  repository.inode = inode != 0 ? inode : ++next;
  const char* key = kind == "hg" ? "first" : kind == "postgres" ? "system_identifier" : "uuid";
  if (!identity.empty()) repository.detail = {{key, identity}};
  return {"", repository};
}

Manifest scan(std::vector<ManifestItem> items) {
  Manifest manifest;
  manifest.host = "web1";
  manifest.roots = {"/srv"};
  manifest.complete = true;
  manifest.items = std::move(items);
  return manifest;
}

std::string text(const Manifest& older, const Manifest& now) {
  return difference_text(compare(older, now));
}

struct PairCase : test::NamedCase {
  std::vector<ManifestItem> older;
  std::vector<ManifestItem> now;
  std::string told;
};

class DifferenceTest : public testing::TestWithParam<PairCase> {};

TEST_P(DifferenceTest, IsTold) {
  EXPECT_EQ(text(scan(GetParam().older), scan(GetParam().now)), GetParam().told);
}

// The order of a manifest is not relied on.
TEST_P(DifferenceTest, IsTheSameInAnyOrder) {
  const PairCase& param = GetParam();
  std::vector<ManifestItem> older(param.older.rbegin(), param.older.rend());
  std::vector<ManifestItem> now(param.now.rbegin(), param.now.rend());
  EXPECT_EQ(text(scan(older), scan(now)), param.told);
}

INSTANTIATE_TEST_SUITE_P(
    Kept, DifferenceTest,
    testing::Values(
        PairCase{"nothing_at_all", {}, {}, ""},
        PairCase{"the_same", {at("svn", "/srv/a", "A", 1)}, {at("svn", "/srv/a", "A", 1)}, ""},
        PairCase{
            "restored_in_its_place", {at("svn", "/srv/a", "A")}, {at("svn", "/srv/a", "A")}, ""},
        PairCase{"git_with_another_inode", {at("git", "/srv/a")}, {at("git", "/srv/a")}, ""},
        PairCase{"identity_not_known_before", {at("hg", "/srv/a")}, {at("hg", "/srv/a", "A")}, ""},
        PairCase{"identity_not_known_now", {at("hg", "/srv/a", "A")}, {at("hg", "/srv/a")}, ""},
        PairCase{"twice_in_the_older_one",
                 {at("git", "/srv/a"), at("git", "/srv/a")},
                 {at("git", "/srv/a")},
                 ""}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    NewAndGone, DifferenceTest,
    testing::Values(PairCase{"new", {}, {at("svn", "/srv/a", "A")}, "new      svn  /srv/a\n"},
                    PairCase{"gone", {at("hg", "/srv/b", "B")}, {}, "gone     hg   /srv/b\n"},
                    PairCase{
                        "sorted_by_raw_path",
                        {at("git", "/srv/a/x"), at("git", "/srv/\xFF")},
                        {at("git", "/srv/a-b"), at("git", "/srv/Z")},
                        "new      git  /srv/Z\nnew      git  /srv/a-b\ngone     git  /srv/a/x\n"
                        "gone     git  /srv/\\xff\n"},
                    PairCase{"another_kind_beside_it",
                             {at("git", "/srv/a")},
                             {at("git", "/srv/a"), at("hg", "/srv/a")},
                             "new      hg   /srv/a\n"},
                    PairCase{"names_that_are_hostile",
                             {},
                             {at("git", "/srv/\n new"), at("git", "/srv/\x1b[2J")},
                             "new      git  /srv/\\n new\nnew      git  /srv/\\x1b[2J\n"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Moved, DifferenceTest,
    testing::Values(PairCase{"by_inode",
                             {at("git", "/srv/c", "", 7)},
                             {at("git", "/srv/d", "", 7)},
                             "moved    git  /srv/c -> /srv/d\n"},
                    PairCase{"by_uuid",
                             {at("svn", "/srv/c", "A")},
                             {at("svn", "/srv/d", "A")},
                             "moved    svn  /srv/c -> /srv/d\n"},
                    PairCase{"by_first_changeset",
                             {at("hg", "/srv/c", "A")},
                             {at("hg", "/srv/b", "A")},
                             "moved    hg   /srv/c -> /srv/b\n"},
                    PairCase{"not_a_copy_of_one_that_stays",
                             {at("svn", "/srv/c", "A")},
                             {at("svn", "/srv/c", "A"), at("svn", "/srv/d", "A")},
                             "new      svn  /srv/d\n"},
                    PairCase{"not_another_kind",
                             {at("git", "/srv/c", "", 7)},
                             {at("hg", "/srv/d", "", 7)},
                             "gone     git  /srv/c\nnew      hg   /srv/d\n"},
                    PairCase{"not_by_an_inode_that_is_used_again",
                             {at("svn", "/srv/c", "A", 7)},
                             {at("svn", "/srv/d", "B", 7)},
                             "gone     svn  /srv/c\nnew      svn  /srv/d\n"},
                    PairCase{"inode_before_uuid",
                             {at("svn", "/srv/a", "A", 7)},
                             {at("svn", "/srv/b", "A", 8), at("svn", "/srv/c", "A", 7)},
                             "moved    svn  /srv/a -> /srv/c\nnew      svn  /srv/b\n"},
                    PairCase{"inodes_of_all_before_uuids",
                             {at("svn", "/srv/a", "A", 6), at("svn", "/srv/b", "A", 7)},
                             {at("svn", "/srv/c", "A", 7), at("svn", "/srv/d", "A", 8)},
                             "moved    svn  /srv/a -> /srv/d\nmoved    svn  /srv/b -> /srv/c\n"},
                    PairCase{
                        "copies_in_the_order_of_paths",
                        {at("hg", "/srv/a", "A"), at("hg", "/srv/b", "A")},
                        {at("hg", "/srv/c", "A"), at("hg", "/srv/d", "A"), at("hg", "/srv/e", "A")},
                        "moved    hg   /srv/a -> /srv/c\nmoved    hg   /srv/b -> /srv/d\n"
                        "new      hg   /srv/e\n"},
                    PairCase{"more_gone_than_new",
                             {at("hg", "/srv/a", "A"), at("hg", "/srv/b", "A")},
                             {at("hg", "/srv/c", "A")},
                             "moved    hg   /srv/a -> /srv/c\ngone     hg   /srv/b\n"},
                    PairCase{"an_identity_of_another_kind_is_none",
                             {at("svn", "/srv/a", "A")},
                             {at("hg", "/srv/b", "A")},
                             "gone     svn  /srv/a\nnew      hg   /srv/b\n"},
                    PairCase{"a_cluster_on_another_disk",
                             {at("postgres", "/srv/a", "7")},
                             {at("postgres", "/srv/b", "7")},
                             "moved    postgres /srv/a -> /srv/b\n"},
                    PairCase{"a_cluster_made_anew",
                             {at("postgres", "/srv/a", "7")},
                             {at("postgres", "/srv/a", "8")},
                             "replaced postgres /srv/a\n"},
                    PairCase{"what_git_says_is_no_identity",
                             {at("git", "/srv/a", "A")},
                             {at("git", "/srv/b", "A")},
                             "gone     git  /srv/a\nnew      git  /srv/b\n"},
                    PairCase{"sorted_by_where_it_was",
                             {at("git", "/srv/c", "", 7)},
                             {at("git", "/srv/a", "", 7), at("git", "/srv/b")},
                             "new      git  /srv/b\nmoved    git  /srv/c -> /srv/a\n"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    ChangedAndReplaced, DifferenceTest,
    testing::Values(PairCase{"changed",
                             {at("svn", "/srv/e", "A")},
                             {at("git", "/srv/e")},
                             "changed  svn -> git  /srv/e\n"},
                    PairCase{"changed_beside_one_that_stays",
                             {at("hg", "/srv/e"), at("svn", "/srv/e", "A")},
                             {at("git", "/srv/e"), at("hg", "/srv/e")},
                             "changed  svn -> git  /srv/e\n"},
                    PairCase{"two_kinds_for_one",
                             {at("svn", "/srv/e", "A")},
                             {at("git", "/srv/e"), at("hg", "/srv/e")},
                             "new      git  /srv/e\nnew      hg   /srv/e\ngone     svn  /srv/e\n"},
                    PairCase{"moved_away_and_another_kind_in_its_place",
                             {at("svn", "/srv/e", "A")},
                             {at("git", "/srv/e"), at("svn", "/srv/f", "A")},
                             "new      git  /srv/e\nmoved    svn  /srv/e -> /srv/f\n"},
                    PairCase{"replaced_svn",
                             {at("svn", "/srv/x", "A", 7)},
                             {at("svn", "/srv/x", "B", 7)},
                             "replaced svn  /srv/x\n"},
                    PairCase{"replaced_hg",
                             {at("hg", "/srv/x", "A")},
                             {at("hg", "/srv/x", "B")},
                             "replaced hg   /srv/x\n"},
                    PairCase{"moved_away_and_another_in_its_place",
                             {at("svn", "/srv/x", "A")},
                             {at("svn", "/srv/x", "B"), at("svn", "/srv/y", "A")},
                             "new      svn  /srv/x\nmoved    svn  /srv/x -> /srv/y\n"},
                    PairCase{"moved_over_another",
                             {at("svn", "/srv/x", "A"), at("svn", "/srv/y", "B")},
                             {at("svn", "/srv/x", "B")},
                             "gone     svn  /srv/x\nmoved    svn  /srv/y -> /srv/x\n"},
                    PairCase{"a_copy_over_another_comes_after_those_before_it",
                             {at("svn", "/srv/a", "A"), at("svn", "/srv/z", "B")},
                             {at("svn", "/srv/b", "A"), at("svn", "/srv/z", "A")},
                             "moved    svn  /srv/a -> /srv/b\nreplaced svn  /srv/z\n"},
                    PairCase{"exchanged",
                             {at("hg", "/srv/x", "A"), at("hg", "/srv/y", "B")},
                             {at("hg", "/srv/x", "B"), at("hg", "/srv/y", "A")},
                             "moved    hg   /srv/x -> /srv/y\nmoved    hg   /srv/y -> /srv/x\n"}),
    test::case_name);

// --- what the scan cannot know ---

struct DoubtCase : test::NamedCase {
  std::function<void(Manifest& now)> change;
  std::string told;
  std::string kind = "svn";
};

class DoubtTest : public testing::TestWithParam<DoubtCase> {};

TEST_P(DoubtTest, IsNotCalledGone) {
  const Manifest older = scan({at(GetParam().kind, "/srv/a/b", "A", 7)});
  Manifest now = scan({});
  EXPECT_EQ(text(older, now).substr(0, 7), GetParam().kind == "cvs" ? "unknown" : "gone   ");
  // Nor does it move: what it is paired with is as doubtful.
  now.items = {at(GetParam().kind, "/srv/z", "A", 7)};
  GetParam().change(now);
  EXPECT_THAT(text(older, now),
              HasSubstr("unknown  " + GetParam().kind + "  /srv/a/b (" + GetParam().told + ")\n"));
  EXPECT_THAT(text(older, now), HasSubstr("new      " + GetParam().kind + "  /srv/z\n"));
}

auto pruned(const std::string& path) {
  return [=](Manifest& now) { now.pruned = {{path, "excluded"}}; };
}

auto failed(const Error& error) {
  return [=](Manifest& now) {
    now.errors = {error};
    now.complete = false;
  };
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, DoubtTest,
    testing::Values(
        DoubtCase{"another_root",
                  [](Manifest& now) {
                    now.roots = {"/srv/a-b", "/srv/a/b/c"};
                  },
                  "outside the roots"},
        DoubtCase{"not_complete", [](Manifest& now) { now.complete = false; },
                  "the scan is not complete"},
        DoubtCase{"kind_not_wanted",
                  [](Manifest& now) {
                    now.kinds = {"git", "hg"};
                  },
                  "this kind was not looked for"},
        DoubtCase{"kind_not_known", [](Manifest&) {}, "this kind was not looked for", "cvs"},
        DoubtCase{"kind_of_a_user_for_other_places",
                  [](Manifest& now) {
                    now.user_kinds = {{"cvs", {"/srv/a-b", "/srv/a/b/c"}}};
                  },
                  "this kind was not looked for", "cvs"},
        DoubtCase{"pruned_itself", pruned("/srv/a/b"), "not entered: excluded"},
        DoubtCase{"pruned_above", pruned("/srv/a"), "/srv/a was not entered: excluded"},
        DoubtCase{"error_itself", failed(system_error("open", "/srv/a/b", EACCES)),
                  "cannot open /srv/a/b: Permission denied"},
        DoubtCase{"error_above", failed(system_error("read", "/srv", EIO)),
                  "cannot read /srv: Input/output error"},
        DoubtCase{"broken", failed(plain_error("probe", "/srv/a/b/db/fs-type", "odd")),
                  "cannot probe /srv/a/b/db/fs-type: odd"},
        DoubtCase{"broken_beside_what_sorts_between",
                  [](Manifest& now) {
                    now.errors = {plain_error("probe", "/srv/a/b-c", "x"),
                                  plain_error("probe", "/srv/a/b/db/fs-type", "odd")};
                    now.complete = false;
                  },
                  "cannot probe /srv/a/b/db/fs-type: odd"},
        DoubtCase{"error_elsewhere", failed(system_error("open", "/srv/a/b/c", EACCES)),
                  "the scan is not complete"},
        DoubtCase{"error_of_a_root_as_it_was_given", failed(system_error("open", "x", ENOENT)),
                  "the scan is not complete"},
        DoubtCase{"hostile_reason",
                  [](Manifest& now) {
                    now.pruned = {{"/srv/a", "\x1b[2J"}};
                  },
                  "/srv/a was not entered: \\x1b[2J"}),
    test::case_name);

TEST(DoubtTest, AKindOfAUserThatWasLookedForThereIsGone) {
  const Manifest older = scan({at("cvs", "/srv/a/b")});
  for (const std::vector<std::string>& paths :
       {std::vector<std::string>(), {"/srv/a"}, {"/x", "/srv/a/b"}}) {
    Manifest now = scan({});
    now.user_kinds = {{"other", {}}, {"cvs", paths}};
    EXPECT_EQ(text(older, now), "gone     cvs  /srv/a/b\n");
  }
}

TEST(DoubtTest, WhatLiesInAFolderThatARepositoryHasForItselfIsNotLookedFor) {
  const Manifest older = scan({at("hg", "/srv/a/hooks/x"), at("hg", "/srv/a/other/x")});
  EXPECT_EQ(text(older, scan({at("svn", "/srv/a", "A")})),
            "new      svn  /srv/a\n"
            "unknown  hg   /srv/a/hooks/x (/srv/a/hooks belongs to a repository, and was not "
            "entered)\n"
            "gone     hg   /srv/a/other/x\n");
}

TEST(DoubtTest, TheFoldersOfGitAreThoseOfItsStore) {
  const Manifest older = scan({at("hg", "/srv/a/objects/x"), at("hg", "/srv/a/.git/objects/x")});
  ManifestItem git = at("git", "/srv/a");
  git.repository.store = "/srv/a/.git";
  const std::string told = text(older, scan({git}));
  EXPECT_THAT(told, HasSubstr("gone     hg   /srv/a/objects/x\n"));
  EXPECT_THAT(told, HasSubstr("unknown  hg   /srv/a/.git/objects/x ("));
}

TEST(DoubtTest, TheRootOfAllIsAPlaceToo) {
  Manifest older = scan({at("git", "/")});
  Manifest now = scan({});
  older.roots = now.roots = {"/"};
  EXPECT_EQ(text(older, now), "gone     git  /\n");
  now.errors = {plain_error("probe", "/.git/HEAD", "odd")};
  EXPECT_EQ(text(older, now), "unknown  git  / (cannot probe /.git/HEAD: odd)\n");
}

TEST(DoubtTest, AReplacedOneIsSeenByAScanThatIsNotComplete) {
  Manifest now = scan({at("svn", "/srv/x", "B")});
  now.complete = false;
  EXPECT_EQ(text(scan({at("svn", "/srv/x", "A")}), now), "replaced svn  /srv/x\n");
}

TEST(DifferenceOfHostsTest, InodesOfAnotherHostSayNothing) {
  Manifest older = scan({at("git", "/srv/c", "", 7), at("svn", "/srv/e", "A")});
  older.host = "web2";
  EXPECT_EQ(text(older, scan({at("git", "/srv/d", "", 7), at("svn", "/srv/f", "A")})),
            "gone     git  /srv/c\nnew      git  /srv/d\nmoved    svn  /srv/e -> /srv/f\n");
}

TEST(DifferenceOfDevicesTest, TheSameInodeOfAnotherDeviceIsAnother) {
  ManifestItem other = at("git", "/srv/d", "", 7);
  other.repository.device = 2;
  EXPECT_EQ(text(scan({at("git", "/srv/c", "", 7)}), scan({other})),
            "gone     git  /srv/c\nnew      git  /srv/d\n");
}

// What was removed leaves its inode to the next one that is made.
TEST(DifferenceInodeTest, OneThatWasMadeAfterTheOlderScanHasNotMoved) {
  const UtcTime scanned{std::chrono::seconds(1000)};
  Manifest older = scan({at("git", "/srv/c", "", 7)});
  older.finished = scanned;
  Manifest now = scan({at("git", "/srv/d", "", 7)});
  Repository& there = now.items[0].repository;
  there.born = scanned + std::chrono::seconds(1);
  EXPECT_EQ(text(older, now), "gone     git  /srv/c\nnew      git  /srv/d\n");
  there.born = scanned;
  EXPECT_EQ(text(older, now), "moved    git  /srv/c -> /srv/d\n");
}

}  // namespace
}  // namespace repo

// From a manifest to the items of a run.
#include "dumper/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dumper/dumper.h"
#include "scanner/item_id.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Dumpers kDumpers;

Repository repository(const std::string& kind, const std::string& path) {
  Repository made;
  made.kind = kind;
  made.path = path;
  made.store = kind == "hg" ? path + "/.hg" : path;
  return made;
}

Manifest manifest(const std::vector<Repository>& repositories) {
  Manifest made;
  made.roots = {"/srv"};
  made.complete = true;
  for (const Repository& each : repositories) {
    made.items.push_back({make_item_id(each.path), each});
  }
  return made;
}

std::vector<PlanItem> plan_of(const Manifest& of, const PlanFilter& filter = {}) {
  std::vector<std::string> unknown;
  std::vector<PlanItem> plan = make_plan(of, filter, kDumpers, unknown);
  EXPECT_THAT(unknown, IsEmpty());
  return plan;
}

std::vector<std::string> paths(const std::vector<PlanItem>& plan) {
  std::vector<std::string> found;
  for (const PlanItem& item : plan) found.push_back(item.source.path);
  return found;
}

std::string refusal(const PlanItem& item) {
  return item.refused ? describe(*item.refused) : "not refused";
}

TEST(PlanTest, EveryRepositoryOfTheManifestIsAnItemInItsOrder) {
  const auto plan = plan_of(manifest({repository("svn", "/srv/b"), repository("hg", "/srv/a")}));
  EXPECT_THAT(paths(plan), ElementsAre("/srv/b", "/srv/a"));
  EXPECT_EQ(refusal(plan[0]), "not refused");
  EXPECT_EQ(refusal(plan[1]), "not refused");
  EXPECT_EQ(plan[0].id, make_item_id("/srv/b"));
}

TEST(PlanTest, AnEmptyManifestGivesNoItem) { EXPECT_THAT(plan_of(manifest({})), IsEmpty()); }

TEST(PlanTest, AnUnknownKindIsRefusedByNameAndTheOthersAreNot) {
  const auto plan = plan_of(manifest({repository("cvs", "/srv/c"), repository("svn", "/srv/s")}));
  ASSERT_TRUE(plan[0].refused);
  EXPECT_THAT(refusal(plan[0]), testing::HasSubstr("kind cvs"));
  EXPECT_FALSE(plan[1].refused);
}

TEST(PlanTest, D29_TheNameOfAnUnknownKindIsMadeHarmless) {
  const auto plan = plan_of(manifest({repository("\x1b[2J\n", "/srv/c")}));
  EXPECT_THAT(refusal(plan[0]), testing::Not(testing::HasSubstr("\x1b")));
  EXPECT_THAT(refusal(plan[0]), testing::Not(testing::HasSubstr("\n")));
}

struct RootCase : test::NamedCase {
  std::string root;
  std::string path;
  bool inside;
};

class PlanRootTest : public testing::TestWithParam<RootCase> {};

TEST_P(PlanRootTest, APathOutsideIsRefused) {
  Manifest of = manifest({repository("svn", GetParam().path)});
  of.roots = {"/elsewhere", GetParam().root};
  EXPECT_EQ(!plan_of(of)[0].refused, GetParam().inside) << refusal(plan_of(of)[0]);
}

INSTANTIATE_TEST_SUITE_P(Roots, PlanRootTest,
                         testing::Values(RootCase{"below", "/srv", "/srv/a/b", true},
                                         RootCase{"the_root_itself", "/srv", "/srv", true},
                                         RootCase{"slash", "/", "/any/where", true},
                                         RootCase{"above", "/srv/a", "/srv", false},
                                         RootCase{"elsewhere", "/srv", "/home/a", false},
                                         RootCase{"same_beginning", "/srv", "/srv2", false}),
                         test::case_name);

TEST(PlanTest, WithoutRootsEverythingIsOutside) {
  Manifest of = manifest({repository("svn", "/srv/a")});
  of.roots.clear();
  EXPECT_TRUE(plan_of(of)[0].refused);
}

struct StoreCase : test::NamedCase {
  std::string kind;
  std::string store;
};

class PlanStoreTest : public testing::TestWithParam<StoreCase> {};

TEST_P(PlanStoreTest, AnotherStoreThanThatOfItsKindIsRefused) {
  Repository source = repository(GetParam().kind, "/srv/a");
  source.store = GetParam().store;
  const auto plan = plan_of(manifest({source}));
  ASSERT_TRUE(plan[0].refused);
  EXPECT_THAT(refusal(plan[0]), testing::HasSubstr(GetParam().store));
}

INSTANTIATE_TEST_SUITE_P(Stores, PlanStoreTest,
                         testing::Values(StoreCase{"svn_elsewhere", "svn", "/etc"},
                                         StoreCase{"svn_below", "svn", "/srv/a/db"},
                                         StoreCase{"hg_without_its_folder", "hg", "/srv/a"},
                                         StoreCase{"hg_elsewhere", "hg", "/root/.hg"}),
                         test::case_name);

TEST(PlanTest, D18_ItemsThatShareKindAndIdAreAllRefused) {
  Manifest of = manifest({repository("svn", "/srv/a"), repository("svn", "/srv/b")});
  of.items[1].id = of.items[0].id;
  const auto plan = plan_of(of);
  EXPECT_TRUE(plan[0].refused);
  EXPECT_TRUE(plan[1].refused);
}

TEST(PlanTest, D18_TheSameRepositoryTwiceIsASharedId) {
  const auto plan = plan_of(manifest({repository("svn", "/srv/a"), repository("svn", "/srv/a")}));
  EXPECT_TRUE(plan[0].refused);
  EXPECT_TRUE(plan[1].refused);
}

TEST(PlanTest, OnePathWithTwoKindsIsTwoItems) {
  const auto plan = plan_of(manifest({repository("svn", "/srv/a"), repository("hg", "/srv/a")}));
  EXPECT_EQ(refusal(plan[0]), "not refused");
  EXPECT_EQ(refusal(plan[1]), "not refused");
}

std::vector<std::string> paths_of(const std::vector<Repository>& repositories) {
  std::vector<std::string> all;
  for (const Repository& each : repositories) all.push_back(each.path);
  return all;
}

// Where one is left out, so is what it holds; "a-b" and "a.b" stand between "a" and "a/b".
TEST(PlanTest, OfNestedOnesTheOutermostCounts) {
  const auto plan =
      plan_of(manifest({repository("svn", "/srv/top"), repository("svn", "/srv/top/a"),
                        repository("svn", "/srv/top/a-b"), repository("svn", "/srv/top/a.b"),
                        repository("svn", "/srv/top/a/c"), repository("svn", "/srv/top/a/c/d"),
                        repository("svn", "/srv/top/a-b/e"), repository("svn", "/srv/top/a0"),
                        repository("hg", "/srv/top/h"), repository("hg", "/srv/top/h/sub")}));
  EXPECT_THAT(paths_of(plan[0].nested),
              testing::UnorderedElementsAre("/srv/top/a", "/srv/top/a-b", "/srv/top/a.b",
                                            "/srv/top/a0", "/srv/top/h", "/srv/top/h/sub"));
  EXPECT_THAT(paths_of(plan[1].nested), ElementsAre("/srv/top/a/c"));
}

TEST(PlanTest, D15_AChainOfThousandsIsNoWork) {
  std::vector<Repository> chain;
  std::string path = "/srv";
  for (int i = 0; i < 2000; ++i) chain.push_back(repository("svn", path += "/d"));
  const auto plan = plan_of(manifest(chain));
  ASSERT_EQ(plan.size(), chain.size());
  for (std::size_t i = 0; i + 1 < plan.size(); ++i) EXPECT_EQ(plan[i].nested.size(), 1U) << i;
}

// Else a manifest could take hooks or configuration out of somebody's copy.
TEST(PlanTest, WhatLiesInTheKindsOwnFoldersIsNotNested) {
  const auto plan =
      plan_of(manifest({repository("svn", "/srv/a"), repository("svn", "/srv/a/hooks"),
                        repository("svn", "/srv/a/conf/in"), repository("svn", "/srv/a/db/x"),
                        repository("hg", "/srv/h"), repository("svn", "/srv/h/.hg/store")}));
  for (const PlanItem& item : plan) EXPECT_THAT(item.nested, IsEmpty()) << item.source.path;
}

TEST(PlanTest, AnotherItemInsideAStoreIsNested) {
  const auto plan = plan_of(manifest({repository("svn", "/srv/a"), repository("svn", "/srv/a.b"),
                                      repository("svn", "/srv/a/in"), repository("hg", "/srv/a/x"),
                                      repository("svn", "/srv/b")}));
  EXPECT_THAT(paths_of(plan[0].nested), ElementsAre("/srv/a/in", "/srv/a/x"));
  for (std::size_t i = 1; i < plan.size(); ++i) EXPECT_THAT(plan[i].nested, IsEmpty()) << i;
}

TEST(PlanTest, WhatLiesBesideAnHgStoreIsNotNested) {
  const auto plan = plan_of(manifest({repository("hg", "/srv/a"), repository("hg", "/srv/a/sub"),
                                      repository("svn", "/srv/a/svn")}));
  EXPECT_THAT(plan[0].nested, IsEmpty());
}

TEST(PlanTest, ARepositoryAtTheRootDirectoryKnowsWhatIsNested) {
  Repository top = repository("svn", "/");
  Manifest of = manifest({top, repository("svn", "/srv/b")});
  of.roots = {"/"};
  EXPECT_THAT(paths_of(plan_of(of)[0].nested), ElementsAre("/srv/b"));
}

TEST(PlanTest, WhatIsNestedIsLeftOutAlsoWhereTheFilterLeavesItsOwnItemOut) {
  const Manifest of = manifest({repository("svn", "/srv/a"), repository("hg", "/srv/a/x")});
  const auto plan = plan_of(of, {{"svn"}, {}});
  ASSERT_THAT(paths(plan), ElementsAre("/srv/a"));
  EXPECT_THAT(paths_of(plan[0].nested), ElementsAre("/srv/a/x"));
}

TEST(PlanTest, TheFilterTakesKinds) {
  const Manifest of = manifest({repository("svn", "/srv/a"), repository("hg", "/srv/b")});
  EXPECT_THAT(paths(plan_of(of, {{"hg"}, {}})), ElementsAre("/srv/b"));
  EXPECT_THAT(paths(plan_of(of, {{"hg", "svn"}, {}})), ElementsAre("/srv/a", "/srv/b"));
}

TEST(PlanTest, TheFilterTakesPathsAndIds) {
  const Manifest of = manifest(
      {repository("svn", "/srv/a"), repository("svn", "/srv/b"), repository("svn", "/srv/c")});
  EXPECT_THAT(paths(plan_of(of, {{}, {"/srv/c", make_item_id("/srv/a")}})),
              ElementsAre("/srv/a", "/srv/c"));
}

TEST(PlanTest, WhatOnlyNamesAndTheManifestLacksIsToldAsUnknown) {
  std::vector<std::string> unknown;
  const auto plan = make_plan(manifest({repository("svn", "/srv/a")}),
                              {{}, {"/srv/a", "/srv/a/", "nobody"}}, kDumpers, unknown);
  EXPECT_THAT(paths(plan), ElementsAre("/srv/a"));
  EXPECT_THAT(unknown, testing::UnorderedElementsAre("/srv/a/", "nobody"));
}

TEST(PlanTest, WhatOnlyNamesAndTheKindLeavesOutIsNotUnknown) {
  const Manifest of = manifest({repository("svn", "/srv/a")});
  EXPECT_THAT(plan_of(of, {{"hg"}, {"/srv/a"}}), IsEmpty());
}

// Its commands copy what they copy, which need not be all of the directory.
TEST(PlanTest, AKindOfAUsersIsPlannedAndLeftOutOfNothing) {
  UserKind kind;
  kind.name = "app";
  kind.dump = {UserCommand()};
  const Dumpers dumpers({kind});
  const Manifest made = manifest({repository("svn", "/srv/a"), repository("app", "/srv/a/app"),
                                  repository("hg", "/srv/a/hg"), repository("other", "/srv/b")});
  std::vector<std::string> unknown;
  const std::vector<PlanItem> plan = make_plan(made, {}, dumpers, unknown);
  ASSERT_EQ(plan.size(), 4U);
  ASSERT_EQ(plan[0].nested.size(), 1U);
  EXPECT_EQ(plan[0].nested[0].kind, "hg");
  EXPECT_FALSE(plan[1].refused);
  ASSERT_NE(plan[1].dumper, nullptr);
  EXPECT_EQ(plan[1].dumper->user_kind()->name, "app");
  ASSERT_TRUE(plan[3].refused);
  EXPECT_THAT(plan[3].refused->message,
              testing::HasSubstr("no way is known to copy the kind other"));
}

TEST(PlanTest, AKindOfAUsersHasItsStoreAtItsPath) {
  UserKind kind;
  kind.name = "app";
  kind.dump = {UserCommand()};
  Repository elsewhere = repository("app", "/srv/app");
  elsewhere.store = "/srv/app/inside";
  std::vector<std::string> unknown;
  const Dumpers dumpers({kind});
  const std::vector<PlanItem> plan = make_plan(manifest({elsewhere}), {}, dumpers, unknown);
  ASSERT_TRUE(plan.at(0).refused);
  EXPECT_THAT(plan.at(0).refused->message, testing::HasSubstr("has its store at"));
}

}  // namespace
}  // namespace repo

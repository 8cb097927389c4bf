// What is walked on its own, and what of overlay mounts is left out. The tables are
// /proc/self/mountinfo without its last columns.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanner/walk_map.h"
#include "tests/scanner/walk_map_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;

using Action = WalkMap::Action;

// "!" behind the path of what may hang.
std::vector<std::string> roots_of(const WalkMap& map) {
  std::vector<std::string> paths;
  for (const WalkMap::Root& root : map.roots()) {
    paths.push_back(root.path + (root.may_hang ? "!" : ""));
  }
  return paths;
}

struct RootsCase : test::NamedCase {
  std::vector<Line> mounts;
  WalkMapOptions options;
  std::vector<std::string> expected;
};

class WalkMapRootsTest : public testing::TestWithParam<RootsCase> {};

TEST_P(WalkMapRootsTest, AreWalkedFromTheirOwnPath) {
  EXPECT_EQ(roots_of(WalkMap(table(GetParam().mounts), GetParam().options)), GetParam().expected);
}

const Line kNfs = {"0:30", "/", "/net/a", "nfs4"};
const Line kSsh = {"0:31", "/", "/home/u/ssh", "fuse.sshfs"};
const Line kAuto = {"0:32", "/", "/net", "autofs"};

INSTANTIATE_TEST_SUITE_P(
    Roots, WalkMapRootsTest,
    testing::Values(
        RootsCase{"those_of_the_options", {kRoot}, roots({"/home", "/srv"}), {"/home", "/srv"}},
        RootsCase{"a_local_mount_is_no_root",
                  {kRoot, {"8:2", "/", "/home", "ext4"}},
                  roots({"/"}),
                  {"/"}},
        RootsCase{"what_is_not_entered_is_none", {kRoot, kNfs, kSsh}, roots({"/"}), {"/"}},
        RootsCase{"S12_what_may_hang_and_is_asked_for",
                  {kRoot, kNfs, kSsh},
                  with_type(network(roots({"/"})), "fuse.sshfs"),
                  {"/", "/home/u/ssh!", "/net/a!"}},
        RootsCase{"S12_a_root_that_lies_on_such_a_mount",
                  {kRoot, kNfs},
                  roots({"/net/a/b", "/srv"}),
                  {"/net/a/b!", "/srv"}},
        // The way to it leads through the other.
        RootsCase{"S12_a_disk_on_such_a_mount",
                  {kRoot, kSsh, {"8:2", "/", "/home/u/ssh/disk", "ext4"}},
                  roots({"/home/u/ssh", "/home/u/ssh/disk", "/home"}),
                  {"/home", "/home/u/ssh!", "/home/u/ssh/disk!"}},
        RootsCase{"S12_such_a_mount_that_is_a_root", {kRoot, kNfs}, roots({"/net/a"}), {"/net/a!"}},
        RootsCase{"what_is_excluded_on_the_way_is_none",
                  {kRoot, kNfs},
                  excluding(network(roots({"/"})), "net"),
                  {"/"}},
        RootsCase{"not_on_one_file_system",
                  {kRoot, kAuto, kNfs},
                  one_file_system(network(roots({"/"}))),
                  {"/"}},
        RootsCase{"what_shows_the_same_is_walked_once",
                  {kRoot, kNfs, {"0:30", "/", "/net/b", "nfs4"}},
                  network(roots({"/"})),
                  {"/", "/net/a!"}},
        RootsCase{"S14_mounts_below_an_automounter_without_looking_into_it",
                  {kRoot, kAuto, kNfs, {"8:2", "/", "/net/disk", "ext4"}},
                  network(roots({"/"})),
                  {"/", "/net/a!", "/net/disk!"}},
        RootsCase{"S14_local_ones_below_an_automounter_always",
                  {kRoot, kAuto, kNfs, {"8:2", "/", "/net/disk", "ext4"}},
                  roots({"/"}),
                  {"/", "/net/disk!"}},
        RootsCase{"S14_an_automounter_that_is_asked_for_by_its_type",
                  {kRoot, kAuto},
                  with_type(roots({"/"}), "autofs"),
                  {"/", "/net!"}}),
    test::case_name);

TEST(WalkMapRootsTest, S14_AnAutomounterIsPrunedWhateverIsAskedFor) {
  const WalkMap map(table({kRoot, kAuto, kNfs}), network(roots({"/"})));
  ASSERT_NE(map.find("/net"), nullptr);
  EXPECT_EQ(map.find("/net")->action, Action::kPrune);
  EXPECT_EQ(map.find("/net")->why, "autofs");
}

// --- layers ---

const Line kOverlay = {
    "0:40", "/", "/merged", "overlay", {"lowerdir=/low", "upperdir=/up/diff", "workdir=/up/w"}};

Action action_at(const WalkMap& map, const std::string& path) {
  const WalkMap::Node* node = map.find(path);
  return node ? node->action : Action::kPlain;
}

TEST(WalkMapLayersTest, S6_WhatAnOverlayWritesToIsSeenThroughIt) {
  const WalkMap map(table({kRoot, kOverlay}), roots({"/"}));
  EXPECT_EQ(action_at(map, "/merged"), Action::kEnter);
  for (const char* path : {"/up/diff", "/up/w/work", "/up/w/index"}) {
    EXPECT_EQ(action_at(map, path), Action::kPrune) << path;
    EXPECT_EQ(map.find(path)->why, "a layer of /merged");
    EXPECT_TRUE(map.find(path)->notable);
  }
  EXPECT_EQ(action_at(map, "/up/w"), Action::kPlain) << "what else is in it is somebody's";
  // Which may be any folder, and the older of the two.
  EXPECT_EQ(action_at(map, "/low"), Action::kPlain);
}

TEST(WalkMapLayersTest, OfAnOverlayThatIsNotEnteredTheyAre) {
  const WalkMap excluded(table({kRoot, kOverlay}), excluding(roots({"/"}), "merged"));
  EXPECT_EQ(action_at(excluded, "/up/diff"), Action::kPlain);
  const WalkMap outside(table({kRoot, kOverlay}), roots({"/up"}));
  EXPECT_EQ(action_at(outside, "/up/diff"), Action::kPlain);
}

TEST(WalkMapLayersTest, WithAMountInsideTheyAreEntered) {
  const WalkMap map(table({kRoot, kOverlay, {"8:2", "/", "/up/diff/disk", "ext4"}}), roots({"/"}));
  EXPECT_EQ(action_at(map, "/up/diff"), Action::kPlain);
  EXPECT_EQ(action_at(map, "/up/diff/disk"), Action::kEnter);
}

TEST(WalkMapLayersTest, WithAMountOnTheOverlayTheyShowWhatItCovers) {
  const WalkMap map(table({kRoot, kOverlay, {"8:2", "/", "/merged/home", "ext4"}}), roots({"/"}));
  EXPECT_EQ(action_at(map, "/up/diff"), Action::kPlain);
}

TEST(WalkMapLayersTest, ARootIsEnteredWhateverItIs) {
  const WalkMap map(table({kRoot, kOverlay}), roots({"/", "/up/diff"}));
  EXPECT_EQ(action_at(map, "/up/diff"), Action::kOwnRoot);
}

TEST(WalkMapLayersTest, WhereTheyAreAskedForTheyAreEntered) {
  WalkMapOptions options = roots({"/"});
  options.layers = true;
  EXPECT_EQ(action_at(WalkMap(table({kRoot, kOverlay}), options), "/up/diff"), Action::kPlain);
}

// --- mounts inside a repository ---

struct InsideCase : test::NamedCase {
  std::vector<Line> mounts;
  WalkMapOptions options;
  bool expected;
};

class SureBelowTest : public testing::TestWithParam<InsideCase> {};

TEST_P(SureBelowTest, SaysWhetherAProbeMayGoThere) {
  const WalkMap map(table(GetParam().mounts), GetParam().options);
  const WalkMap::Node* node = map.find("/srv/a");
  EXPECT_EQ(node && !node->children.empty() && node->is_sure_below(), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Mounts, SureBelowTest,
    testing::Values(
        InsideCase{"none", {kRoot}, roots({"/"}), false},
        InsideCase{"a_disk", {kRoot, {"8:2", "/", "/srv/a/db", "ext4"}}, roots({"/"}), true},
        InsideCase{"a_disk_deep_inside",
                   {kRoot, {"8:2", "/", "/srv/a/db/revs", "ext4"}},
                   roots({"/"}),
                   true},
        InsideCase{"a_disk_and_what_may_hang",
                   {kRoot, {"8:2", "/", "/srv/a/db", "ext4"}, {"0:30", "/", "/srv/a/hooks", "nfs"}},
                   roots({"/"}),
                   false},
        InsideCase{"what_may_hang_and_is_asked_for",
                   {kRoot, {"0:30", "/", "/srv/a/db", "nfs"}},
                   network(roots({"/"})),
                   false}),
    test::case_name);

}  // namespace
}  // namespace repo

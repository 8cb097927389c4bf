// Which mounts a walk enters. The tables are /proc/self/mountinfo without its last columns.
#include "scanner/walk_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tests/scanner/walk_map_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using Action = WalkMap::Action;

struct Place {
  std::string path;
  Action action;
  std::string why = "";
  bool notable = false;
};

// Where nothing is expected at a path, `action` is kPlain: no node, or one on the way to others.
struct MapCase : test::NamedCase {
  std::vector<Line> mounts;
  WalkMapOptions options;
  std::vector<Place> expected;
};

class WalkMapTest : public testing::TestWithParam<MapCase> {
 protected:
  static void expect(const WalkMap& map, const std::vector<Place>& places) {
    for (const Place& place : places) {
      const WalkMap::Node* node = map.find(place.path);
      const Action action = node ? node->action : Action::kPlain;
      EXPECT_EQ(static_cast<int>(action), static_cast<int>(place.action)) << place.path;
      if (!node || place.action == Action::kPlain) continue;
      EXPECT_EQ(node->why, place.why) << place.path;
      EXPECT_EQ(node->notable, place.notable) << place.path;
    }
  }
};

TEST_P(WalkMapTest, SaysWhatIsEntered) {
  expect(WalkMap(table(GetParam().mounts), GetParam().options), GetParam().expected);
}

TEST_P(WalkMapTest, S6_DoesNotDependOnTheOrderOfTheTable) {
  std::vector<Line> lines = GetParam().mounts;
  std::reverse(lines.begin(), lines.end());
  expect(WalkMap(table(lines), GetParam().options), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Types, WalkMapTest,
    testing::Values(
        MapCase{"another_disk_is_entered",
                {kRoot, {"8:2", "/", "/home", "xfs"}},
                roots({"/"}),
                {{"/", Action::kOwnRoot}, {"/home", Action::kEnter}}},
        MapCase{"tmpfs_overlay_and_squashfs_are_entered",
                {kRoot,
                 {"0:9", "/", "/tmp", "tmpfs"},
                 {"0:10", "/", "/merged", "overlay"},
                 {"7:0", "/", "/snap/x", "squashfs"}},
                roots({"/"}),
                {{"/tmp", Action::kEnter},
                 {"/merged", Action::kEnter},
                 {"/snap/x", Action::kEnter},
                 {"/snap", Action::kPlain}}},
        MapCase{"S14_pseudo_file_systems_are_pruned_without_a_word",
                {kRoot,
                 {"0:20", "/", "/proc", "proc"},
                 {"0:21", "/", "/sys", "sysfs"},
                 {"0:22", "/", "/sys/fs/cgroup", "cgroup2"},
                 {"0:23", "/", "/dev/mqueue", "mqueue"}},
                roots({"/"}),
                {{"/proc", Action::kPrune, "proc"},
                 {"/sys", Action::kPrune, "sysfs"},
                 {"/sys/fs/cgroup", Action::kPrune, "cgroup2"},
                 {"/dev/mqueue", Action::kPrune, "mqueue"}}},
        MapCase{"S12_network_and_fuse_are_pruned_and_told",
                {kRoot,
                 {"0:30", "/", "/nfs", "nfs4"},
                 {"0:31", "/", "/smb", "cifs"},
                 {"0:33", "/", "/data", "autofs"},
                 {"0:32", "/", "/ssh", "fuse.sshfs"}},
                roots({"/"}),
                {{"/nfs", Action::kPrune, "nfs4", true},
                 {"/smb", Action::kPrune, "cifs", true},
                 {"/data", Action::kPrune, "autofs", true},
                 {"/ssh", Action::kPrune, "fuse.sshfs", true}}},
        MapCase{"S12_fuseblk_is_a_local_disk",
                {kRoot, {"8:3", "/", "/ntfs", "fuseblk"}},
                roots({"/"}),
                {{"/ntfs", Action::kEnter}}},
        MapCase{"network_enters_network_but_not_fuse",
                {kRoot, {"0:30", "/", "/nfs", "nfs"}, {"0:32", "/", "/ssh", "fuse.sshfs"}},
                network(roots({"/"})),
                {{"/nfs", Action::kOwnRoot}, {"/ssh", Action::kPrune, "fuse.sshfs", true}}},
        MapCase{"a_type_that_is_asked_for_is_entered",
                {kRoot, {"0:32", "/", "/ssh", "fuse.sshfs"}, {"0:33", "/", "/gvfs", "fuse.gvfsd"}},
                with_type(roots({"/"}), "fuse.sshfs"),
                {{"/ssh", Action::kOwnRoot}, {"/gvfs", Action::kPrune, "fuse.gvfsd", true}}},
        MapCase{"one_file_system_prunes_every_mount_below",
                {kRoot,
                 {"8:2", "/", "/home", "xfs"},
                 {"0:9", "/", "/tmp", "tmpfs"},
                 {"8:1", "/srv", "/bind", "ext4"}},
                one_file_system(roots({"/"})),
                {{"/", Action::kOwnRoot},
                 {"/home", Action::kPrune, "another file system"},
                 {"/tmp", Action::kPrune, "another file system"},
                 {"/bind", Action::kPrune, "another file system"}}},
        MapCase{"one_file_system_enters_a_root_on_another_one",
                {kRoot, {"8:2", "/", "/home", "xfs"}},
                one_file_system(roots({"/", "/home"})),
                {{"/", Action::kOwnRoot}, {"/home", Action::kOwnRoot}}},
        MapCase{"S14_a_root_named_on_proc_is_entered",
                {kRoot, {"0:20", "/", "/proc", "proc"}},
                roots({"/", "/proc"}),
                {{"/proc", Action::kOwnRoot}}},
        MapCase{"S14_a_root_named_below_proc_is_entered_and_proc_is_not",
                {kRoot, {"0:20", "/", "/proc", "proc"}},
                roots({"/", "/proc/1"}),
                {{"/proc", Action::kPrune, "proc"}, {"/proc/1", Action::kOwnRoot}}},
        MapCase{"a_network_root_is_entered",
                {kRoot, {"0:30", "/", "/nfs", "nfs"}},
                roots({"/nfs"}),
                {{"/nfs", Action::kOwnRoot}}},
        MapCase{"mounts_beside_the_roots_are_nobodys_business",
                {kRoot, {"8:2", "/", "/home", "xfs"}, {"8:3", "/", "/srv2", "xfs"}},
                roots({"/srv"}),
                {{"/home", Action::kPlain}, {"/srv2", Action::kPlain}}},
        MapCase{"nested_roots_are_roots_of_their_own",
                {kRoot},
                roots({"/srv", "/srv/svn", "/srv/svn/a"}),
                {{"/srv", Action::kOwnRoot},
                 {"/srv/svn", Action::kOwnRoot},
                 {"/srv/svn/a", Action::kOwnRoot},
                 {"/srv/other", Action::kPlain}}}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    S6_SameTwice, WalkMapTest,
    testing::Values(
        // Else neither of the two would be walked.
        MapCase{"the_other_of_one_that_is_excluded_is_entered",
                {kRoot, {"8:2", "/", "/mnt/a", "ext4"}, {"8:2", "/", "/srv", "ext4"}},
                excluding(roots({"/"}), "/mnt/a"),
                {{"/srv", Action::kEnter}}},
        MapCase{"the_other_of_one_below_an_excluded_folder_is_entered",
                {kRoot, {"8:2", "/", "/mnt/a", "ext4"}, {"8:2", "/", "/srv", "ext4"}},
                excluding(roots({"/"}), "mnt"),
                {{"/srv", Action::kEnter}}},
        MapCase{"the_other_of_one_below_a_pruned_mount_is_entered",
                {kRoot,
                 {"0:30", "/long/export", "/net", "nfs"},
                 {"8:2", "/", "/net/disk", "ext4"},
                 {"8:2", "/", "/srv", "ext4"}},
                roots({"/"}),
                {{"/net", Action::kPrune, "nfs", true}, {"/srv", Action::kEnter}}},
        MapCase{"the_other_of_one_below_a_mount_that_is_the_same_as_another_is_entered",
                {kRoot,
                 {"8:1", "/srv", "/bind", "ext4"},
                 {"8:2", "/", "/bind/disk", "ext4"},
                 {"8:2", "/", "/disk", "ext4"}},
                roots({"/"}),
                {{"/bind", Action::kPrune, "the same as /srv"}, {"/disk", Action::kEnter}}},
        MapCase{"of_two_that_show_the_same_the_one_that_is_decided_first_is_entered",
                {kRoot,
                 {"8:3", "/x", "/m", "ext4"},
                 {"8:2", "/", "/m/disk", "ext4"},
                 {"8:2", "/", "/z", "ext4"}},
                roots({"/"}),
                {{"/m", Action::kEnter},
                 {"/m/disk", Action::kPrune, "the same as /z"},
                 {"/z", Action::kEnter}}},
        MapCase{"bind_mount_on_itself_is_entered",
                {kRoot, {"8:1", "/srv", "/srv", "ext4"}},
                roots({"/"}),
                {{"/srv", Action::kEnter}}},
        MapCase{"bind_mount_on_itself_and_another_of_the_same",
                {kRoot, {"8:1", "/srv", "/srv", "ext4"}, {"8:1", "/srv", "/zsrv", "ext4"}},
                roots({"/"}),
                {{"/srv", Action::kEnter}, {"/zsrv", Action::kPrune, "the same as /srv"}}},
        MapCase{"bind_mount_of_a_folder_of_the_tree",
                {kRoot, {"8:1", "/srv/svn", "/export/svn", "ext4"}},
                roots({"/"}),
                {{"/export/svn", Action::kPrune, "the same as /srv/svn"}}},
        MapCase{"the_whole_tree_bound_into_itself",
                {kRoot, {"8:1", "/", "/mnt/self", "ext4"}},
                roots({"/"}),
                {{"/mnt/self", Action::kPrune, "the same as /"}}},
        MapCase{"same_disk_mounted_twice",
                {kRoot, {"8:2", "/", "/a", "xfs"}, {"8:2", "/", "/b", "xfs"}},
                roots({"/"}),
                {{"/a", Action::kEnter}, {"/b", Action::kPrune, "the same as /a"}}},
        MapCase{"a_part_of_a_disk_before_the_whole_of_it",
                {kRoot, {"8:2", "/part", "/a", "xfs"}, {"8:2", "/", "/b", "xfs"}},
                roots({"/"}),
                {{"/a", Action::kPrune, "the same as /b/part"}, {"/b", Action::kEnter}}},
        MapCase{"two_folders_of_one_disk_are_two_things",
                {kRoot, {"8:2", "/one", "/a", "xfs"}, {"8:2", "/two", "/b", "xfs"}},
                roots({"/"}),
                {{"/a", Action::kEnter}, {"/b", Action::kEnter}}},
        MapCase{"folders_with_the_same_beginning_are_two_things",
                {kRoot, {"8:2", "/one", "/a", "xfs"}, {"8:2", "/one2", "/b", "xfs"}},
                roots({"/"}),
                {{"/a", Action::kEnter}, {"/b", Action::kEnter}}},
        MapCase{"other_device_with_the_same_folder",
                {kRoot, {"8:2", "/srv", "/b", "xfs"}},
                roots({"/"}),
                {{"/b", Action::kEnter}}},
        MapCase{"the_original_lies_under_another_mount",
                {kRoot, {"8:2", "/", "/srv", "xfs"}, {"8:1", "/srv/svn", "/kept", "ext4"}},
                roots({"/"}),
                {{"/srv", Action::kEnter}, {"/kept", Action::kEnter}}},
        MapCase{"the_original_lies_exactly_under_another_mount",
                {kRoot, {"8:2", "/", "/srv", "xfs"}, {"8:1", "/srv", "/kept", "ext4"}},
                roots({"/"}),
                {{"/kept", Action::kEnter}}},
        MapCase{"the_original_is_excluded",
                {kRoot, {"8:1", "/srv/svn", "/export", "ext4"}},
                excluding(roots({"/"}), "/srv"),
                {{"/export", Action::kEnter}}},
        MapCase{"the_original_is_excluded_by_a_name_on_the_way",
                {kRoot, {"8:1", "/srv/old/svn", "/export", "ext4"}},
                excluding(roots({"/"}), "old"),
                {{"/export", Action::kEnter}}},
        MapCase{"the_original_is_outside_the_roots",
                {kRoot, {"8:1", "/srv/svn", "/export/svn", "ext4"}},
                roots({"/export"}),
                {{"/export/svn", Action::kEnter}}},
        MapCase{"the_original_is_another_root",
                {kRoot, {"8:1", "/srv/svn", "/export/svn", "ext4"}},
                roots({"/export", "/srv"}),
                {{"/export/svn", Action::kPrune, "the same as /srv/svn"}}},
        MapCase{"the_original_is_a_root_on_a_mounted_disk",
                {kRoot, {"8:2", "/data", "/srv", "xfs"}, {"8:2", "/data/svn", "/srv/x/y", "xfs"}},
                roots({"/srv/svn", "/srv/x"}),
                {{"/srv/x/y", Action::kPrune, "the same as /srv/svn"}}},
        MapCase{"an_alias_that_is_named_as_a_root_is_entered",
                {kRoot, {"8:1", "/srv", "/alias", "ext4"}},
                roots({"/", "/alias"}),
                {{"/alias", Action::kOwnRoot}}},
        MapCase{"the_only_way_to_it_is_a_pruned_mount",
                {kRoot, {"0:30", "/", "/nfs", "nfs"}, {"0:30", "/svn", "/nfs2", "nfs"}},
                roots({"/"}),
                {{"/nfs", Action::kPrune, "nfs", true}, {"/nfs2", Action::kPrune, "nfs", true}}},
        MapCase{"S10_a_name_that_is_no_text_is_told_readably",
                {kRoot, {"8:1", "/srv/\xFF", "/b", "ext4"}},
                roots({"/"}),
                {{"/b", Action::kPrune, "the same as /srv/\uFFFD"}}}),
    test::case_name);

TEST(WalkMapFindTest, GivesNothingWhereNothingIsBelow) {
  const WalkMap map(table({kRoot, {"8:2", "/", "/a/b", "xfs"}}), roots({"/"}));
  EXPECT_NE(map.find("/a"), nullptr);
  EXPECT_EQ(map.find("/a/x"), nullptr);
  EXPECT_EQ(map.find("/a/b/c"), nullptr);
  EXPECT_EQ(map.find("/ab"), nullptr);
}

TEST(WalkMapFaults, S15_TwoThousandBindMountsOfOneFolderAreAllPruned) {
  std::vector<Line> lines = {kRoot};
  for (int i = 0; i < 2000; ++i) {
    lines.push_back({"8:1", "/srv", "/mnt/" + std::to_string(i), "ext4"});
  }
  const WalkMap map(table(lines), roots({"/"}));
  const WalkMap::Node* mnt = map.find("/mnt");
  ASSERT_NE(mnt, nullptr);
  EXPECT_EQ(mnt->children.size(), 2000U);
  for (const auto& [name, node] : mnt->children) {
    ASSERT_EQ(node->why, "the same as /srv") << name;
  }
}

struct ExcludeCase : test::NamedCase {
  std::string pattern;
  std::string path;
  bool excluded;
};

class ExcludeTest : public testing::TestWithParam<ExcludeCase> {};

TEST_P(ExcludeTest, IsJudged) {
  EXPECT_EQ(is_excluded({"never-matches", GetParam().pattern}, GetParam().path),
            GetParam().excluded);
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, ExcludeTest,
    testing::Values(ExcludeCase{"name_anywhere", "node_modules", "/srv/a/node_modules", true},
                    ExcludeCase{"name_with_star", "*.bak", "/srv/x.bak", true},
                    ExcludeCase{"name_is_whole", "srv", "/srv2", false},
                    ExcludeCase{"name_is_not_the_path", "*a*", "/a/b", false},
                    ExcludeCase{"path", "/srv/old", "/srv/old", true},
                    ExcludeCase{"path_elsewhere", "/srv/old", "/x/srv/old", false},
                    ExcludeCase{"path_with_star_over_slashes", "/srv/*/tmp", "/srv/a/b/tmp", true},
                    ExcludeCase{"path_anywhere", "*/tmp", "/srv/tmp", true},
                    ExcludeCase{"set", "[ab]", "/srv/b", true},
                    ExcludeCase{"question_mark", "??", "/srv/ab", true},
                    ExcludeCase{"star_hides_dot_files_too", "*", "/srv/.hidden", true},
                    ExcludeCase{"S10_newline", "a?b", "/srv/a\nb", true},
                    ExcludeCase{"backslash_escapes", "\\*", "/srv/*", true},
                    ExcludeCase{"backslash_escapes_not_others", "\\*", "/srv/x", false}),
    test::case_name);

TEST(IsExcludedTest, NoPatternExcludesNothing) { EXPECT_FALSE(is_excluded({}, "/srv")); }

TEST(IsExcludedTest, S10_BytesThatAreNoTextCanBeExcluded) {
  EXPECT_TRUE(is_excluded({"caf*"}, "/srv/caf\xE9"));
  EXPECT_TRUE(is_excluded({"caf\xE9"}, "/srv/caf\xE9"));
}

}  // namespace
}  // namespace repo

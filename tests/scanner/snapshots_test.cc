// Which mounts are read-only snapshots, and that the walk does not enter them.
#include "scanner/snapshots.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "scanner/walk_map.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using Action = WalkMap::Action;

constexpr const char* kTop = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n";

std::vector<Mount> table(const std::string& lines) { return parse_mountinfo(kTop + lines); }
bool is_snapshot_among(const std::vector<Mount>& mounts, bool entered = true) {
  return is_snapshot(mounts.at(1), mounts, [entered](const Mount&) { return entered; });
}

struct SnapshotCase : test::NamedCase {
  std::string lines;  // the mount in question stands first
  bool is_snapshot;
};

class SnapshotTest : public testing::TestWithParam<SnapshotCase> {};

TEST_P(SnapshotTest, IsOneOrNot) {
  const std::vector<Mount> mounts = table(GetParam().lines);
  if (GetParam().is_snapshot) {
    EXPECT_TRUE(is_snapshot_among(mounts));
  }
  EXPECT_FALSE(is_snapshot_among(mounts, false)) << "the original is not seen";
}

TEST_P(SnapshotTest, IsPrunedOrEntered) {
  const std::vector<Mount> mounts = table(GetParam().lines);
  WalkMapOptions options;
  options.roots = {"/"};
  const WalkMap map(mounts, options);
  const WalkMap::Node* node = map.find(mounts.at(1).point);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->why == kSnapshot, GetParam().is_snapshot);
  EXPECT_EQ(node->action == Action::kPrune, GetParam().is_snapshot) << node->why;
  EXPECT_EQ(node->notable, GetParam().is_snapshot);
}

TEST_P(SnapshotTest, AsARootItIsEntered) {
  const std::vector<Mount> mounts = table(GetParam().lines);
  WalkMapOptions options;
  options.roots = {"/", mounts.at(1).point};
  const WalkMap map(mounts, options);
  const WalkMap::Node* node = map.find(mounts.at(1).point);
  ASSERT_NE(node, nullptr);
  EXPECT_EQ(node->action, Action::kOwnRoot);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, SnapshotTest,
    testing::Values(SnapshotCase{"zfs_snapshot",
                                 "2 1 0:40 / /snap ro - zfs tank/home@monday ro\n"
                                 "3 1 0:41 / /home rw - zfs tank/home rw\n",
                                 true},
                    SnapshotCase{"zfs_snapshot_alone",
                                 "2 1 0:40 / /snap ro - zfs tank/home@monday ro\n", false},
                    SnapshotCase{"zfs_snapshot_of_another",
                                 "2 1 0:40 / /snap ro - zfs tank/home@monday ro\n"
                                 "3 1 0:41 / /home rw - zfs tank/homes rw\n",
                                 false},
                    SnapshotCase{"zfs_snapshot_of_what_is_seen_in_part",
                                 "2 1 0:40 / /snap ro - zfs tank/home@monday ro\n"
                                 "3 1 0:41 /a /home rw - zfs tank/home rw\n",
                                 false},
                    SnapshotCase{"zfs_dataset", "2 1 0:40 / /home rw - zfs tank/home rw\n", false},
                    SnapshotCase{"zfs_dataset_read_only",
                                 "2 1 0:40 / /home ro - zfs tank/home ro\n", false},
                    SnapshotCase{"at_sign_elsewhere", "2 1 0:40 / /m ro - tmpfs a@b ro\n", false},
                    SnapshotCase{"nilfs_checkpoint",
                                 "2 1 8:9 / /snap ro - nilfs2 /dev/sdb ro,cp=7\n"
                                 "3 1 8:9 / /data rw - nilfs2 /dev/sdb rw\n",
                                 true},
                    SnapshotCase{"nilfs_checkpoint_alone",
                                 "2 1 8:9 / /snap ro - nilfs2 /dev/sdb ro,cp=7\n", false},
                    SnapshotCase{"nilfs_checkpoint_of_another",
                                 "2 1 8:9 / /snap ro - nilfs2 /dev/sdb ro,cp=7\n"
                                 "3 1 8:10 / /data rw - nilfs2 /dev/sdc rw\n",
                                 false},
                    SnapshotCase{"nilfs_itself",
                                 "2 1 8:9 / /data rw - nilfs2 /dev/sdb rw\n"
                                 "3 1 8:9 / /snap ro - nilfs2 /dev/sdb ro,cp=7\n",
                                 false},
                    SnapshotCase{"nilfs_itself_behind_its_checkpoint",
                                 "2 1 8:9 / /z rw - nilfs2 /dev/sdb rw\n"
                                 "3 1 8:9 / /a ro - nilfs2 /dev/sdb ro,cp=7\n",
                                 false},
                    SnapshotCase{"block_device",
                                 "2 1 254:3 / /snap ro - ext4 /dev/vg-snap ro\n"
                                 "3 1 254:1 / /data rw - ext4 /dev/vg-data rw\n",
                                 false}),
    test::case_name);

// The same device, read-only and not, is no snapshot: both show what is there now.
TEST(SnapshotTableTest, ABindMountThatIsReadOnlyIsTheSameAndNoSnapshot) {
  const std::vector<Mount> mounts =
      table("2 1 254:1 / /b ro - ext4 /dev/vg-data rw\n3 1 254:1 / /a rw - ext4 /dev/vg-data rw\n");
  EXPECT_FALSE(is_snapshot_among(mounts));
  WalkMapOptions options;
  options.roots = {"/"};
  const WalkMap map(mounts, options);
  EXPECT_EQ(map.find("/a")->action, Action::kEnter);
  EXPECT_EQ(map.find("/b")->why, "the same as /a");
}

TEST(SnapshotTableTest, WhatIsThereNowIsEnteredBesideARootThatIsItsCheckpoint) {
  const std::vector<Mount> mounts =
      table("2 1 8:9 / /z rw - nilfs2 /dev/sdb rw\n3 1 8:9 / /a ro - nilfs2 /dev/sdb ro,cp=7\n");
  WalkMapOptions options;
  options.roots = {"/", "/a"};
  const WalkMap map(mounts, options);
  ASSERT_NE(map.find("/z"), nullptr);
  EXPECT_EQ(map.find("/z")->action, Action::kEnter);
}

class ZfsFolderTest : public testing::Test {
 protected:
  static WalkMap map_of(const std::string& lines, const std::vector<std::string>& roots) {
    WalkMapOptions options;
    options.roots = roots;
    return {table(lines), options};
  }
  static std::string why(const WalkMap& map, const std::string& path) {
    const WalkMap::Node* node = map.find(path);
    return !node ? "no node" : node->action == Action::kPrune ? node->why : "entered";
  }
};

TEST_F(ZfsFolderTest, SnapshotsThatWouldBeMountedOnTheWayAreNotTouched) {
  const WalkMap map = map_of("2 1 0:40 / /tank rw - zfs tank rw\n", {"/"});
  EXPECT_EQ(why(map, "/tank/.zfs/snapshot"), kSnapshot);
  EXPECT_EQ(why(map, "/tank/.zfs"), "entered");
  EXPECT_EQ(why(map, "/tank"), "entered");
}

TEST_F(ZfsFolderTest, NorThoseOfARootOnZfs) {
  const WalkMap map = map_of("2 1 0:40 / /tank rw - zfs tank rw\n", {"/tank"});
  EXPECT_EQ(why(map, "/tank/.zfs/snapshot"), kSnapshot);
}

TEST_F(ZfsFolderTest, NorOneThatIsMountedThere) {
  const WalkMap map = map_of(
      "2 1 0:40 / /tank rw - zfs tank rw\n3 2 0:41 / /tank/.zfs/snapshot/m ro - zfs tank@m ro\n",
      {"/"});
  EXPECT_EQ(why(map, "/tank/.zfs/snapshot"), kSnapshot);
  EXPECT_EQ(why(map, "/tank/.zfs/snapshot/m"), kSnapshot);
}

TEST_F(ZfsFolderTest, ButTheFolderAsARootIs) {
  const WalkMap map = map_of("2 1 0:40 / /tank rw - zfs tank rw\n",
                             {"/tank/.zfs/snapshot", "/tank/.zfs/snapshot/m"});
  EXPECT_EQ(map.find("/tank/.zfs/snapshot")->action, Action::kOwnRoot);
  EXPECT_EQ(map.find("/tank/.zfs/snapshot/m")->action, Action::kOwnRoot);
}

TEST_F(ZfsFolderTest, OnOtherFileSystemsTheNameMeansNothing) {
  EXPECT_EQ(why(map_of("2 1 8:9 / /tank rw - ext4 /dev/sdb rw\n", {"/"}), "/tank/.zfs/snapshot"),
            "no node");
  // A bind mount of a folder of a dataset has none at its top.
  EXPECT_EQ(why(map_of("2 1 0:40 /a /m rw - zfs tank rw\n", {"/"}), "/m/.zfs/snapshot"), "no node");
}

}  // namespace
}  // namespace repo

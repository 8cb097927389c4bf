#include "scanner/mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kTable =
    "21 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "22 21 0:20 / /proc rw,nosuid - proc proc rw\n"
    "23 21 254:1 /home /home rw shared:2 master:1 - xfs /dev/vdb rw\n";

std::vector<std::string> points(const std::vector<Mount>& mounts) {
  std::vector<std::string> all;
  for (const Mount& mount : mounts) all.push_back(mount.point);
  return all;
}

TEST(ParseMountinfoTest, EveryFieldIsRead) {
  const std::vector<Mount> mounts = parse_mountinfo(kTable);
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_EQ(mounts[2].id, 23);
  EXPECT_EQ(mounts[2].parent, 21);
  EXPECT_EQ(mounts[2].device, "254:1");
  EXPECT_EQ(mounts[2].root, "/home");
  EXPECT_EQ(mounts[2].point, "/home");
  EXPECT_EQ(mounts[2].type, "xfs");
  EXPECT_EQ(mounts[1].type, "proc") << "no optional field";
  EXPECT_EQ(mounts[2].source, "/dev/vdb");
  EXPECT_THAT(mounts[2].options, ElementsAre("rw"));
}

TEST(ParseMountinfoTest, SourceAndOptionsOfTheFileSystemAreRead) {
  const std::vector<Mount> mounts = parse_mountinfo(
      "9 1 0:40 / /a rw shared:3 - zfs tank/a\\040b@mon rw,xattr,cp=3\n"
      "9 1 0:40 / /b rw - zfs tank\n"
      "9 1 0:40 / /c rw - zfs\n");
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_EQ(mounts[0].source, "tank/a b@mon");
  EXPECT_THAT(mounts[0].options, ElementsAre("rw", "xattr", "cp=3"));
  EXPECT_EQ(mounts[1].source, "tank");
  EXPECT_THAT(mounts[1].options, IsEmpty());
  EXPECT_EQ(mounts[2].source, "");
}

TEST(ParseMountinfoTest, S15_EscapedBytesComeBack) {
  const std::vector<Mount> mounts = parse_mountinfo(
      "9 1 8:1 /a\\040b /mnt/x\\040y\\012z\\011t\\134n\\377 rw - ext4 /dev/sda rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].root, "/a b");
  EXPECT_EQ(mounts[0].point, "/mnt/x y\nz\tt\\n\xFF");
}

TEST(ParseMountinfoTest, ABackslashThatIsNoEscapeStays) {
  const std::vector<Mount> mounts =
      parse_mountinfo("9 1 8:1 / /a\\04 rw - ext4 x rw\n9 1 8:1 / /b\\089 rw - ext4 x rw\n");
  EXPECT_THAT(points(mounts), ElementsAre("/a\\04", "/b\\089"));
}

TEST(ParseMountinfoTest, ATypeWithASubtypeIsKeptWhole) {
  const std::vector<Mount> mounts =
      parse_mountinfo("9 1 0:40 / /m rw shared:3 - fuse.sshfs user@host: rw\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].type, "fuse.sshfs");
}

struct LineCase : test::NamedCase {
  std::string line;
};

class DamagedLineTest : public testing::TestWithParam<LineCase> {};

TEST_P(DamagedLineTest, S15_IsLeftOutAndItsNeighboursAreRead) {
  const std::string text =
      std::string(kTable) + GetParam().line + "\n24 21 0:30 / /tmp rw - tmpfs tmpfs rw\n";
  EXPECT_THAT(points(parse_mountinfo(text)), ElementsAre("/", "/proc", "/home", "/tmp"));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, DamagedLineTest,
    testing::Values(LineCase{"empty", ""}, LineCase{"cut_in_the_middle", "24 21 0:30 / /tm"},
                    LineCase{"no_dash", "24 21 0:30 / /bad rw shared:1 ext4 /dev/x rw"},
                    LineCase{"nothing_behind_the_dash", "24 21 0:30 / /bad rw shared:1 -"},
                    LineCase{"id_is_no_number", "x4 21 0:30 / /bad rw - ext4 /dev/x rw"},
                    LineCase{"parent_is_no_number", "24 2x 0:30 / /bad rw - ext4 /dev/x rw"},
                    LineCase{"id_too_large", "99999999999 21 0:30 / /bad rw - ext4 /dev/x rw"},
                    LineCase{"blanks", "      "}),
    test::case_name);

TEST(ParseMountinfoFuzz, S15_AnyTextIsRead) {
  std::mt19937 random(20261123);
  const std::string alphabet = "0123456789 /\\-:abx\n";
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t length = random() % 200; length > 0; --length) {
      text += alphabet[random() % alphabet.size()];
    }
    for (const Mount& mount : visible_mounts(parse_mountinfo(text))) {
      EXPECT_FALSE(mount.point.empty());
    }
  }
  const std::string table = kTable;
  for (std::size_t length = 0; length <= table.size(); ++length) {
    EXPECT_LE(parse_mountinfo(table.substr(0, length)).size(), 3U);
  }
}

struct VisibleCase : test::NamedCase {
  std::string table;
  std::vector<int> visible;
};

class VisibleMountsTest : public testing::TestWithParam<VisibleCase> {};

TEST_P(VisibleMountsTest, AreTheseIds) {
  std::vector<int> ids;
  for (const Mount& mount : visible_mounts(parse_mountinfo(GetParam().table))) {
    ids.push_back(mount.id);
  }
  EXPECT_EQ(ids, GetParam().visible);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, VisibleMountsTest,
    testing::Values(VisibleCase{"nothing_covered", kTable, {21, 22, 23}},
                    VisibleCase{"two_at_one_point",
                                "1 0 8:1 / / rw - ext4 a rw\n"
                                "2 1 8:2 / /mnt rw - ext4 b rw\n"
                                "3 2 8:3 / /mnt rw - ext4 c rw\n",
                                {1, 3}},
                    VisibleCase{"one_below_a_folder_that_was_covered_later",
                                "1 0 8:1 / / rw - ext4 a rw\n"
                                "2 1 8:2 / /mnt/deep rw - ext4 b rw\n"
                                "3 1 8:3 / /mnt rw - ext4 c rw\n",
                                {1, 3}},
                    VisibleCase{"one_below_the_covering_one",
                                "1 0 8:1 / / rw - ext4 a rw\n"
                                "2 1 8:2 / /mnt rw - ext4 b rw\n"
                                "3 2 8:3 / /mnt rw - ext4 c rw\n"
                                "4 3 8:4 / /mnt/deep rw - ext4 d rw\n",
                                {1, 3, 4}},
                    VisibleCase{"one_below_the_covered_one",
                                "1 0 8:1 / / rw - ext4 a rw\n"
                                "2 1 8:2 / /mnt rw - ext4 b rw\n"
                                "4 2 8:4 / /mnt/deep rw - ext4 d rw\n"
                                "3 2 8:3 / /mnt rw - ext4 c rw\n",
                                {1, 3}},
                    VisibleCase{"everything_covered_by_a_new_root",
                                "1 0 8:1 / / rw - ext4 a rw\n"
                                "2 1 8:2 / /mnt rw - ext4 b rw\n"
                                "3 1 8:3 / / rw - ext4 c rw\n",
                                {3}},
                    VisibleCase{"root_of_the_table_is_no_mount_of_ours",  // as in a chroot
                                "7 99 8:1 /chroot / rw - ext4 a rw\n"
                                "8 7 0:2 / /proc rw - proc proc rw\n",
                                {7, 8}},
                    VisibleCase{"neighbour_with_the_same_beginning",
                                "1 0 8:1 / / rw - ext4 a rw\n"
                                "2 1 8:2 / /mnt2 rw - ext4 b rw\n"
                                "3 1 8:3 / /mnt rw - ext4 c rw\n",
                                {1, 2, 3}}),
    test::case_name);

TEST(VisibleMountsFaults, S15_ParentsInALoopEnd) {
  const std::vector<Mount> mounts =
      visible_mounts(parse_mountinfo("1 2 8:1 / / rw - ext4 a rw\n2 1 8:2 / /mnt rw - ext4 b rw\n"
                                     "3 3 8:3 / /mnt/x rw - ext4 c rw\n"));
  EXPECT_LE(mounts.size(), 3U);
}

TEST(ReadMountsTest, TheTableOfThisProcessHasItsRootAndProc) {
  const Result<std::vector<Mount>> mounts = read_mounts();
  ASSERT_TRUE(mounts);
  EXPECT_THAT(points(*mounts), testing::IsSupersetOf({"/", "/proc"}));
}

struct TypeCase : test::NamedCase {
  std::string type;
  FsClass expected;
};

class ClassifyTest : public testing::TestWithParam<TypeCase> {};

TEST_P(ClassifyTest, S14_IsOfThisClass) {
  EXPECT_EQ(classify(GetParam().type), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Types, ClassifyTest,
    testing::Values(
        TypeCase{"ext4", "ext4", FsClass::kLocal}, TypeCase{"xfs", "xfs", FsClass::kLocal},
        TypeCase{"btrfs", "btrfs", FsClass::kLocal}, TypeCase{"zfs", "zfs", FsClass::kLocal},
        TypeCase{"vfat", "vfat", FsClass::kLocal},
        TypeCase{"squashfs", "squashfs", FsClass::kLocal},
        TypeCase{"tmpfs", "tmpfs", FsClass::kLocal},
        TypeCase{"overlay", "overlay", FsClass::kLocal},
        TypeCase{"never_heard_of", "newfs2030", FsClass::kLocal},
        TypeCase{"ntfs_on_a_local_disk", "fuseblk", FsClass::kLocal},
        TypeCase{"proc", "proc", FsClass::kPseudo}, TypeCase{"sysfs", "sysfs", FsClass::kPseudo},
        TypeCase{"cgroup2", "cgroup2", FsClass::kPseudo},
        TypeCase{"devpts", "devpts", FsClass::kPseudo},
        TypeCase{"devtmpfs", "devtmpfs", FsClass::kPseudo},
        TypeCase{"autofs", "autofs", FsClass::kAutomount},
        TypeCase{"nfs", "nfs", FsClass::kNetwork}, TypeCase{"nfs4", "nfs4", FsClass::kNetwork},
        TypeCase{"cifs", "cifs", FsClass::kNetwork}, TypeCase{"smb3", "smb3", FsClass::kNetwork},
        TypeCase{"ceph", "ceph", FsClass::kNetwork}, TypeCase{"nine_p", "9p", FsClass::kNetwork},
        TypeCase{"S12_fuse", "fuse", FsClass::kFuse},
        TypeCase{"S12_sshfs", "fuse.sshfs", FsClass::kFuse},
        TypeCase{"S12_hostile_subtype", "fuse.\x1b[2J\xFF", FsClass::kFuse},
        TypeCase{"begins_like_fuse", "fusefoo", FsClass::kLocal}),
    test::case_name);

}  // namespace
}  // namespace repo

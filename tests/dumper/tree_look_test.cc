// What a look sees, and digests of a tree.
#include "dumper/tree_look.h"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <functional>
#include <latch>

#include "dumper/tree.h"
#include "tests/dumper/tree_fixture.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

struct HoleCase : test::NamedCase {
  std::uint64_t size;
  std::uint64_t on_disk;
  bool inflates;
};

class InflatesTest : public testing::TestWithParam<HoleCase> {};

TEST_P(InflatesTest, IsJudgedByWhatTheFilesSayAndTake) {
  LookBuilder builder;
  TreeEntry folder;
  folder.st.st_mode = S_IFDIR;
  folder.st.st_size = off_t{1} << 50;
  TreeEntry file;
  file.st.st_mode = S_IFREG;
  file.st.st_size = static_cast<off_t>(GetParam().size);
  file.st.st_blocks = static_cast<blkcnt_t>(GetParam().on_disk / 512);
  builder.add(folder);
  builder.add(file);
  EXPECT_EQ(inflates(builder.finish()), GetParam().inflates);
}

// A few bytes with a thousand names would be copied a thousand times.
TEST(InflatesLinksTest, NamesOfOneFileTakeItsSpaceOnce) {
  TreeEntry file;
  file.st.st_mode = S_IFREG;
  file.st.st_size = off_t{1} << 20;
  file.st.st_blocks = (off_t{1} << 20) / 512;
  file.st.st_nlink = 1000;
  file.st.st_ino = 7;
  LookBuilder one;
  LookBuilder many;
  for (ino_t i = 0; i < 1000; ++i) {
    one.add(file);
    TreeEntry other = file;
    other.st.st_ino = i;
    many.add(other);
  }
  EXPECT_TRUE(inflates(one.finish()));
  EXPECT_FALSE(inflates(many.finish()));
}

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

INSTANTIATE_TEST_SUITE_P(Holes, InflatesTest,
                         testing::Values(HoleCase{"ordinary", kGiB, kGiB, false},
                                         HoleCase{"empty", 0, 0, false},
                                         HoleCase{"small_and_sparse", 1 << 20, 0, false},
                                         HoleCase{"compressed_by_three", 3 * kGiB, kGiB, false},
                                         HoleCase{"a_tenth_on_disk", 10 * kGiB, kGiB, true},
                                         HoleCase{"nothing_on_disk", 1024 * kGiB, 0, true}),
                         test::case_name);

// In memory, and gone with the child that made it.

struct ChangeCase : test::NamedCase {
  std::function<void(const std::string& top)> deed;
  bool of_content = true;  // also where only the content counts
};

class LookChangeTest : public TreeTest, public testing::WithParamInterface<ChangeCase> {
 protected:
  TreeLook look_for(Changes changes) const {
    const UniqueFd top = test::open_folder(tree_.path());
    Result<TreeLook> seen =
        look_at_tree({top.get(), std::nullopt}, {}, test::patient(), {}, changes);
    EXPECT_TRUE(seen) << describe(seen.error());
    return seen ? *std::move(seen) : TreeLook();
  }
};

TEST_P(LookChangeTest, IsSeen) {
  REPO_NEEDS_ROOT();
  test::write_file(tree_ / "d/file", "content");
  test::write_file(tree_ / "other", "content");
  test::make_link(tree_ / "link", "d");
  const TreeLook any = look_for(Changes::kAny);
  const TreeLook content = look_for(Changes::kContent);
  EXPECT_TRUE(any == look_for(Changes::kAny)) << "the control";
  EXPECT_TRUE(content == look_for(Changes::kContent));
  test::next_tick(tree_.path());
  GetParam().deed(tree_.path());
  EXPECT_FALSE(any == look_for(Changes::kAny));
  EXPECT_EQ(content == look_for(Changes::kContent), !GetParam().of_content);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, LookChangeTest,
    testing::Values(
        ChangeCase{"written",
                   [](const auto& top) { test::write_file(top + "/d/file", "CONTENT"); }},
        ChangeCase{"grown", [](const auto& top) { test::write_file(top + "/d/file", "content2"); }},
        ChangeCase{"touched", [](const auto& top) { test::set_mtime(top + "/d/file", 1, 1); }},
        ChangeCase{"written_and_touched",
                   [](const auto& top) {
                     const struct stat st = test::lstat_of(top + "/d/file");
                     test::write_file(top + "/d/file", "CONTENT");
                     test::set_mtime(top + "/d/file", st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
                   },
                   false},
        ChangeCase{"mode", [](const auto& top) { test::set_mode(top + "/d/file", 0400); }},
        ChangeCase{"mode_of_a_folder", [](const auto& top) { test::set_mode(top + "/d", 0711); }},
        ChangeCase{"mode_of_the_top", [](const auto& top) { test::set_mode(top, 0711); }},
        ChangeCase{"owner", [](const auto& top) { test::give_to(top + "/d/file", 1234); }},
        ChangeCase{"owner_of_a_folder", [](const auto& top) { test::give_to(top + "/d", 1234); }},
        ChangeCase{"owner_of_a_link", [](const auto& top) { test::give_to(top + "/link", 1234); }},
        ChangeCase{"a_second_name",
                   [](const auto& top) {
                     ASSERT_EQ(link((top + "/d/file").c_str(), (top + ".second").c_str()), 0);
                     unlink((top + ".second").c_str());
                   },
                   false},
        ChangeCase{"new_file", [](const auto& top) { test::write_file(top + "/new", ""); }},
        ChangeCase{"new_folder", [](const auto& top) { test::make_folder(top + "/new"); }},
        ChangeCase{"new_fifo", [](const auto& top) { test::make_fifo(top + "/new"); }},
        ChangeCase{"gone", [](const auto& top) { unlink((top + "/d/file").c_str()); }},
        ChangeCase{
            "renamed",
            [](const auto& top) { rename((top + "/d/file").c_str(), (top + "/d/file2").c_str()); }},
        ChangeCase{
            "moved",
            [](const auto& top) { rename((top + "/d/file").c_str(), (top + "/file").c_str()); }},
        ChangeCase{"replaced",
                   [](const auto& top) {
                     test::must_run({"cp", "-a", top + "/d/file", top + "/d/new"});
                     rename((top + "/d/new").c_str(), (top + "/d/file").c_str());
                   }},
        ChangeCase{"exchanged",
                   [](const auto& top) {
                     rename((top + "/other").c_str(), (top + "/x").c_str());
                     rename((top + "/d/file").c_str(), (top + "/other").c_str());
                     rename((top + "/x").c_str(), (top + "/d/file").c_str());
                   }},
        ChangeCase{"link_elsewhere",
                   [](const auto& top) {
                     unlink((top + "/link").c_str());
                     test::make_link(top + "/link", "e");
                   }},
        ChangeCase{"folder_replaced",
                   [](const auto& top) {
                     rename((top + "/d").c_str(), (top + "/e").c_str());
                     test::make_folder(top + "/d");
                     rename((top + "/e/file").c_str(), (top + "/d/file").c_str());
                     rmdir((top + "/e").c_str());
                   }}),
    test::case_name);

struct SettledCase : test::NamedCase {
  struct timespec began;
  struct timespec newest;
  bool settled;
};

class SettledTest : public testing::TestWithParam<SettledCase> {};

TEST_P(SettledTest, IsALookLongAfterTheLastChange) {
  TreeLook look;
  look.began = GetParam().began;
  look.newest = GetParam().newest;
  EXPECT_EQ(look.is_settled(), GetParam().settled);
}

INSTANTIATE_TEST_SUITE_P(
    Times, SettledTest,
    testing::Values(SettledCase{"long_ago", {1000, 0}, {1, 0}, true},
                    SettledCase{"three_seconds", {1000, 0}, {997, 999'999'999}, true},
                    SettledCase{"two_seconds", {1000, 999'999'999}, {998, 0}, false},
                    SettledCase{"just_now", {1000, 5}, {1000, 4}, false},
                    SettledCase{"in_the_future", {1000, 0}, {2000, 0}, false},
                    SettledCase{"nothing_there", {1000, 0}, {0, 0}, true}),
    test::case_name);

TEST_F(TreeTest, TwoLooksTogetherChangeWithEither) {
  TreeLook a;
  a.digest = "a";
  a.began = {10, 5};
  a.newest = {3, 0};
  a.apparent = 1;
  a.on_disk = 10;
  TreeLook b = a;
  b.digest = "b";
  b.began = {10, 4};
  b.newest = {4, 0};
  const TreeLook both = together(a, b);
  EXPECT_EQ(both.began.tv_nsec, 4);
  EXPECT_EQ(both.newest.tv_sec, 4);
  EXPECT_EQ(both.apparent, 2U);
  EXPECT_EQ(both.on_disk, 20U);
  EXPECT_FALSE(both == together(a, a));
  EXPECT_FALSE(both == together(b, b));
  EXPECT_FALSE(both == together(b, a));
  EXPECT_TRUE(both == together(a, b));
}

class DigestTreeTest : public TreeTest {
 protected:
  std::string digest(const Skip& skip = {}) const {
    const UniqueFd top = test::open_folder(tree_.path());
    Result<std::string> made = digest_tree({top.get(), std::nullopt}, skip, test::patient());
    EXPECT_TRUE(made) << describe(made.error());
    return made ? *std::move(made) : std::string();
  }
};

TEST_F(DigestTreeTest, IsOfPathsAndContentsAndOfNothingElse) {
  test::write_file(tree_ / "d/file", "content");
  test::make_link(tree_ / "link", "d");
  const std::string before = digest();
  test::set_mode(tree_ / "d/file", 0400);
  test::set_mtime(tree_ / "d/file", 1, 1);
  test::make_folder(tree_ / "empty");
  test::make_fifo(tree_ / "fifo");
  EXPECT_EQ(digest(), before);
  test::write_file(tree_ / "d/file", "CONTENT");
  EXPECT_NE(digest(), before);
  test::write_file(tree_ / "d/file", "content");
  EXPECT_EQ(digest(), before);
  test::write_file(tree_ / "d/more", "");
  EXPECT_NE(digest(), before);
  EXPECT_EQ(digest([](const std::string& path) { return path == "d/more"; }), before);
  unlink((tree_ / "link").c_str());
  test::make_link(tree_ / "link", "e");
  EXPECT_NE(digest([](const std::string& path) { return path == "d/more"; }), before);
}

TEST_F(DigestTreeTest, TellsWhatALookWouldTell) {
  test::write_file(tree_ / "d/file", "content");
  test::write_file(tree_ / "left/out", "");
  test::make_link(tree_ / "link", "d");
  const UniqueFd top = test::open_folder(tree_.path());
  const TreeSource source{top.get(), std::nullopt};
  const Skip skip = [](const std::string& path) { return path == "left"; };
  LookBuilder told;
  ASSERT_TRUE(digest_tree(source, skip, test::patient(),
                          [&told](const TreeEntry& entry) { told.add(entry); }));
  const Result<TreeLook> look = look_at_tree(source, skip, test::patient());
  ASSERT_TRUE(look);
  EXPECT_TRUE(told.finish() == *look);
}

// Where a path ends and a text begins.
TEST_F(DigestTreeTest, ATextIsNotTakenForAPath) {
  test::make_link(tree_ / "a", "bc");
  const std::string one = digest();
  unlink((tree_ / "a").c_str());
  test::make_link(tree_ / "ab", "c");
  EXPECT_NE(digest(), one);
}

TEST_F(DigestTreeTest, D19_WhatALinkLeadsToIsNotRead) {
  test::make_link(tree_ / "link", "/etc/hostname");
  const std::string before = digest();
  test::make_link(tree_ / "to_fifo", "fifo");
  test::make_fifo(tree_ / "fifo");
  EXPECT_NE(digest(), before);
}

}  // namespace
}  // namespace repo

// Where a restored repository goes: all at once, or not at all.
#include "restorer/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/child.h"
#include "tests/support/result_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const Place::Options kWhole{};
const Place::Options kAmongFiles{".git", true};
const Place::Options kWithoutFiles{".git", false};

class PlaceTest : public testing::Test {
 protected:
  Result<Place> prepare(const std::string& path, const Place::Options& options = kWhole) {
    const UniqueFd base = test::open_folder(tree_.path());
    return Place::prepare(base.get(), path, options);
  }
  Error refused(const std::string& path, const Place::Options& options = kWhole) {
    const Result<Place> place = prepare(path, options);
    EXPECT_FALSE(place);
    return place ? Error() : place.error();
  }
  // As a rebuild does.
  static void fill(const Place& place, const std::string& text = "restored") {
    const std::string data = "/proc/self/fd/" + std::to_string(place.data());
    test::write_file(data + "/.git/HEAD", text);
    test::write_file(data + "/file", text);
    ASSERT_EQ(fchmod(place.data(), 02750), 0);
  }
  void must_restore(const std::string& path, const Place::Options& options = kWhole) {
    Result<Place> place = prepare(path, options);
    ASSERT_TRUE(place) << describe(place.error());
    fill(*place);
    const Status put = place->put();
    EXPECT_TRUE(put) << describe(put.error());
  }
  // Where a restore to `path` is staged: found by preparing one.
  std::string staging_of(const std::string& path, const Place::Options& options = kWhole) {
    const fs::path parent = fs::path(tree_ / path).parent_path();
    const Result<Place> place = prepare(path, options);
    EXPECT_TRUE(place) << describe(place.error());
    for (const std::string& name : test::names_in(parent)) {
      if (name.starts_with(".repo-restore.")) return parent / name;
    }
    ADD_FAILURE() << "nothing is staged";
    return "";
  }
  std::vector<std::string> names() const { return test::names_in(tree_.path()); }
  mode_t mode_of(const std::string& name) const {
    return test::lstat_of(tree_ / name).st_mode & 07777;
  }

  test::TempDir tree_;
};

TEST_F(PlaceTest, WhatIsNotThereAppearsWhole) {
  Result<Place> place = prepare("new");
  ASSERT_TRUE(place) << describe(place.error());
  fill(*place);
  EXPECT_FALSE(test::exists(tree_ / "new"));
  ASSERT_THAT(names(), ElementsAre(StartsWith(".repo-restore.")));
  EXPECT_EQ(mode_of(names()[0]), 0700U);
  EXPECT_TRUE(test::exists(tree_ / names()[0] + "/.repo-backup")) << "a scan leaves it alone";
  ASSERT_TRUE(place->put());
  EXPECT_EQ(test::read_file(tree_ / "new/file"), "restored");
  EXPECT_EQ(mode_of("new"), 02750U);
  { const Place gone = *std::move(place); }
  EXPECT_THAT(names(), ElementsAre("new"));
}

TEST_F(PlaceTest, APartAloneIsPutAndTheRestIsRemoved) {
  {
    Result<Place> place = prepare("new");
    ASSERT_TRUE(place) << describe(place.error());
    fill(*place);
    ASSERT_EQ(mkdirat(place->data(), "part", 0700), 0);
    place->put_only("part");
    ASSERT_TRUE(place->put());
  }
  EXPECT_THAT(names(), ElementsAre("new"));
  EXPECT_THAT(test::names_in(tree_ / "new"), IsEmpty());
}

TEST_F(PlaceTest, WhatIsNotPutLeavesNothing) {
  {
    const Result<Place> place = prepare("a/b/new");
    ASSERT_TRUE(place) << describe(place.error());
    fill(*place);
    EXPECT_THAT(names(), ElementsAre("a"));
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(PlaceTest, FoldersOnTheWayAreMadeWhateverTheUmask) {
  const mode_t mask = umask(077);
  must_restore("a/b/new");
  umask(0);
  must_restore("c/new");
  umask(mask);
  for (const char* name : {"a", "a/b", "c"}) EXPECT_EQ(mode_of(name), 0755U) << name;
  EXPECT_EQ(test::read_file(tree_ / "a/b/new/file"), "restored");
  EXPECT_THAT(test::names_in(tree_ / "a/b"), ElementsAre("new"));
}

TEST_F(PlaceTest, FoldersThatWereThereStayAsTheyAre) {
  test::make_folder(tree_ / "a");
  test::set_mode(tree_ / "a", 01711);
  must_restore("a/b/new");
  EXPECT_EQ(mode_of("a"), 01711U);
  { ASSERT_TRUE(prepare("a/c/new")); }
  EXPECT_THAT(test::names_in(tree_ / "a"), ElementsAre("b"));
}

TEST_F(PlaceTest, AFolderOnTheWayThatSomebodyUsesMeanwhileStays) {
  {
    ASSERT_TRUE(prepare("a/b/kept"));
    const Result<Place> place = prepare("a/b/new");
    ASSERT_TRUE(place) << describe(place.error());
    test::write_file(tree_ / "a/of-somebody", "x");
  }
  EXPECT_EQ(test::contents(tree_.path()), (std::map<std::string, std::string>{
                                              {"", "dir"}, {"a", "dir"}, {"a/of-somebody", "x"}}));
}

TEST_F(PlaceTest, AnEmptyFolderIsReplaced) {
  test::make_folder(tree_ / "there");
  must_restore("there");
  EXPECT_EQ(test::read_file(tree_ / "there/file"), "restored");
  EXPECT_EQ(mode_of("there"), 02750U);
}

TEST_F(PlaceTest, AnEmptyFolderStaysWhereNothingIsPut) {
  test::make_folder(tree_ / "there");
  { ASSERT_TRUE(prepare("there")); }
  EXPECT_THAT(names(), ElementsAre("there"));
}

struct InTheWayCase : test::NamedCase {
  std::function<void(const std::string& path)> put;
};

class InTheWayTest : public PlaceTest, public testing::WithParamInterface<InTheWayCase> {};

TEST_P(InTheWayTest, NothingThatExistsIsTouched) {
  test::write_file(tree_ / "elsewhere/kept", "x");
  test::make_folder(tree_ / "empty");
  GetParam().put(tree_ / "there");
  const std::string before = test::snapshot(tree_.path());
  EXPECT_EQ(refused("there").code, EEXIST);
  EXPECT_EQ(refused("there", kWithoutFiles).code, EEXIST);
  EXPECT_EQ(test::snapshot(tree_.path()), before);
}

INSTANTIATE_TEST_SUITE_P(
    Things, InTheWayTest,
    testing::Values(
        InTheWayCase{"folder", [](auto& path) { test::write_file(path + "/file", "of somebody"); }},
        InTheWayCase{"file", [](auto& path) { test::write_file(path, ""); }},
        InTheWayCase{"fifo", [](auto& path) { test::make_fifo(path); }},
        InTheWayCase{"link_to_a_folder", [](auto& path) { test::make_link(path, "elsewhere"); }},
        InTheWayCase{"link_to_an_empty_folder", [](auto& path) { test::make_link(path, "empty"); }},
        InTheWayCase{"link_that_leads_nowhere", [](auto& path) { test::make_link(path, "no"); }}),
    test::case_name);

TEST_F(PlaceTest, ALinkOnTheWayIsNotFollowed) {
  test::make_folder(tree_ / "elsewhere");
  test::make_link(tree_ / "link", "elsewhere");
  test::make_link(tree_ / "nowhere", "missing");
  test::write_file(tree_ / "file", "");
  for (const char* path : {"link/new", "nowhere/new", "file/new", "link/a/new"}) {
    EXPECT_NE(refused(path).code, 0) << path;
  }
  EXPECT_THAT(test::names_in(tree_ / "elsewhere"), IsEmpty());
  EXPECT_THAT(names(), ElementsAre("elsewhere", "file", "link", "nowhere"));
}

TEST_F(PlaceTest, WorkingFilesStayAndTheStoreIsPutAmongThem) {
  test::write_file(tree_ / "proj/file", "of somebody");
  EXPECT_THAT(refused("proj", kWithoutFiles).message, HasSubstr("--with-files"));
  EXPECT_EQ(refused("proj", {"", true}).code, EEXIST);
  must_restore("proj", kAmongFiles);
  EXPECT_EQ(test::contents(tree_ / "proj"),
            (std::map<std::string, std::string>{
                {"", "dir"}, {".git", "dir"}, {".git/HEAD", "restored"}, {"file", "of somebody"}}));
  EXPECT_EQ(mode_of("proj"), 0755U & ~umask(umask(0)));
}

TEST_F(PlaceTest, AStoreThatIsThereIsNotReplaced) {
  test::write_file(tree_ / "proj/.git/HEAD", "of somebody");
  EXPECT_EQ(refused("proj", kAmongFiles).code, EEXIST);
  test::make_link(tree_ / "other", "proj");
  EXPECT_EQ(refused("other", kAmongFiles).code, EEXIST);
  fs::remove_all(tree_ / "proj/.git");
  test::write_file(tree_ / "proj/.git", "gitdir: elsewhere");
  EXPECT_EQ(refused("proj", kAmongFiles).code, EEXIST);
}

TEST_F(PlaceTest, WithoutWorkingFilesAllIsPutThere) {
  must_restore("new", kAmongFiles);
  EXPECT_EQ(test::read_file(tree_ / "new/file"), "restored");
  test::make_folder(tree_ / "empty");
  must_restore("empty", kAmongFiles);
  EXPECT_EQ(test::read_file(tree_ / "empty/file"), "restored");
}

TEST_F(PlaceTest, AMountPointIsNotReplaced) {
  REPO_NEEDS_ROOT();
  test::make_folder(tree_ / "mount");
  test::in_child([&] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_ / "mount", "size=1m");
    EXPECT_THAT(refused("mount").message, HasSubstr("mount point"));
    must_restore("mount/new");
    fs::remove_all(tree_ / "mount/new");
    must_restore("mount", kAmongFiles);
    EXPECT_THAT(test::names_in(tree_ / "mount"), ElementsAre(".git"));
  });
}

// What comes to the place between the first look and the last step.
TEST_F(PlaceTest, NothingThatAppearsMeanwhileIsReplaced) {
  const std::string there = tree_ / "there";
  const std::vector<std::function<void()>> comings = {
      [&] { test::write_file(there, "of somebody"); },
      [&] { test::write_file(there + "/file", "of somebody"); },
      [&] { test::make_link(there, tree_ / "elsewhere"); }};
  test::make_folder(tree_ / "elsewhere");
  for (const bool was_there : {false, true}) {
    for (const auto& come : comings) {
      if (was_there) test::make_folder(there);
      {
        Result<Place> place = prepare("there");
        ASSERT_TRUE(place) << describe(place.error());
        fill(*place);
        fs::remove_all(there);
        come();
        EXPECT_FALSE(place->put());
      }
      EXPECT_THAT(names(), ElementsAre("elsewhere", "there"));
      EXPECT_FALSE(test::exists(there + "/.git"));
      EXPECT_THAT(test::names_in(tree_ / "elsewhere"), IsEmpty());
      fs::remove_all(there);
    }
  }
}

TEST_F(PlaceTest, AStoreThatAppearsMeanwhileIsNotReplaced) {
  test::write_file(tree_ / "proj/file", "of somebody");
  {
    Result<Place> place = prepare("proj", kAmongFiles);
    ASSERT_TRUE(place) << describe(place.error());
    fill(*place);
    test::make_folder(tree_ / "proj/.git");
    EXPECT_EQ(test::error_of(place->put()).code, EEXIST);
  }
  EXPECT_THAT(test::names_in(tree_ / "proj"), ElementsAre(".git", "file"));
  EXPECT_THAT(test::names_in(tree_ / "proj/.git"), IsEmpty());
}

TEST_F(PlaceTest, R6_WhatAKilledRestoreHasLeftIsTakenOver) {
  test::in_child([&] {
    Result<Place> place = prepare("new");
    ASSERT_TRUE(place) << describe(place.error());
    fill(*place, "half");
    _exit(testing::Test::HasFailure() ? 1 : 0);  // no destructor
  });
  ASSERT_THAT(names(), ElementsAre(StartsWith(".repo-restore.")));
  {
    const Result<Place> place = prepare("new");
    ASSERT_TRUE(place) << describe(place.error());
    EXPECT_THAT(test::names_in("/proc/self/fd/" + std::to_string(place->data())), IsEmpty());
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(PlaceTest, TwoRestoresToOnePlaceAreNotAtWorkAtOnce) {
  Result<Place> first = prepare("new");
  ASSERT_TRUE(first) << describe(first.error());
  fill(*first);
  const Error second = refused("new");
  EXPECT_EQ(second.code, EWOULDBLOCK);
  EXPECT_THAT(second.message, HasSubstr("another restore"));
  EXPECT_TRUE(prepare("other"));
  EXPECT_TRUE(first->put()) << "the second has not taken anything away";
  EXPECT_EQ(test::read_file(tree_ / "new/file"), "restored");
}

TEST_F(PlaceTest, WhatIsCalledLikeOursAndIsNotOursStays) {
  REPO_NEEDS_ROOT();
  const std::string staging = staging_of("new");
  const std::vector<std::function<void()>> others = {
      [&] { test::write_file(staging + "/notes", "of somebody"); },
      [&] { test::write_file(staging, "a file"); }, [&] { test::make_link(staging, "elsewhere"); },
      [&] {
        test::write_file(staging + "/data/file", "of somebody");
        test::give_to(staging, 1234);
      }};
  test::write_file(tree_ / "elsewhere/data", "x");
  for (const auto& put : others) {
    put();
    const auto before = test::contents(tree_.path());
    refused("new");
    EXPECT_EQ(test::contents(tree_.path()), before);
    fs::remove_all(staging);
  }
}

// As another user: what was restored may have folders that he may not write to.
TEST_F(PlaceTest, FoldersThatMayNotBeWrittenToAreRemovedToo) {
  REPO_NEEDS_ROOT();
  test::give_to(tree_.path(), 1234);
  test::in_child([&] {
    test::become_user(1234);
    {
      const Result<Place> place = prepare("new");
      ASSERT_TRUE(place) << describe(place.error());
      fill(*place);
      const std::string data = "/proc/self/fd/" + std::to_string(place->data());
      test::set_mode(data + "/.git", 0500);
    }
    EXPECT_THAT(names(), IsEmpty());
  });
}

TEST_F(PlaceTest, AFolderThatMayNotBeWrittenToIsPutInPlace) {
  REPO_NEEDS_ROOT();
  test::give_to(tree_.path(), 1234);
  test::in_child([&] {
    test::become_user(1234);
    Result<Place> place = prepare("new");
    ASSERT_TRUE(place) << describe(place.error());
    fill(*place);
    ASSERT_EQ(fchmod(place->data(), 0500), 0);
    const Status put = place->put();
    EXPECT_TRUE(put) << describe(put.error());
    EXPECT_EQ(mode_of("new"), 0500U);
  });
}

}  // namespace
}  // namespace repo

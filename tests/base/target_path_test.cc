// A target as a person names it.
#include "base/target_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/child.h"
#include "tests/support/result_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

namespace fs = std::filesystem;

// "TOP" stands for the folder that the tests work in, which has
//   there/in   folders          file     a file
//   link       to there         nowhere  a link that leads nowhere
class ResolveTest : public testing::Test {
 protected:
  void SetUp() override {
    top_ = fs::canonical(tree_.path());
    fs::create_directories(top_ + "/there/in");
    test::write_file(top_ + "/file", "");
    test::make_link(top_ + "/link", "there");
    test::make_link(top_ + "/nowhere", "missing/x");
  }
  std::string in_top(std::string text) const {
    const std::size_t at = text.find("TOP");
    return at == std::string::npos ? text : text.replace(at, 3, top_);
  }
  // With `folder` of TOP as the working directory.
  void in_folder(const std::string& folder, const std::function<void()>& body) {
    test::in_child([&] {
      ASSERT_EQ(chdir((top_ + "/" + folder).c_str()), 0);
      body();
    });
  }
  test::TempDir tree_;
  std::string top_;
};

struct TargetCase : test::NamedCase {
  std::string folder;  // of TOP: the working directory
  std::string target;
  std::string base;
  std::string rest;
};

class ResolveTargetTest : public ResolveTest, public testing::WithParamInterface<TargetCase> {};

TEST_P(ResolveTargetTest, IsAFolderThatIsThereAndAWayFromThere) {
  in_folder(GetParam().folder, [&] {
    const Result<TargetPath> path = resolve_place(in_top(GetParam().target));
    ASSERT_TRUE(path) << describe(path.error());
    EXPECT_EQ(path->base_path, in_top(GetParam().base));
    EXPECT_EQ(path->rest, GetParam().rest);
    EXPECT_EQ(fs::read_symlink("/proc/self/fd/" + std::to_string(path->base.get())),
              path->base_path);
    EXPECT_EQ(path->full(), (path->base_path == "/" ? "" : path->base_path) + "/" + path->rest);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Targets, ResolveTargetTest,
    testing::Values(TargetCase{"a_name", "", "x", "TOP", "x"},
                    TargetCase{"a_name_elsewhere", "there", "x", "TOP/there", "x"},
                    TargetCase{"a_folder_that_is_there", "", "there", "TOP", "there"},
                    TargetCase{"below_it", "", "there/in/x", "TOP/there/in", "x"},
                    TargetCase{"missing_folders", "", "a/b/c", "TOP", "a/b/c"},
                    TargetCase{"trailing_slashes", "", "a///", "TOP", "a"},
                    TargetCase{"trailing_slashes_of_a_folder", "", "there/in//", "TOP/there", "in"},
                    TargetCase{"double_slashes", "", "there//x", "TOP/there", "x"},
                    TargetCase{"double_slashes_of_missing_ones", "", "a//b", "TOP", "a/b"},
                    TargetCase{"absolute_double_slashes", "", "TOP/a//b///c", "TOP", "a/b/c"},
                    TargetCase{"absolute", "there", "TOP/x", "TOP", "x"},
                    TargetCase{"below_the_root", "", "/no-such-folder/x", "/", "no-such-folder/x"},
                    TargetCase{"here", "there/in", ".", "TOP/there", "in"},
                    TargetCase{"above", "there/in", "..", "TOP", "there"},
                    TargetCase{"dots_at_the_end", "", "there/in/..", "TOP", "there"},
                    TargetCase{"dots_on_the_way", "", "there/../x", "TOP", "x"},
                    TargetCase{"a_dot_on_the_way", "", "./there/./x", "TOP/there", "x"},
                    TargetCase{"a_link_on_the_way", "", "link/x", "TOP/there", "x"},
                    // The last part is not resolved.
                    TargetCase{"a_link", "", "link", "TOP", "link"},
                    TargetCase{"a_link_that_leads_nowhere", "", "nowhere", "TOP", "nowhere"},
                    TargetCase{"a_link_with_a_slash", "", "link/", "TOP", "link"},
                    TargetCase{"below_a_link_that_leads_nowhere", "", "nowhere/x", "TOP",
                               "missing/x/x"},
                    TargetCase{"a_file", "", "file", "TOP", "file"},
                    TargetCase{"odd_bytes", "", "a\n\xff/ b", "TOP", "a\n\xff/ b"}),
    test::case_name);

struct RefusedTargetCase : test::NamedCase {
  std::string target;
};

class ResolveRefusalTest : public ResolveTest,
                           public testing::WithParamInterface<RefusedTargetCase> {};

TEST_P(ResolveRefusalTest, IsNamed) {
  in_folder("", [&] {
    const Error error = test::error_of(resolve_place(GetParam().target));
    EXPECT_NE(error.message, "");
  });
}

INSTANTIATE_TEST_SUITE_P(
    Targets, ResolveRefusalTest,
    testing::Values(RefusedTargetCase{"nothing", ""}, RefusedTargetCase{"the_root", "/"},
                    RefusedTargetCase{"the_root_in_other_words", "/tmp/.."},
                    RefusedTargetCase{"many_slashes", "///"},
                    RefusedTargetCase{"dots_behind_what_is_missing", "a/.."},
                    RefusedTargetCase{"dots_in_what_is_missing", "a/../b/../.."},
                    RefusedTargetCase{"way_out_of_what_is_missing", "a/../x"},
                    RefusedTargetCase{"below_a_file", "file/x/y"}),
    test::case_name);

// In a home folder its owner could lead root anywhere.
TEST_F(ResolveTest, D19_LinksOfOthersAreNotGoneThrough) {
  REPO_NEEDS_ROOT();
  test::make_folder(top_ + "/home");
  test::make_link(top_ + "/home/roots", "../there");
  test::make_link(top_ + "/home/theirs", "../there");
  test::give_to(top_ + "/home/theirs", 1234);
  EXPECT_TRUE(resolve_place(top_ + "/home/roots/x")) << "root's, in root's folder";
  const Error theirs = test::error_of(resolve_place(top_ + "/home/theirs/x"));
  EXPECT_EQ(theirs.path, top_ + "/home/theirs");
  test::give_to(top_ + "/home", 1234);
  EXPECT_FALSE(resolve_place(top_ + "/home/roots/x")) << "put there by somebody else, maybe";
  EXPECT_TRUE(resolve_place(top_ + "/home/x"));
  EXPECT_EQ(resolve_place(top_ + "/home/theirs")->rest, "theirs") << "the last part is in the way";
}

}  // namespace
}  // namespace repo

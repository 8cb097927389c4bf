// What lies where in a git directory.
#include "dumper/git_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace repo {
namespace {

using testing::ElementsAre;

TEST(FsckStartsFromTest, AllThatNamesObjects) {
  for (const char* path :
       {"HEAD", "packed-refs", "index", "shallow", "refs", "refs/heads/main", "logs/HEAD",
        "worktrees", "worktrees/w", "worktrees/w/HEAD", "worktrees/w/logs/refs/heads/modules",
        // A branch may have any name.
        "refs/heads/modules", "refs/heads/modules/x", "refs/heads/feature/modules",
        "refs/heads/modules-update", "refs/remotes/origin/modules", "logs/refs/heads/modules"}) {
    EXPECT_TRUE(fsck_starts_from(path)) << path;
  }
}

TEST(FsckStartsFromTest, NothingElse) {
  for (const char* path : {"config", "hooks", "objects", "modules", "modules/x/HEAD", "HEADS",
                           "worktrees/w/modules", "worktrees/w/modules/x/HEAD", "refspec"}) {
    EXPECT_FALSE(fsck_starts_from(path)) << path;
  }
}

TEST(GitPartTest, LogsAndReftablesAreOfTheRepositoryOrAWorktree) {
  EXPECT_TRUE(is_git_log("logs") && is_git_log("logs/HEAD") && is_git_log("worktrees/w/logs/HEAD"));
  EXPECT_FALSE(is_git_log("refs/heads/logs/x") || is_git_log("other/logs/HEAD"));
  EXPECT_TRUE(is_reftable("reftable/tables.list") && is_reftable("worktrees/w/reftable/x"));
  EXPECT_FALSE(is_reftable("refs/heads/reftable/x") || is_reftable("refs/heads/x/reftable/y"));
}

GitDirectories seen(const std::vector<std::string>& paths) {
  GitDirectories directories;
  for (const std::string& path : paths) {
    TreeEntry entry;
    entry.path = path;
    directories.see(entry);
  }
  return directories;
}

TEST(GitDirectoriesTest, ThoseOfSubmodulesHaveAllThree) {
  const Result<std::vector<std::string>> found = seen({"HEAD",
                                                       "objects",
                                                       "refs",  // itself
                                                       "modules/b/HEAD",
                                                       "modules/b/objects",
                                                       "modules/b/refs",  //
                                                       "modules/b/modules/c/HEAD",
                                                       "modules/b/modules/c/objects",  //
                                                       "modules/b/modules/c/refs",     //
                                                       "modules/part/HEAD",
                                                       "modules/part/objects",  // no refs
                                                       "modules/HEAD",
                                                       "modules/objects",
                                                       "modules/refs",  // the folder itself
                                                       "worktrees/w/modules/d/HEAD",
                                                       "worktrees/w/modules/d/objects",  //
                                                       "worktrees/w/modules/d/refs",     //
                                                       "refs/heads/modules/x/HEAD",
                                                       "refs/heads/modules/x/objects",  // branches
                                                       "refs/heads/modules/x/refs",
                                                       "hooks/modules/y/HEAD"})
                                                     .found();
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ElementsAre("", "modules/b", "modules/b/modules/c", "worktrees/w/modules/d"));
}

// Without one of them it would be plain files to everybody, git fsck included.
TEST(GitDirectoriesTest, D10_OneThatHasLostAPartIsAnError) {
  for (const char* lost : {"HEAD", "objects", "refs"}) {
    GitDirectories directories;
    for (const char* name : {"HEAD", "objects", "refs", "config"}) {
      if (std::string(name) == lost) continue;
      TreeEntry entry;
      entry.path = std::string("modules/a/b/") + name;
      const bool is_file = entry.path.ends_with("HEAD") || entry.path.ends_with("config");
      entry.st.st_mode = is_file ? S_IFREG : S_IFDIR;
      directories.see(entry);
    }
    const Result<std::vector<std::string>> found = directories.found();
    ASSERT_FALSE(found) << lost;
    EXPECT_EQ(found.error().path, "modules/a/b");
    EXPECT_THAT(describe(found.error()), testing::HasSubstr(std::string("without ") + lost));
  }
}

// Branches may have these names.
TEST(GitDirectoriesTest, AFileCalledConfigInAGitDirectorysOwnFoldersIsNone) {
  GitDirectories directories;
  for (const char* path : {"modules/a/refs/heads/x/config", "modules/a/refs/heads/x/HEAD",
                           "modules/a/logs/refs/heads/x/config", "modules/a/hooks/config"}) {
    TreeEntry entry;
    entry.path = path;
    entry.st.st_mode = S_IFREG;
    directories.see(entry);
  }
  EXPECT_TRUE(directories.found());
}

TEST(GitDirectoriesTest, D15_MoreThanFitAreAnError) {
  std::vector<std::string> paths;
  const std::string deep = "modules/" + std::string(4000, 'd');
  for (int i = 0; i < 10'000; ++i) paths.push_back(deep + std::to_string(i) + "/HEAD");
  const Result<std::vector<std::string>> found = seen(paths).found();
  ASSERT_FALSE(found);
  EXPECT_THAT(describe(found.error()), testing::HasSubstr("more git directories"));
}

}  // namespace
}  // namespace repo

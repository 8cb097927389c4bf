// Trees as git makes them, and as they break. What real repositories give is in
// probe_real_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "scanner/probe.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using Make = std::function<void(test::FakeFileSystem& fs, const std::string& git)>;

void make_usual(test::FakeFileSystem& fs, const std::string& git) {
  fs.add_file(git + "/HEAD", "ref: refs/heads/main\n");
  fs.add_file(git + "/config", "[core]\n\trepositoryformatversion = 0\n");
  fs.add_directory(git + "/objects");
  fs.add_directory(git + "/refs");
}

Make with_head(const std::string& head) {
  return [=](test::FakeFileSystem& fs, const std::string& git) {
    fs.add_file(git + "/HEAD", head);
    fs.add_directory(git + "/objects");
    fs.add_directory(git + "/refs");
  };
}

std::string text(const Detail& detail) {
  std::string all;
  for (const auto& [key, value] : detail) {
    all += (all.empty() ? "" : " ") + key + "=";
    if (const auto* word = std::get_if<std::string>(&value)) all += *word;
    if (const auto* number = std::get_if<std::uint64_t>(&value)) all += std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&value)) all += *flag ? "yes" : "no";
  }
  return all;
}

// Both layouts: the git directory itself, and `.git` in the directory.
ProbeResult probe(const Make& make, const std::string& inside) {
  test::FakeFileSystem fs;
  fs.add_directory("/r");
  make(fs, inside.empty() ? "/r" : "/r/" + inside);
  const Result<std::unique_ptr<Directory>> directory = fs.open_root("/r");
  EXPECT_TRUE(directory);
  return probe_git(**directory, inside);
}

struct GoodCase : test::NamedCase {
  Make make;
  std::string detail;
};
class GitGoodTest : public testing::TestWithParam<GoodCase> {};

TEST_P(GitGoodTest, IsARepositoryInBothLayouts) {
  for (const char* inside : {"", ".git"}) {
    const ProbeResult result = probe(GetParam().make, inside);
    ASSERT_TRUE(result.detail) << (result.error ? describe(*result.error) : "nothing");
    std::string expected = GetParam().detail;
    // Where the config does not say.
    constexpr std::string_view kGuess = "bare=?";
    if (const std::size_t at = expected.find(kGuess); at != std::string::npos) {
      expected.replace(at, kGuess.size(), *inside == '\0' ? "bare=yes" : "bare=no");
    }
    EXPECT_EQ(text(*result.detail), expected);
    EXPECT_FALSE(result.error);
    EXPECT_FALSE(result.target);
  }
}

const std::string kNode(40, 'a');
const std::string kFormats = " object_format=sha1 ref_format=files";
const std::string kAlone = " shallow=no partial=no alternates=0 worktrees=0";

std::string says(const std::string& head, const std::string& empty,
                 const std::string& bare = "bare=?") {
  return "head=" + head + " " + bare + " empty=" + empty + kFormats + kAlone;
}

std::string main_says(const std::string& empty) { return says("refs/heads/main", empty); }

// The usual one, and what `change` adds.
Make with(const Make& change) {
  return [=](test::FakeFileSystem& fs, const std::string& git) {
    make_usual(fs, git);
    change(fs, git);
  };
}

Make with_file(const std::string& path, const std::string& text) {
  return with([=](test::FakeFileSystem& fs, const std::string& git) {
    fs.add_file(git + "/" + path, text);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, GitGoodTest,
    testing::Values(
        GoodCase{"usual", make_usual, main_says("yes")},
        GoodCase{"detached", with_head(kNode + "\n"), says(kNode, "no")},
        GoodCase{"detached_sha256", with_head(std::string(64, 'B') + "\n"),
                 says(std::string(64, 'B'), "no")},
        GoodCase{"head_without_blank_and_newline", with_head("ref:refs/heads/x"),
                 says("refs/heads/x", "yes")},
        GoodCase{"head_as_a_link",
                 [](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_link(git + "/HEAD", "refs/heads/master");
                   fs.add_directory(git + "/objects");
                   fs.add_directory(git + "/refs");
                 },
                 says("refs/heads/master", "yes")},
        GoodCase{"without_a_config", with_head("ref: refs/heads/main\n"), main_says("yes")},
        GoodCase{"sha256", with_file("config", "[extensions]\nobjectFormat = sha256\n"),
                 "head=refs/heads/main bare=? empty=yes object_format=sha256 "
                 "ref_format=files" +
                     kAlone},
        GoodCase{"reftable",
                 [](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_file(git + "/HEAD", "ref: refs/heads/.invalid\n");
                   fs.add_file(git + "/config", "[extensions]\n\trefStorage = reftable\n");
                   fs.add_directory(git + "/objects");
                   fs.add_file(git + "/refs/heads", "this repository uses the reftable format\n");
                 },
                 "head=refs/heads/.invalid bare=? object_format=sha1 "
                 "ref_format=reftable" +
                     kAlone},
        GoodCase{"shallow", with_file("shallow", kNode + "\n"),
                 "head=refs/heads/main bare=? empty=yes" + kFormats +
                     " shallow=yes partial=no alternates=0 worktrees=0"},
        GoodCase{"partial", with_file("config", "[remote \"origin\"]\n\tpromisor = true\n"),
                 "head=refs/heads/main bare=? empty=yes" + kFormats +
                     " shallow=no partial=yes alternates=0 worktrees=0"},
        GoodCase{"alternates", with_file("objects/info/alternates", "# a\n/srv/a/objects\n\n../b"),
                 "head=refs/heads/main bare=? empty=yes" + kFormats +
                     " shallow=no partial=no alternates=2 worktrees=0"},
        GoodCase{"D19_alternates_behind_a_link",
                 with([](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_link(git + "/objects/info/alternates", "/etc/shadow");
                 }),
                 "head=refs/heads/main bare=? empty=yes" + kFormats +
                     " shallow=no partial=no worktrees=0"},
        GoodCase{"worktrees", with([](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_file(git + "/worktrees/a/HEAD");
                   fs.add_file(git + "/worktrees/b/HEAD");
                 }),
                 "head=refs/heads/main bare=? empty=yes" + kFormats +
                     " shallow=no partial=no alternates=0 worktrees=2"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Bare, GitGoodTest,
    testing::Values(GoodCase{"said", with_file("config", "[core]\nbare = true\n"),
                             says("refs/heads/main", "yes", "bare=yes")},
                    GoodCase{"denied", with_file("config", "[core]\nbare = false\n"),
                             says("refs/heads/main", "yes", "bare=no")},
                    GoodCase{"with_a_worktree", with_file("config", "[core]\nworktree = ../x\n"),
                             says("refs/heads/main", "yes", "bare=no")},
                    GoodCase{"denied_for_the_main_worktree",
                             with([](test::FakeFileSystem& fs, const std::string& git) {
                               fs.add_file(
                                   git + "/config",
                                   "[core]\nbare = true\n[extensions]\nworktreeConfig = true\n");
                               fs.add_file(git + "/config.worktree", "[core]\nbare = false\n");
                             }),
                             says("refs/heads/main", "yes", "bare=no")},
                    GoodCase{"config_of_the_worktree_that_does_not_count",
                             with([](test::FakeFileSystem& fs, const std::string& git) {
                               fs.add_file(git + "/config", "[core]\nbare = true\n");
                               fs.add_file(git + "/config.worktree", "[core]\nbare = false\n");
                             }),
                             says("refs/heads/main", "yes", "bare=yes")}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Refs, GitGoodTest,
    testing::Values(
        GoodCase{"that_of_head", with_file("refs/heads/main", kNode + "\n"), main_says("no")},
        GoodCase{"another_branch", with_file("refs/heads/a/b/c", kNode + "\n"), main_says("no")},
        GoodCase{"a_note", with_file("refs/notes/commits", kNode + "\n"), main_says("no")},
        GoodCase{"packed",
                 with_file("packed-refs", "# pack-refs with: peeled\n" + kNode + " refs/x\n"),
                 main_says("no")},
        GoodCase{"packed_and_none_left", with_file("packed-refs", "# pack-refs with: peeled\n"),
                 main_says("yes")},
        GoodCase{"a_lock_is_none", with_file("refs/heads/main.lock", ""), main_says("yes")},
        GoodCase{"folders_are_none", with([](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_directory(git + "/refs/heads/main");
                   fs.add_directory(git + "/refs/tags");
                 }),
                 main_says("yes")},
        GoodCase{"D19_head_that_leads_out",
                 with([](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_file(git + "/HEAD", "ref: refs/../config\n");
                 }),
                 says("refs/../config", "yes")},
        GoodCase{"refs_that_cannot_be_read",
                 with([](test::FakeFileSystem& fs, const std::string& git) {
                   fs.add_directory(git + "/refs/heads");
                   fs.fail_open(git + "/refs/heads", EACCES);
                 }),
                 "head=refs/heads/main bare=?" + kFormats + kAlone},
        GoodCase{"too_many_folders_to_look_at",
                 with([](test::FakeFileSystem& fs, const std::string& git) {
                   for (int i = 0; i < 200; ++i) {
                     fs.add_directory(git + "/refs/heads/" + std::to_string(i));
                   }
                   fs.add_file(git + "/refs/heads/199/x", kNode);
                 }),
                 "head=refs/heads/main bare=?" + kFormats + kAlone}),
    test::case_name);

struct BrokenCase : test::NamedCase {
  Make make;
  std::string path;  // below the git directory
  int code;
};
class GitBrokenTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(GitBrokenTest, IsTold) {
  for (const std::string inside : {"", ".git"}) {
    const ProbeResult result = probe(GetParam().make, inside);
    EXPECT_FALSE(result.detail);
    ASSERT_TRUE(result.error) << inside;
    EXPECT_EQ(result.error->op, "probe");
    EXPECT_EQ(result.error->path, (inside.empty() ? "" : ".git/") + GetParam().path);
    EXPECT_EQ(result.error->code, GetParam().code);
    EXPECT_THAT(result.error->message, testing::StartsWith("git repository"));
  }
}

Make but(const std::function<void(test::FakeFileSystem& fs, const std::string& git)>& change) {
  return [=](test::FakeFileSystem& fs, const std::string& git) {
    fs.add_file(git + "/config", "");
    change(fs, git);
  };
}

INSTANTIATE_TEST_SUITE_P(
    Damages, GitBrokenTest,
    testing::Values(
        BrokenCase{"no_refs",
                   [](test::FakeFileSystem& fs, const std::string& git) {
                     fs.add_file(git + "/HEAD", "ref: refs/heads/main\n");
                     fs.add_directory(git + "/objects");
                   },
                   "refs", ENOENT},
        BrokenCase{"D19_refs_behind_a_link",
                   [](test::FakeFileSystem& fs, const std::string& git) {
                     fs.add_file(git + "/HEAD", "ref: refs/heads/main\n");
                     fs.add_directory(git + "/objects");
                     fs.add_link(git + "/refs", "/elsewhere");
                   },
                   "refs", ELOOP},
        BrokenCase{"D19_objects_behind_a_link",
                   [](test::FakeFileSystem& fs, const std::string& git) {
                     fs.add_file(git + "/HEAD", "ref: refs/heads/main\n");
                     fs.add_link(git + "/objects", "/elsewhere");
                     fs.add_directory(git + "/refs");
                   },
                   "objects", ELOOP},
        BrokenCase{"empty_head", but([](test::FakeFileSystem& fs, const std::string& git) {
                     with_head("")(fs, git);
                   }),
                   "HEAD", 0},
        BrokenCase{"zeroed_head", but([](test::FakeFileSystem& fs, const std::string& git) {
                     with_head(std::string(41, '\0'))(fs, git);
                   }),
                   "HEAD", 0},
        BrokenCase{"D19_head_leads_elsewhere",
                   but([](test::FakeFileSystem& fs, const std::string& git) {
                     fs.add_link(git + "/HEAD", "/etc/shadow");
                     fs.add_directory(git + "/objects");
                     fs.add_directory(git + "/refs");
                   }),
                   "HEAD", ELOOP},
        BrokenCase{"D20_head_is_a_fifo", but([](test::FakeFileSystem& fs, const std::string& git) {
                     fs.add_fifo(git + "/HEAD");
                     fs.add_directory(git + "/objects");
                     fs.add_directory(git + "/refs");
                   }),
                   "HEAD", EINVAL},
        BrokenCase{"S4_head_that_cannot_be_read",
                   but([](test::FakeFileSystem& fs, const std::string& git) {
                     with_head("ref: refs/heads/main\n")(fs, git);
                     fs.fail_open(git + "/HEAD", EIO);
                   }),
                   "HEAD", EIO},
        BrokenCase{"config_that_cannot_be_read",
                   [](test::FakeFileSystem& fs, const std::string& git) {
                     make_usual(fs, git);
                     fs.fail_open(git + "/config", EACCES);
                   },
                   "config", EACCES}),
    test::case_name);

struct NoneCase : test::NamedCase {
  Make make;
};
class GitNoneTest : public testing::TestWithParam<NoneCase> {};

TEST_P(GitNoneTest, S23_IsNoRepository) {
  for (const char* inside : {"", ".git"}) {
    const ProbeResult result = probe(GetParam().make, inside);
    EXPECT_FALSE(result.detail || result.error || result.target) << inside;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Decoys, GitNoneTest,
    testing::Values(NoneCase{"empty", [](test::FakeFileSystem& fs,
                                         const std::string& git) { fs.add_directory(git); }},
                    NoneCase{"other_head_and_objects", with_head("a table of objects\n")},
                    NoneCase{"short_node", with_head(std::string(39, 'a'))},
                    NoneCase{"ref_outside_of_refs", with_head("ref: ../../etc/passwd\n")}),
    test::case_name);

struct FileCase : test::NamedCase {
  std::string text;
  std::string target;  // empty: no pointer
  std::string why;
};
class GitFileTest : public testing::TestWithParam<FileCase> {};

TEST_P(GitFileTest, IsAPointer) {
  test::FakeFileSystem fs;
  fs.add_file("/r/.git", GetParam().text);
  const ProbeResult result = probe_git(**fs.open_root("/r"), ".git");
  EXPECT_FALSE(result.detail || result.error);
  ASSERT_EQ(result.target.has_value(), !GetParam().target.empty());
  if (!result.target) return;
  EXPECT_EQ(result.target->path, GetParam().target);
  EXPECT_EQ(result.target->why, GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(Files, GitFileTest,
                         testing::Values(FileCase{"worktree", "gitdir: /srv/a.git/worktrees/wt\n",
                                                  "/srv/a.git/worktrees/wt", "linked worktree"},
                                         FileCase{"submodule", "gitdir: ../.git/modules/sub\n",
                                                  "../.git/modules/sub", "submodule"},
                                         FileCase{"separate", "gitdir: /srv/my repo.git\r\n",
                                                  "/srv/my repo.git", "separate git directory"},
                                         FileCase{"empty", "", "", ""},
                                         FileCase{"something_else", "hello\n", "", ""},
                                         FileCase{"to_nowhere", "gitdir: \n", "", ""}),
                         test::case_name);

Make with_commondir(const std::string& text) {
  return [text](test::FakeFileSystem& fs, const std::string& git) {
    make_usual(fs, git);
    fs.add_file(git + "/commondir", text);
  };
}

TEST(GitCommonTest, S23_TheAdministrativeFolderOfAWorktreeBelongsToItsRepository) {
  const ProbeResult result = probe(with_commondir("../..\n"), "");
  EXPECT_FALSE(result.detail || result.error || result.target);
}

TEST(GitCommonTest, D19_AFolderDotGitThatNamesAnotherIsToldAsAPointer) {
  const ProbeResult relative = probe(with_commondir("../../x\n"), ".git");
  EXPECT_FALSE(relative.detail || relative.error);
  ASSERT_TRUE(relative.target);
  EXPECT_EQ(relative.target->path, ".git/../../x");
  const ProbeResult absolute = probe(with_commondir("/srv/x.git\n"), ".git");
  ASSERT_TRUE(absolute.target);
  EXPECT_EQ(absolute.target->path, "/srv/x.git");
}

TEST(GitLinkTest, D19_ALinkIsToldAndNotFollowed) {
  test::FakeFileSystem fs;
  make_usual(fs, "/elsewhere");
  fs.add_link("/r/.git", "/elsewhere");
  const ProbeResult result = probe_git(**fs.open_root("/r"), ".git");
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->code, ELOOP);
  EXPECT_THAT(result.error->message, testing::HasSubstr("/elsewhere"));
}

}  // namespace
}  // namespace repo

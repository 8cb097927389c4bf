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
    all += std::holds_alternative<std::string>(value) ? std::get<std::string>(value)
                                                      : std::to_string(std::get<1>(value));
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
    EXPECT_EQ(text(*result.detail), GetParam().detail);
    EXPECT_FALSE(result.error);
    EXPECT_FALSE(result.target);
  }
}

const std::string kNode(40, 'a');
const std::string kUsual = " object_format=sha1 ref_format=files";

INSTANTIATE_TEST_SUITE_P(
    Layouts, GitGoodTest,
    testing::Values(GoodCase{"usual", make_usual, "head=refs/heads/main" + kUsual},
                    GoodCase{"detached", with_head(kNode + "\n"), "head=" + kNode + kUsual},
                    GoodCase{"detached_sha256", with_head(std::string(64, 'B') + "\n"),
                             "head=" + std::string(64, 'B') + kUsual},
                    GoodCase{"head_without_blank_and_newline", with_head("ref:refs/heads/x"),
                             "head=refs/heads/x" + kUsual},
                    GoodCase{"head_as_a_link",
                             [](test::FakeFileSystem& fs, const std::string& git) {
                               fs.add_link(git + "/HEAD", "refs/heads/master");
                               fs.add_directory(git + "/objects");
                               fs.add_directory(git + "/refs");
                             },
                             "head=refs/heads/master" + kUsual},
                    GoodCase{"without_a_config", with_head("ref: refs/heads/main\n"),
                             "head=refs/heads/main" + kUsual},
                    GoodCase{"sha256",
                             [](test::FakeFileSystem& fs, const std::string& git) {
                               with_head("ref: refs/heads/main\n")(fs, git);
                               fs.add_file(git + "/config",
                                           "[extensions]\n\tobjectFormat = sha256\n");
                             },
                             "head=refs/heads/main object_format=sha256 ref_format=files"},
                    GoodCase{"reftable",
                             [](test::FakeFileSystem& fs, const std::string& git) {
                               fs.add_file(git + "/HEAD", "ref: refs/heads/.invalid\n");
                               fs.add_file(git + "/config",
                                           "[extensions]\n\trefStorage = reftable\n");
                               fs.add_directory(git + "/objects");
                               fs.add_file(git + "/refs/heads",
                                           "this repository uses the reftable format\n");
                             },
                             "head=refs/heads/.invalid object_format=sha1 ref_format=reftable"},
                    GoodCase{"shallow",
                             [](test::FakeFileSystem& fs, const std::string& git) {
                               make_usual(fs, git);
                               fs.add_file(git + "/shallow", kNode + "\n");
                             },
                             "head=refs/heads/main" + kUsual + " shallow=1"}),
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

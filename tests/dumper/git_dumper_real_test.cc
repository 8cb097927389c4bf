// Git repositories of all shapes, and as they break. What every kind must do is in
// contract_real_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/dumper/git_dumper_fixture.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/table.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST_F(GitRealTest, EverythingBesideHistoryIsKept) {
  create();
  git({"tag", "-a", "-m", "a tag", "v1"});
  git({"branch", "other", "HEAD~1"});
  git({"notes", "add", "-m", "a note"});
  git({"config", "user.signingkey", "ours"});
  git({"replace", "HEAD~1", "HEAD~2"});
  test::write_file(path_ + "/.git/hooks/post-commit", "#!/bin/sh\ntrue\n");
  test::set_mode(path_ + "/.git/hooks/post-commit", 0755);
  test::write_file(path_ + "/.git/info/exclude", "*.o\n");
  for (const char* content : {"first", "second"}) {
    test::write_file(path_ + "/file", content);
    git({"stash", "push", "-q", "-m", content});
  }
  test::write_file(path_ + "/staged", "not committed");
  git({"add", "staged"});
  const std::string state = test::git_state(path_);
  const std::string log = git({"reflog", "show", "--all"});
  must_dump();
  EXPECT_EQ(test::git_state(data()), state);
  EXPECT_EQ(test::git(data(), {"reflog", "show", "--all"}), log);
  EXPECT_EQ(test::contents_and_x(copy("/hooks")), test::contents_and_x(path_ + "/.git/hooks"));
  for (const char* file : {"/config", "/info/exclude", "/index", "/ORIG_HEAD"}) {
    EXPECT_EQ(test::read_file(copy(file)), test::read_file(path_ + "/.git" + file)) << file;
  }
  EXPECT_THAT(test::names_in(data()), testing::ElementsAre(".git"));
  EXPECT_EQ(test::git_complaint(data()), "");
}

TEST_F(GitRealTest, ABareRepositoryIsTheCopyItself) {
  test::git_init(tree_ / "work");
  test::git_commit(tree_ / "work", "file", "one\n");
  test::git("/", {"clone", "-q", "--bare", tree_ / "work", path_});
  const std::string state = test::git_state(path_);
  must_dump();
  EXPECT_EQ(test::git_state(data()), state);
  EXPECT_EQ(test::git_complaint(data()), "");
}

struct ShapeCase : test::NamedCase {
  std::vector<std::string> options;
  std::vector<std::vector<std::string>> deeds;
};

class GitShapeTest : public GitRealTest, public testing::WithParamInterface<ShapeCase> {};

TEST_P(GitShapeTest, IsCopiedWhole) {
  create(GetParam().options);
  for (const auto& words : GetParam().deeds) git(words);
  const std::string state = test::git_state(path_);
  must_dump();
  EXPECT_EQ(test::git_state(data()), state);
  EXPECT_EQ(test::git_complaint(data()), "");
  EXPECT_EQ(test::read_file(restored() + "/file"), test::read_file(path_ + "/file"));
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, GitShapeTest,
    testing::Values(ShapeCase{"loose", {}, {}},
                    ShapeCase{"packed", {}, {{"gc", "-q", "--prune=now"}}},
                    ShapeCase{
                        "packed_refs_and_a_newer_loose_one",
                        {},
                        {{"branch", "x"}, {"pack-refs", "--all"}, {"branch", "-f", "x", "@~1"}}},
                    ShapeCase{"sha256", {"--object-format=sha256"}, {}},
                    ShapeCase{"detached", {}, {{"checkout", "-q", "--detach", "@~1"}}},
                    ShapeCase{"several_packs_and_their_index",
                              {},
                              {{"repack", "-q", "-d"},
                               {"commit", "-q", "--allow-empty", "-m", "four"},
                               {"repack", "-q", "-d"},
                               {"multi-pack-index", "write"},
                               {"commit-graph", "write", "--reachable"}}}),
    test::case_name);

TEST_F(GitRealTest, AShallowCloneIsCopiedAndSaidToBeOne) {
  test::git_init(tree_ / "work");
  for (const char* content : {"one", "two"}) test::git_commit(tree_ / "work", "file", content);
  test::git("/", {"clone", "-q", "--depth=1", test::file_url(tree_ / "work"), path_});
  EXPECT_THAT(must_dump().notes, Contains(HasSubstr("shallow")));
  EXPECT_EQ(test::git_complaint(data()), "");
}

TEST_F(GitRealTest, APartialCloneIsCopiedAndSaidToBeOne) {
  test::git_init(tree_ / "work");
  for (const char* content : {"one", "two"}) test::git_commit(tree_ / "work", "file", content);
  test::git(tree_ / "work", {"config", "uploadpack.allowFilter", "true"});
  test::git("/", {"clone", "-q", "--filter=blob:none", test::file_url(tree_ / "work"), path_});
  EXPECT_THAT(must_dump().notes, Contains(HasSubstr("partial")));
}

TEST_F(GitRealTest, SubmodulesComeWithTheirRepository) {
  test::git_init(tree_ / "library");
  test::git_commit(tree_ / "library", "file", "of the library\n");
  create();
  git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", tree_ / "library",
       "deep/library"});
  git({"commit", "-q", "-m", "with a submodule"});
  must_dump();
  std::filesystem::remove_all(tree_ / "library");
  const std::string place = restored();
  test::git(place, {"submodule", "--quiet", "update", "--no-fetch"});
  EXPECT_EQ(test::read_file(place + "/deep/library/file"), "of the library\n");
}

TEST_F(GitRealTest, D10_ADamagedSubmoduleIsNotPublished) {
  test::git_init(tree_ / "library");
  test::git_commit(tree_ / "library", "file", "of the library\n");
  create();
  git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", tree_ / "library",
       "sub"});
  const std::string blob = test::git(path_ + "/sub", {"rev-parse", "HEAD:file"}).substr(0, 40);
  std::filesystem::remove(path_ + "/.git/modules/sub/objects/" + blob.substr(0, 2) + "/" +
                          blob.substr(2));
  EXPECT_THAT(describe(must_fail()), HasSubstr("modules/sub"));
}

TEST_F(GitRealTest, LinkedWorktreesKeepTheirHeadsAndIndexes) {
  create();
  git({"worktree", "add", "-q", "-b", "side", tree_ / "side"});
  test::git_commit(tree_ / "side", "new", "on the side\n");
  test::write_file(tree_ / "side/staged", "not committed\n");
  test::git(tree_ / "side", {"add", "staged"});
  must_dump();
  for (const char* file : {"/worktrees/side/HEAD", "/worktrees/side/index"}) {
    EXPECT_EQ(test::read_file(copy(file)), test::read_file(path_ + "/.git" + file)) << file;
  }
}

TEST_F(GitRealTest, D10_AWorktreeWhoseIndexNamesWhatIsNotThereIsNotPublished) {
  create();
  git({"worktree", "add", "-q", tree_ / "side"});
  test::write_file(tree_ / "side/staged", "not committed\n");
  test::git(tree_ / "side", {"add", "staged"});
  const std::string blob = test::git(tree_ / "side", {"rev-parse", ":staged"}).substr(0, 40);
  std::filesystem::remove(path_ + "/.git/objects/" + blob.substr(0, 2) + "/" + blob.substr(2));
  EXPECT_THAT(describe(must_fail()), HasSubstr("worktree"));
}

// --- What must not come along ---

TEST_F(GitRealTest, LocksAndTemporaryFilesAreLeftOutAndHooksOfThatNameAreNot) {
  create();
  const std::vector<std::string> transient = {"/index.lock",
                                              "/HEAD.lock",
                                              "/refs/heads/main.lock",
                                              "/gc.pid",
                                              "/packed-refs.lock",
                                              "/objects/tmp_obj_x1",
                                              "/objects/pack/tmp_pack_x1",
                                              "/objects/pack/.tmp-1-pack-2.pack"};
  for (const std::string& each : transient) test::write_file(path_ + "/.git" + each, "x");
  test::write_file(path_ + "/.git/hooks/my.lock", "x");
  must_dump();
  for (const std::string& each : transient) EXPECT_FALSE(test::exists(copy(each))) << each;
  EXPECT_TRUE(test::exists(copy("/hooks/my.lock")));
  test::git_commit(restored(), "file", "after the restore\n");
}

TEST_F(GitRealTest, D22_NothingThatTheRepositoryNamesIsRun) {
  create();
  const std::string script = path_ + "/.git/hooks/ran";
  test::write_file(script, "#!/bin/sh\ntouch /tmp/it-ran " + (tree_ / "it-ran") + "\n");
  test::set_mode(script, 0755);
  for (const char* hook : {"post-commit", "reference-transaction", "post-index-change"}) {
    std::filesystem::copy(script, path_ + "/.git/hooks/" + hook);
  }
  for (const char* key : {"core.fsmonitor", "core.pager", "core.sshCommand", "core.gitProxy"}) {
    git({"config", key, script});
  }
  must_dump();
  EXPECT_FALSE(test::exists(tree_ / "it-ran"));
}

// --- Damage ---

struct DamageCase : test::NamedCase {
  void (*deed)(const std::string& git);
};

std::string object_path(const std::string& git, const std::string& revision) {
  const std::string node = test::git(git, {"rev-parse", revision}).substr(0, 40);
  return git + "/objects/" + node.substr(0, 2) + "/" + node.substr(2);
}

class GitDamageTest : public GitRealTest, public testing::WithParamInterface<DamageCase> {};

TEST_P(GitDamageTest, D10_IsNotPublished) {
  create();
  GetParam().deed(path_ + "/.git");
  EXPECT_NE(describe(must_fail()), "");
}

INSTANTIATE_TEST_SUITE_P(
    Damages, GitDamageTest,
    testing::Values(DamageCase{"missing_blob",
                               [](const std::string& git) {
                                 std::filesystem::remove(object_path(git, "HEAD~1:file"));
                               }},
                    DamageCase{"missing_commit",
                               [](const std::string& git) {
                                 std::filesystem::remove(object_path(git, "HEAD~1"));
                               }},
                    // Only a branch knows of it, whose name is that of a folder for submodules.
                    DamageCase{"missing_commit_of_a_branch_called_modules",
                               [](const std::string& git) {
                                 const std::string older = test::git(git, {"rev-parse", "HEAD~1"});
                                 test::git(git, {"branch", "feature/modules", "HEAD"});
                                 std::filesystem::remove(object_path(git, "HEAD"));
                                 test::write_file(git + "/refs/heads/main", older);
                                 test::git(git, {"read-tree", older.substr(0, 40)});
                                 std::filesystem::remove_all(git + "/logs");
                               }},
                    DamageCase{"truncated_object",
                               [](const std::string& git) {
                                 const std::string path = object_path(git, "HEAD:file");
                                 test::set_mode(path, 0644);
                                 std::filesystem::resize_file(path, 10);
                               }},
                    DamageCase{"flipped_bit_in_a_pack",
                               [](const std::string& git) {
                                 test::git(git, {"gc", "-q"});
                                 for (const std::string& name :
                                      test::names_in(git + "/objects/pack")) {
                                   if (!name.ends_with(".pack")) continue;
                                   const std::string path = git + "/objects/pack/" + name;
                                   std::string bytes = test::read_file(path);
                                   bytes[bytes.size() / 2] =
                                       static_cast<char>(bytes[bytes.size() / 2] ^ 4);
                                   test::set_mode(path, 0644);
                                   test::write_file(path, bytes);
                                 }
                               }},
                    DamageCase{"ref_to_nothing",
                               [](const std::string& git) {
                                 test::write_file(git + "/refs/heads/lost",
                                                  std::string(40, 'a') + "\n");
                               }},
                    DamageCase{"ref_that_is_none",
                               [](const std::string& git) {
                                 test::write_file(git + "/refs/heads/lost", "not a node\n");
                               }},
                    DamageCase{"index_that_names_what_is_not_there",
                               [](const std::string& git) {
                                 test::must_run({"git", "-c", "safe.directory=*", "--git-dir", git,
                                                 "update-index", "--add", "--cacheinfo",
                                                 "100644," + std::string(40, 'b') + ",lost"});
                               }}),
    test::case_name);

struct ConfigCase : test::NamedCase {
  std::string text;
  std::string word;  // of the error
};

class GitConfigTest : public GitRealTest, public testing::WithParamInterface<ConfigCase> {};

TEST_P(GitConfigTest, D10_WhatGitCannotOpenIsNotVerified) {
  create();
  const std::string config = path_ + "/.git/config";
  test::write_file(config, test::read_file(config) + GetParam().text);
  EXPECT_THAT(describe(must_fail()), testing::HasSubstr(GetParam().word));
}

INSTANTIATE_TEST_SUITE_P(
    Configs, GitConfigTest,
    testing::Values(ConfigCase{"syntax", "garb[age\n", "bad config line"},
                    ConfigCase{"version", "[core]\nrepositoryformatversion = 7\n", "format 7"},
                    ConfigCase{"no_version", "[core]\nrepositoryformatversion = x\n", "no number"},
                    ConfigCase{"extension",
                               "[core]\nrepositoryformatversion = 1\n[extensions]\nfoo = bar\n",
                               "extensions.foo"}),
    test::case_name);

TEST_F(GitRealTest, D22_TheConfigIsReadAsData) {
  create();
  const std::string config = path_ + "/.git/config";
  test::write_file(config, test::read_file(config) + "[include]\npath = /nowhere\n[core]\n" +
                               "fsmonitor = touch /tmp/run\nrepositoryformatversion = 1\n" +
                               "[extensions]\nworktreeConfig = true\n");
  must_dump();
  test::write_file(config, "");
  must_dump();
  std::filesystem::remove(config);
  must_dump();
}

TEST_F(GitRealTest, D10_ASubmoduleThatLostItsHeadIsNotPublished) {
  create();
  const std::string sub = path_ + "/.git/modules/sub";
  test::must_run({"git", "clone", "-q", "--bare", path_, sub});
  std::filesystem::remove(sub + "/HEAD");
  EXPECT_THAT(describe(must_fail()), testing::HasSubstr("without HEAD"));
}

TEST_F(GitRealTest, OldAndSloppyObjectsAreNoDamage) {
  create();
  // As importers wrote them: no e-mail address, no time zone.
  test::write_file(tree_ / "commit", "tree " + git({"rev-parse", "HEAD^{tree}"}) +
                                         "author A <> 1 +51800\ncommitter <c@x> 1 +0000\n\nx\n");
  const std::string node =
      git({"hash-object", "-t", "commit", "-w", "--literally", tree_ / "commit"}).substr(0, 40);
  git({"update-ref", "refs/heads/old", node});
  must_dump();
}

// --- Links and odd files ---

struct OddCase : test::NamedCase {
  std::string path;
  bool fails;
};

class GitOddTest : public GitRealTest, public testing::WithParamInterface<OddCase> {};

TEST_P(GitOddTest, D19_ALinkToASecretGivesNothingAway) {
  create();
  test::write_file(tree_ / "secret", "secret bytes\n");
  const std::string path = path_ + "/.git/" + GetParam().path;
  std::filesystem::remove_all(path);
  test::make_link(path, tree_ / "secret");
  const ItemResult result = dump();
  EXPECT_EQ(result.status, GetParam().fails ? ItemStatus::kFailed : ItemStatus::kCopied)
      << describe(result.error.value_or(Error()));
  EXPECT_FALSE(dump_root_contains("secret bytes"));
}

TEST_P(GitOddTest, D20_AFifoIsNotWaitedFor) {
  create();
  const std::string path = path_ + "/.git/" + GetParam().path;
  std::filesystem::remove_all(path);
  test::make_fifo(path);
  dump();
}

INSTANTIATE_TEST_SUITE_P(
    Places, GitOddTest,
    testing::Values(OddCase{"HEAD", "HEAD", true}, OddCase{"packed_refs", "packed-refs", true},
                    OddCase{"config", "config", true}, OddCase{"index", "index", false},
                    OddCase{"objects", "objects", true}, OddCase{"pack", "objects/pack", true},
                    OddCase{"alternates", "objects/info/alternates", true},
                    OddCase{"refs", "refs", true}, OddCase{"hooks", "hooks", false},
                    OddCase{"logs", "logs", false}),
    test::case_name);

}  // namespace
}  // namespace repo

// Real Mercurial repositories: everything that a clone would lose is in the copy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>

#include "tests/dumper/hg_dumper_fixture.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(HgRealTest, PhasesAreKeptSecretOnesToo) {
  test::hg_init(path_);
  for (const char* each : {"public", "draft", "secret"}) commit(each);
  hg({"phase", "--public", "-r", "0"});
  hg({"phase", "--force", "--secret", "-r", "2"});
  EXPECT_THAT(test::hg_log(path_),
              testing::AllOf(HasSubstr(" public "), HasSubstr(" draft "), HasSubstr(" secret ")))
      << "the control";
  must_dump();
}

TEST_F(HgRealTest, BookmarksAreKeptAndTheActiveOneIsActive) {
  test::hg_init(path_);
  commit("one");
  hg({"bookmark", "-i", "resting"});
  hg({"bookmark", "active"});
  commit("two");
  must_dump();
  EXPECT_THAT(test::hg(tree_ / "restored", {"bookmarks"}), HasSubstr(" * active"));
}

TEST_F(HgRealTest, BranchesTagsAndLocalTagsAreKept) {
  test::hg_init(path_);
  commit("one");
  hg({"branch", "-q", "a branch"});
  commit("two");
  hg({"tag", "-d", "0 0", "v1"});
  hg({"tag", "--local", "mine"});
  must_dump();
  EXPECT_THAT(test::hg(tree_ / "restored", {"tags"}), HasSubstr("mine"));
}

TEST_F(HgRealTest, ThePatchQueueIsKept) {
  const std::vector<std::string> mq = {"--config", "extensions.mq="};
  auto with_mq = [&](std::vector<std::string> words) {
    words.insert(words.end(), mq.begin(), mq.end());
    hg(words);
  };
  test::hg_init(path_);
  commit("one");
  test::write_file(path_ + "/file", "patched\n");
  with_mq({"qnew", "-d", "0 0", "first.patch"});
  test::write_file(path_ + "/file", "patched twice\n");
  with_mq({"qnew", "-d", "0 0", "second.patch"});
  with_mq({"qpop"});
  must_dump(mq);
  EXPECT_EQ(test::hg(tree_ / "restored", {"--config", "extensions.mq=", "qseries"}),
            "first.patch\nsecond.patch\n");
}

TEST_F(HgRealTest, ShelvedChangesAreKept) {
  test::hg_init(path_);
  commit("one");
  test::write_file(path_ + "/file", "shelved\n");
  hg({"shelve", "-q", "--name", "for later"});
  must_dump();
  EXPECT_THAT(test::hg(tree_ / "restored", {"shelve", "--list"}), HasSubstr("for later"));
}

TEST_F(HgRealTest, ObsoleteAndHiddenChangesetsAreKept) {
  const std::vector<std::string> evolution = {"--config", "experimental.evolution=all"};
  test::hg_init(path_);
  commit("one");
  commit("two");
  test::write_file(path_ + "/file", "amended\n");
  hg({"commit", "--amend", "-d", "0 0", "-m", "amended", "--config", "experimental.evolution=all"});
  EXPECT_THAT(log_of(path_, evolution), HasSubstr(" obsolete ")) << "the control";
  must_dump(evolution);
}

struct LayoutCase : test::NamedCase {
  std::vector<std::string> config;
};

class HgLayoutTest : public HgRealTest, public testing::WithParamInterface<LayoutCase> {};

TEST_P(HgLayoutTest, IsCopiedWhole) {
  std::vector<std::string> config;
  for (const std::string& each : GetParam().config) {
    config.insert(config.end(), {"--config", each});
  }
  test::hg_init(path_, config);
  for (const char* content : {"one", "two"}) {
    test::write_file(path_ + "/folder/file", content);
    std::vector<std::string> words = {"commit", "-q", "-A", "-d", "0 0", "-m", content};
    words.insert(words.end(), config.begin(), config.end());
    hg(words);
  }
  must_dump(config);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, HgLayoutTest,
    testing::Values(
        LayoutCase{"default_one", {}}, LayoutCase{"without_store", {"format.usestore=no"}},
        LayoutCase{"without_fncache", {"format.usefncache=no"}},
        LayoutCase{"not_share_safe", {"format.use-share-safe=no"}},
        LayoutCase{"tree_manifests", {"experimental.treemanifest=yes"}},
        LayoutCase{"old_revlogs", {"format.usegeneraldelta=no", "format.sparse-revlog=no"}},
        LayoutCase{"bookmarks_in_store", {"format.bookmarks-in-store=yes"}},
        LayoutCase{"dirstate_2",
                   {"format.use-dirstate-v2=yes", "storage.dirstate-v2.slow-path=allow"}},
        LayoutCase{"nodemap",
                   {"format.use-persistent-nodemap=yes",
                    "storage.revlog.persistent-nodemap.slow-path=allow"}}),
    test::case_name);

TEST_F(HgRealTest, LargeFilesAreKept) {
  const std::vector<std::string> largefiles = {"--config", "extensions.largefiles="};
  test::hg_init(path_);
  test::write_file(path_ + "/large", std::string(100'000, 'l'));
  hg({"add", "-q", "--large", "large", "--config", "extensions.largefiles=", "--config",
      "largefiles.usercache=" + (tree_ / "user-cache")});
  hg({"commit", "-q", "-m", "large", "--config", "extensions.largefiles=", "--config",
      "largefiles.usercache=" + (tree_ / "user-cache")});
  must_dump(largefiles);
  EXPECT_THAT(test::names_in(data() + "/.hg/largefiles"),
              testing::Contains(testing::SizeIs(40)));  // the content, under its SHA-1
}

TEST_F(HgRealTest, WhatIsBesideDotHgIsNotInTheCopy) {
  test::hg_init(path_);
  commit("one");
  must_dump();
  EXPECT_THAT(test::names_in(data()), ElementsAre(".hg"));
}

TEST_F(HgRealTest, TheTimeThatTheLocksWereHeldIsTold) {
  test::hg_init(path_);
  commit("one");
  const ItemResult result = RealDumpTest::must_dump();
  ASSERT_TRUE(result.lock_seconds);
  EXPECT_LT(*result.lock_seconds, 30);
}

TEST_F(HgRealTest, D22_AHostileConfigurationRunsNothingAndIsKept) {
  test::hg_init(path_);
  commit("one");
  const std::string ran = tree_ / "it-ran";
  test::write_file(path_ + "/.hg/evil.py",
                   "open("
                   "'" +
                       ran + "', 'w').close()\nraise SystemExit(7)\n");
  const std::string hgrc = "[extensions]\nevil = " + path_ +
                           "/.hg/evil.py\nevil2 = /staging/.hg/evil.py\n"
                           "[hooks]\npre-verify = touch " +
                           ran +
                           "; false\npre-log = false\n"
                           "[alias]\nlog = !false\n";
  const std::string control = tree_ / "control";
  test::must_run({"cp", "-a", path_, control});
  test::write_file(control + "/.hg/hgrc", hgrc);
  EXPECT_NE(test::try_hg(control, {"verify"}).status, 0) << "the control";
  EXPECT_TRUE(test::exists(ran)) << "the control";
  std::filesystem::remove(ran);

  test::write_file(path_ + "/.hg/hgrc", hgrc);
  test::write_file(path_ + "/.hg/hgrc-not-shared", hgrc);
  RealDumpTest::must_dump();
  EXPECT_FALSE(test::exists(ran));
  EXPECT_EQ(test::read_file(data() + "/.hg/hgrc"), hgrc);
}

// Copied as it is, and proven: hg recover makes it whole.
TEST_F(HgRealTest, D10_AnAbandonedTransactionIsCopiedAndProvenRecoverable) {
  test::hg_init(path_);
  commit("one");
  const std::string before = test::hg_log(path_);
  test::write_file(path_ + "/file", "two\n");
  test::try_hg(path_, {"commit", "-m", "two", "--config", "hooks.pretxncommit=kill -9 $PPID"});
  ASSERT_TRUE(test::exists(path_ + "/.hg/store/journal")) << "the control";
  const ItemResult result = RealDumpTest::must_dump();
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("hg recover")));
  EXPECT_EQ(test::read_file(data() + "/.hg/store/journal"),
            test::read_file(path_ + "/.hg/store/journal"));
  EXPECT_THAT(test::names_in(test::current_of(*root_, item_)),
              ElementsAre("RESTORE.md", "SHA256SUMS", "data", "item.json", "owners"));

  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  EXPECT_NE(test::hg_complaint(tree_ / "restored"), "") << "the control";
  test::hg(tree_ / "restored", {"recover"});
  EXPECT_EQ(test::hg_complaint(tree_ / "restored"), "");
  EXPECT_EQ(test::hg_log(tree_ / "restored"), before);
}

TEST_F(HgRealTest, D10_AnAbandonedTransactionThatCannotBeRolledBackIsNotPublished) {
  test::hg_init(path_);
  commit("one");
  test::write_file(path_ + "/file", "two\n");
  test::try_hg(path_, {"commit", "-m", "two", "--config", "hooks.pretxncommit=kill -9 $PPID"});
  test::write_file(path_ + "/.hg/store/00manifest.i", "what was there is gone");
  EXPECT_THAT(describe(must_fail()), HasSubstr("abandoned transaction"));
}

TEST_F(HgRealTest, ARequirementThatThisMercurialLacksIsAFailureThatNamesIt) {
  test::hg_init(path_);
  commit("one");
  test::write_file(path_ + "/.hg/requires",
                   test::read_file(path_ + "/.hg/requires") + "from-the-future\n");
  EXPECT_THAT(describe(must_fail()), HasSubstr("from-the-future"));
}

TEST_F(HgRealTest, AReadOnlySourceIsCopiedWithANote) {
  test::hg_init(path_);
  commit("one");
  test::in_child([this] {
    test::enter_private_mount_namespace();
    ASSERT_EQ(mount(path_.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr), 0);
    ASSERT_EQ(mount(nullptr, path_.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr), 0);
    const ItemResult result = RealDumpTest::must_dump();
    EXPECT_THAT(result.notes, ElementsAre(HasSubstr("no lock could be made")));
    EXPECT_EQ(test::hg_complaint(data()), "");
  });
}

// Hands the copy to another program than hg, with the same rights.
class InPlaceOfHg final : public CommandRunner {
 public:
  InPlaceOfHg(const CommandRunner& real, int probe) : real_(real), probe_(probe) {}
  mutable std::vector<std::string> said;
  CommandResult run(const Command& command) const override {
    for (const std::vector<std::string>& words : std::initializer_list<std::vector<std::string>>{
             {"read", "/staging/.hg/store/00changelog.i"},
             {"write", "/staging/.hg/store/00changelog.i"},
             {"unlink", "/staging/.hg/store/00changelog.i"},
             {"chmod", "/staging/.hg/store/00changelog.i"},
             {"rename", "/staging/.hg/requires", "/staging/.hg/other"},
             {"rename", "/staging/.hg/store", "/staging/.hg/other"},
             {"create", "/staging/.hg/store/data/new"},
             {"create", "/staging/new"},
             {"create", "/staging/.hg/new"}}) {
      Command probing = command;
      probing.binds.push_back({probe_, "/probe", false});
      probing.argv = words;
      probing.argv.insert(probing.argv.begin(), "/probe/sandbox_probe");
      const CommandResult result = real_.run(probing);
      said.push_back(words[0] + " " + result.out.substr(0, result.out.find_first_of(" \n")));
    }
    return {CommandResult::End::kExited, 0, "", ""};
  }

 private:
  const CommandRunner& real_;
  const int probe_;
};

TEST_F(HgRealTest, D10_WhatVerifiesCanMakeLocksInTheCopyAndChangeNothing) {
  test::hg_init(path_);
  commit("one");
  test::make_folder(tree_ / "probe");
  test::set_mode(tree_ / "probe", 0755);
  std::filesystem::copy_file(REPO_SANDBOX_PROBE, tree_ / "probe/sandbox_probe");
  test::set_mode(tree_ / "probe/sandbox_probe", 0755);
  const UniqueFd probe = test::open_folder(tree_ / "probe");
  const InPlaceOfHg other(*sandbox_, probe.get());
  EXPECT_EQ(dump(other).status, ItemStatus::kCopied);
  EXPECT_THAT(other.said,
              ElementsAre("read ok", "write EACCES", "unlink EPERM", "chmod EPERM", "rename EPERM",
                          "rename EPERM", "create EACCES", "create EACCES", "create ok"));
  EXPECT_FALSE(test::exists(data() + "/.hg/new"));
  EXPECT_EQ(test::hg_complaint(data()), "");
}

TEST_F(HgRealTest, D10_VerifyLeavesEveryByteOfTheCopyAsItWas) {
  class Watcher final : public CommandRunner {
   public:
    explicit Watcher(const CommandRunner& real) : real_(real) {}
    mutable std::map<std::string, std::string> before;
    mutable std::map<std::string, std::string> after;
    CommandResult run(const Command& command) const override {
      const std::string copy = "/proc/self/fd/" + std::to_string(command.binds[0].fd) + "/.";
      before = test::contents(copy);
      const CommandResult result = real_.run(command);
      after = test::contents(copy);
      return result;
    }

   private:
    const CommandRunner& real_;
  };
  test::hg_init(path_);
  commit("one");
  const Watcher watcher(*sandbox_);
  EXPECT_EQ(dump(watcher).status, ItemStatus::kCopied);
  EXPECT_GT(watcher.before.size(), 10U);
  for (const auto& [name, content] : watcher.before) {
    EXPECT_TRUE(watcher.after.contains(name) && watcher.after.at(name) == content) << name;
  }
  std::map<std::string, std::string> published = test::contents(data() + "/.");
  EXPECT_EQ(published, watcher.before);
}

}  // namespace
}  // namespace repo

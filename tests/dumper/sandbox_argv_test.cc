// The command line of the sandbox. What it keeps out is proven in sandbox_walls_real_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "dumper/sandbox.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::Contains;
using testing::IsSupersetOf;
using testing::Not;

Command command() {
  Command made;
  made.argv = {"svnadmin", "verify", "/source", "--"};
  made.environment = {{"HGPLAIN", "1"}, {"ODD", "a b\n=c"}};
  made.binds = {{100, "/source", false}, {101, "/staging", true}};
  made.uid = kFirstSandboxUid + 3;
  return made;
}

using Words = std::vector<std::string>;

bool has(const Words& argv, const Words& sequence) {
  return std::search(argv.begin(), argv.end(), sequence.begin(), sequence.end()) != argv.end();
}

TEST(SandboxArgvTest, EveryNamespaceIsItsOwnAndTheEnvironmentIsEmptyAtFirst) {
  for (const bool as_root : {true, false}) {
    EXPECT_THAT(sandbox_argv(command(), {}, as_root),
                IsSupersetOf({"--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
                              "--die-with-parent", "--new-session", "--clearenv"}));
  }
}

TEST(SandboxArgvTest, TheNetworkOfTheHostIsSharedWhereItWasAskedForAlone) {
  for (const Sockets sockets : {Sockets::kNone, Sockets::kUnix, Sockets::kOwn, Sockets::kHost}) {
    Command asked = command();
    asked.sockets = sockets;
    const Words argv = sandbox_argv(asked, {}, true);
    EXPECT_EQ(has(argv, {"--unshare-net"}), sockets != Sockets::kHost);
    EXPECT_EQ(has(argv, {"--ro-bind-try", "/etc/resolv.conf"}), sockets == Sockets::kHost);
  }
}

TEST(SandboxArgvTest, AnAccountIsBecomeWithItsGroupsAndAHarmlessCapability) {
  Command asked = command();
  asked.account = Account{1234, 100, {100, 27}, "somebody"};
  Words argv = sandbox_argv(asked, {}, true);
  EXPECT_TRUE(has(argv, {"--reuid", "1234", "--regid", "100", "--groups", "100,27"}));
  EXPECT_TRUE(has(argv, {"--bounding-set=-all,+net_bind_service"}));
  asked.account->groups.clear();
  argv = sandbox_argv(asked, {}, true);
  EXPECT_TRUE(has(argv, {"--reuid", "1234", "--regid", "100", "--clear-groups"}));
  EXPECT_FALSE(has(sandbox_argv(asked, {}, false), {"--reuid"}));
}

TEST(SandboxArgvTest, FilesThatWereMadeComeBehindTheBinds) {
  Command asked = command();
  asked.files = {{"/etc/passwd", "x"}, {"/etc/group", "y"}};
  const Words argv = sandbox_argv(asked, {10, 11, 12, 13}, true);
  EXPECT_TRUE(
      has(argv, {"--perms", "0755", "--dir", "/etc", "--perms", "0444", "--ro-bind-data", "15",
                 "/etc/passwd", "--perms", "0444", "--ro-bind-data", "16", "/etc/group"}));
}

TEST(SandboxArgvTest, BindsAreDescriptorsAndNeverPaths) {
  const Words argv = sandbox_argv(command(), {10, 11, 12, 13}, true);
  EXPECT_TRUE(has(argv, {"--ro-bind-fd", "13", "/source"}));
  EXPECT_TRUE(has(argv, {"--bind-fd", "14", "/staging"}));
  EXPECT_TRUE(has(argv, {"--seccomp", "10"}));
  EXPECT_TRUE(has(argv, {"--info-fd", "11"}));
  EXPECT_TRUE(has(argv, {"--block-fd", "12"}));
  EXPECT_THAT(argv, Not(Contains("--bind")));
}

TEST(SandboxArgvTest, OfTheHostOnlyTheProgramsAreSeenAndTheyAreReadOnly) {
  for (const bool as_root : {true, false}) {
    const Words argv = sandbox_argv(command(), {}, as_root);
    for (auto each = argv.begin(); each != argv.end() && *each != "--"; ++each) {
      if (*each != "--ro-bind") continue;
      EXPECT_THAT((std::set<std::string>{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64"}),
                  Contains(*(each + 1)));
    }
    EXPECT_THAT(argv, Not(Contains("--proc")));
    EXPECT_THAT(argv, Not(Contains("/proc")));
    EXPECT_THAT(argv, Not(Contains("--dev-bind")));
    EXPECT_TRUE(has(argv, {"--perms", "1777", "--tmpfs", "/tmp"}));
  }
}

TEST(SandboxArgvTest, AsRootTheToolGetsItsOwnUserAndNoCapability) {
  const Words argv = sandbox_argv(command(), {}, true);
  const std::string id = std::to_string(kFirstSandboxUid + 3);
  EXPECT_TRUE(has(
      argv, {"/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--inh-caps=-all",
             "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs", "--", "svnadmin"}));
  EXPECT_TRUE(has(argv, {"--cap-drop", "ALL"}));
  EXPECT_THAT(argv, Not(Contains("CAP_DAC_READ_SEARCH")));
  EXPECT_THAT(argv, Not(Contains("--unshare-user")));
}

TEST(SandboxArgvTest, AsRootWhatReadsAnyFileGetsThatCapabilityAlone) {
  Command reader = command();
  reader.reads_any_file = true;
  const Words argv = sandbox_argv(reader, {}, true);
  const std::string caps = "-all,+dac_read_search";
  EXPECT_TRUE(has(argv, {"--cap-add", "CAP_DAC_READ_SEARCH"}));
  EXPECT_TRUE(
      has(argv, {"--inh-caps=" + caps, "--ambient-caps=" + caps, "--bounding-set=" + caps}));
}

TEST(SandboxArgvTest, AsAnotherUserItIsAUserNamespaceWithoutSetpriv) {
  Command reader = command();
  reader.reads_any_file = true;
  const Words argv = sandbox_argv(reader, {}, false);
  EXPECT_THAT(argv, Contains("--unshare-user"));
  EXPECT_THAT(argv, Not(Contains("/usr/bin/setpriv")));
  EXPECT_THAT(argv, Not(Contains("--cap-add")));
}

TEST(SandboxArgvTest, TheEnvironmentIsPathHomeLocaleAndWhatTheCommandNames) {
  const Words argv = sandbox_argv(command(), {}, true);
  EXPECT_EQ(std::count(argv.begin(), argv.end(), "--setenv"), 5);
  EXPECT_TRUE(has(argv, {"--setenv", "PATH", "/usr/bin:/bin"}));
  EXPECT_TRUE(has(argv, {"--setenv", "HOME", "/nonexistent"}));
  EXPECT_TRUE(has(argv, {"--setenv", "LC_ALL", "C.UTF-8"}));
  EXPECT_TRUE(has(argv, {"--setenv", "HGPLAIN", "1"}));
  EXPECT_TRUE(has(argv, {"--setenv", "ODD", "a b\n=c"}));
}

TEST(SandboxArgvTest, TheToolsOwnWordsStandAtTheEndBehindADoubleDash) {
  for (const bool as_root : {true, false}) {
    const Words argv = sandbox_argv(command(), {}, as_root);
    const Words end = {"--", "svnadmin", "verify", "/source", "--"};
    EXPECT_TRUE(std::equal(end.rbegin(), end.rend(), argv.rbegin()));
  }
}

TEST(SandboxUidTest, IsAboveAllThatDistributionsAndContainersHandOut) {
  EXPECT_GT(kFirstSandboxUid, 1'879'048'191U);  // UIDS-GIDS of systemd: the last of the containers
  EXPECT_LT(kFirstSandboxUid + 256, 2'147'483'648U);
}

class DirectRunnerTest : public testing::Test {
 protected:
  CommandResult run(const Words& argv, const std::vector<Bind>& binds = {}) const {
    Command direct;
    direct.argv = argv;
    direct.binds = binds;
    direct.patience = test::patient();
    direct.max_file_size = max_file_size_;
    return make_direct_runner()->run(direct);
  }
  std::uint64_t max_file_size_ = UINT64_MAX;
  test::TempDir tree_;
};

TEST_F(DirectRunnerTest, TheRealPathsStandInPlaceOfTheBinds) {
  const UniqueFd folder = test::open_folder(tree_.path());
  const CommandResult result =
      run({"printf", "<%s>", "/source", "/source/a b", "/source2", "x/source"},
          {{folder.get(), "/source", false}});
  EXPECT_EQ(result.out, "<" + tree_.path() + "><" + tree_.path() + "/a b></source2><x/source>");
}

TEST_F(DirectRunnerTest, TheEnvironmentIsTheOneOfTheSandbox) {
  EXPECT_EQ(run({"env"}).out, "PATH=/usr/bin:/bin\nHOME=/nonexistent\nLC_ALL=C.UTF-8\n");
}

TEST_F(DirectRunnerTest, AToolThatIsMissingDoesNotEndWell) {
  EXPECT_FALSE(run({"no-such-tool"}).ok());
}

TEST_F(DirectRunnerTest, D15_AFileBeyondTheLimitIsNotWritten) {
  max_file_size_ = 1 << 20;
  const UniqueFd folder = test::open_folder(tree_.path());
  // The limit is set while it runs: the shell waits for that.
  const CommandResult result =
      run({"bash", "-c",
           "until [ \"$(ulimit -f)\" = 1024 ]; do :; done; head -c 9999999 /dev/zero > \"$0\"",
           "/staging/large"},
          {{folder.get(), "/staging", true}});
  EXPECT_FALSE(result.ok());
  EXPECT_LE(test::lstat_of(tree_ / "large").st_size, 1 << 20);
}

}  // namespace
}  // namespace repo

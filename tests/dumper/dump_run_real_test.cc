// The whole way, as the tools go it: scan, dump, and dump again.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "base/stop_signal.h"
#include "dumper/dump_run.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/repositories.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DumpRunRealTest : public testing::Test {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    test::set_mode(tree_.path(), 0755);
    std::filesystem::create_directories(tree_ / "srv");
    test::svn_create(alpha_);
    test::svn_commit(alpha_, "file", "one\n");
    test::hg_init(beta_);
    test::hg_commit(beta_, "file", "one\n");
    options_ = test::dump_options(manifest_, to_);
  }
  void scan() const { test::must_scan(tree_ / "srv", manifest_); }
  test::Ran dump() const { return test::dump(options_); }
  test::Ran scan_and_dump() const {
    scan();
    return dump();
  }
  std::string current(const std::string& kind, const std::string& path) const {
    return to_ + "/current/" + kind + "/" + test::item_at(kind, path).id;
  }
  std::string older(const std::string& kind, const std::string& path) const {
    return to_ + "/older/" + kind + "/" + test::item_at(kind, path).id;
  }
  void expect_good(const std::string& kind, const std::string& path) const {
    const std::string generation = current(kind, path);
    EXPECT_EQ(kind == "svn" ? test::svn_complaint(generation + "/data")
                            : test::hg_complaint(generation + "/data"),
              "");
    const test::Ran sums = test::run(
        {"bash", "-c", "cd \"$0\" && sha256sum --quiet --strict -c SHA256SUMS", generation});
    EXPECT_EQ(sums.status, 0) << sums.out << sums.err;
  }
  std::vector<std::string> staged() const {
    std::vector<std::string> names = test::names_in(to_ + "/control/staging");
    std::erase(names, "CACHEDIR.TAG");
    return names;
  }
  json last_run() const {
    const std::vector<std::string> names = test::names_in(to_ + "/control/runs");
    return names.empty() ? json()
                         : json::parse(test::read_file(to_ + "/control/runs/" + names.back()));
  }

  test::TempDir tree_;
  const std::string alpha_ = tree_ / "srv/alpha";
  const std::string beta_ = tree_ / "srv/beta";
  const std::string manifest_ = tree_ / "manifest.json";
  const std::string to_ = tree_ / "dump";
  DumpOptions options_;
};

TEST_F(DumpRunRealTest, EverythingThatAScanFoundIsCopiedAndTold) {
  const test::Ran ran = scan_and_dump();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, HasSubstr("copied    svn  " + alpha_ + "  (r1, "));
  EXPECT_THAT(ran.out, HasSubstr("copied    hg   " + beta_ + "  (1 changeset, "));
  EXPECT_THAT(ran.out, HasSubstr("2 copied and verified; "));
  expect_good("svn", alpha_);
  expect_good("hg", beta_);
}

TEST_F(DumpRunRealTest, TheSecondRunKeepsTheFirstGeneration) {
  EXPECT_EQ(scan_and_dump().status, 0);
  test::svn_commit(alpha_, "file", "two\n");
  test::hg_commit(beta_, "file", "two\n");
  EXPECT_EQ(scan_and_dump().status, 0);
  for (const auto& [kind, path] : {std::pair{"svn", alpha_}, std::pair{"hg", beta_}}) {
    expect_good(kind, path);
    ASSERT_EQ(test::names_in(older(kind, path)).size(), 1U) << kind;
  }
  const std::string first = older("svn", alpha_) + "/" + test::names_in(older("svn", alpha_))[0];
  EXPECT_EQ(test::svn_youngest(first + "/data"), 1);
  EXPECT_EQ(test::svn_youngest(current("svn", alpha_) + "/data"), 2);
  EXPECT_EQ(test::svn_complaint(first + "/data"), "");
}

TEST_F(DumpRunRealTest, OwnersAndModesOfTheSourceAreWrittenDown) {
  test::must_run({"chown", "-R", "1234:1235", alpha_});
  test::set_mode(alpha_ + "/conf/passwd", 0640);
  EXPECT_EQ(scan_and_dump().status, 0);
  EXPECT_THAT(test::read_file(current("svn", alpha_) + "/owners"),
              HasSubstr("f 0640 1234 1235 - conf/passwd\n"));
  for (const auto& each : std::filesystem::recursive_directory_iterator(to_)) {
    EXPECT_EQ(test::lstat_of(each.path()).st_uid, 0U) << each.path();
    if (!each.is_symlink()) {
      EXPECT_EQ(test::lstat_of(each.path()).st_mode & 07077, 0U) << each.path();
    }
  }
}

TEST_F(DumpRunRealTest, OneThatFailsStopsNoOtherAndTheRunEndsIn3) {
  scan();
  std::filesystem::resize_file(alpha_ + "/db/revs/0/1", 20);
  const test::Ran ran = dump();
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, HasSubstr("FAILED    svn  " + alpha_));
  EXPECT_THAT(ran.out, HasSubstr("1 copied and verified, 1 FAILED"));
  EXPECT_FALSE(test::exists(current("svn", alpha_)));
  expect_good("hg", beta_);
}

TEST_F(DumpRunRealTest, D24_OneThatVanishedSinceTheScanEndsTheRunIn3AndItsCopyStays) {
  EXPECT_EQ(scan_and_dump().status, 0);
  std::filesystem::remove_all(alpha_);
  const test::Ran ran = dump();
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, HasSubstr("VANISHED  svn  " + alpha_));
  EXPECT_THAT(ran.out, testing::ContainsRegex("copied and verified.*, 1 VANISHED"));
  EXPECT_EQ(test::names_in(to_ + "/current/svn").size(), 1U);
}

TEST_F(DumpRunRealTest, D25_OneThatWasReplacedSinceTheScanIsRefusedByName) {
  scan();
  std::filesystem::rename(alpha_, tree_ / "moved");
  test::svn_create(alpha_);
  const test::Ran ran = dump();
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, HasSubstr("scan again"));
  EXPECT_FALSE(test::exists(current("svn", alpha_)));
}

TEST_F(DumpRunRealTest, JsonLinesEndWithASummaryAndGoToAFileToo) {
  options_.json = true;
  options_.results = tree_ / "results.jsonl";
  const test::Ran ran = scan_and_dump();
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::istringstream lines(ran.out);
  std::vector<json> documents;
  for (std::string line; std::getline(lines, line);) documents.push_back(json::parse(line));
  ASSERT_EQ(documents.size(), 3U);
  EXPECT_EQ(documents[0]["status"], "copied");
  EXPECT_EQ(documents[2]["message_type"], "summary");
  EXPECT_EQ(documents[2]["copied"], 2);
  EXPECT_EQ(documents[2]["exit_status"], 0);
  const std::string file = test::read_file(options_.results);
  EXPECT_EQ(std::count(file.begin(), file.end(), '\n'), 3);
}

TEST_F(DumpRunRealTest, TheRunIsRecorded) {
  EXPECT_EQ(scan_and_dump().status, 0);
  const json record = last_run();
  EXPECT_EQ(record["state"], "ended");
  EXPECT_EQ(record["summary"]["copied"], 2);
  EXPECT_EQ(record["items"].size(), 2U);
}

TEST_F(DumpRunRealTest, QuietPrintsOnlyWhatWentWrong) {
  options_.quiet = true;
  EXPECT_EQ(scan_and_dump().out, "");
  std::filesystem::remove_all(beta_);
  EXPECT_THAT(dump().out, testing::StartsWith("VANISHED"));
}

TEST_F(DumpRunRealTest, OnlyAndKindsChoose) {
  options_.only = {alpha_};
  EXPECT_EQ(scan_and_dump().status, 0);
  EXPECT_THAT(test::names_in(to_ + "/current"), ElementsAre("svn"));
  options_.only.clear();
  options_.kinds = {"hg"};
  EXPECT_EQ(dump().status, 0);
  EXPECT_FALSE(test::exists(older("svn", alpha_)));
  expect_good("hg", beta_);
}

TEST_F(DumpRunRealTest, D18_RepositoriesThatLookAlikeDoNotMeet) {
  for (const char* folder : {"a-b/r", "a/b-r", "A/b-r", "a/b/r"}) {
    const std::string path = tree_.path() + "/srv/" + folder;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    test::svn_create(path);
  }
  EXPECT_EQ(scan_and_dump().status, 0);
  std::set<std::string> uuids;
  for (const std::string& id : test::names_in(to_ + "/current/svn")) {
    uuids.insert(test::svn_uuid(to_ + "/current/svn/" + id + "/data"));
  }
  EXPECT_EQ(uuids.size(), 5U);
}

TEST_F(DumpRunRealTest, RepositoriesInRepositoriesAreItemsOfTheirOwn) {
  test::svn_create(tree_ / "inner");
  std::filesystem::rename(tree_ / "inner", alpha_ + "/inner");
  test::hg_init(alpha_ + "/inner/deeper");
  test::svn_create(beta_ + "/in-the-working-files");
  EXPECT_EQ(scan_and_dump().status, 0);
  expect_good("svn", alpha_);
  expect_good("svn", alpha_ + "/inner");
  expect_good("hg", alpha_ + "/inner/deeper");
  expect_good("svn", beta_ + "/in-the-working-files");
  EXPECT_FALSE(test::exists(current("svn", alpha_) + "/data/inner"));
  EXPECT_FALSE(test::exists(current("svn", alpha_ + "/inner") + "/data/deeper/.hg"));
}

TEST_F(DumpRunRealTest, D26_CopiesInsideTheScannedTreeAreNotCopiedAgain) {
  options_.to = tree_ / "srv/dump";
  options_.full = true;
  for (int i = 0; i < 2; ++i) {
    const test::Ran ran = scan_and_dump();
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("2 copied and verified;"));
  }
}

TEST_F(DumpRunRealTest, WithoutTheSandboxTheSameIsCopied) {
  options_.sandbox = false;
  const test::Ran ran = scan_and_dump();
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  expect_good("svn", alpha_);
  expect_good("hg", beta_);
}

TEST_F(DumpRunRealTest, AnOrdinaryUserCopiesWhatIsHis) {
  test::must_run({"chown", "-R", "1234:1234", tree_ / "srv"});
  test::must_run({"chmod", "-R", "go-rwx", tree_ / "srv"});
  test::give_to(tree_.path(), 1234);
  test::in_child([this] {
    test::become_user(1234);
    const test::Ran ran = scan_and_dump();
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  });
  expect_good("svn", alpha_);
  expect_good("hg", beta_);
}

TEST_F(DumpRunRealTest, D5_OneThatIsTooLargeFailsAloneAndTheOthersAreCopied) {
  test::write_file(alpha_ + "/conf/large", std::string(3'000'000, 'x'));
  scan();
  test::make_folder(to_);
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(to_, "size=2m,mode=700");
    const test::Ran ran = dump();
    EXPECT_EQ(ran.status, 3) << ran.out << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("FAILED    svn  " + alpha_));
    expect_good("hg", beta_);
  });
}

// A run in a process of its own that waits for a lock which somebody holds in beta.
class WaitingRunTest : public DumpRunRealTest {
 protected:
  void SetUp() override {
    DumpRunRealTest::SetUp();
    EXPECT_EQ(scan_and_dump().status, 0);
    test::make_link(lock_, "web2/f:1");
    options_.full = true;  // so that beta is copied, changed or not
    process_ = fork();
    if (process_ == 0) {
      install_stop_signals();
      std::FILE* nothing = std::fopen("/dev/null", "w");
      _exit(run_dump(options_, nothing, nothing));
    }
    // It holds wlock once it waits for the second lock.
    while (!test::exists(beta_ + "/.hg/wlock")) std::this_thread::yield();
  }
  int end_with(int signal) const {
    kill(process_, signal);
    int status = 0;
    waitpid(process_, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  const std::string lock_ = beta_ + "/.hg/store/lock";
  pid_t process_ = -1;
};

TEST_F(WaitingRunTest, D14_SigtermEndsItCleanly) {
  EXPECT_EQ(end_with(SIGTERM), 128 + SIGTERM);
  EXPECT_THAT(staged(), IsEmpty());
  EXPECT_FALSE(test::exists(beta_ + "/.hg/wlock"));
  expect_good("hg", beta_);
  const json record = last_run();
  EXPECT_EQ(record["state"], "ended");
  EXPECT_EQ(record["summary"]["exit_status"], 128 + SIGTERM);
}

TEST_F(WaitingRunTest, D16_AnotherRunMeanwhileEndsIn11) {
  const test::Ran second = dump();
  EXPECT_EQ(second.status, 11);
  EXPECT_THAT(second.err, HasSubstr(std::to_string(process_)));
  end_with(SIGKILL);
}

TEST_F(WaitingRunTest, D1_AfterKill9TheOldCopyIsWholeAndTheNextRunSucceeds) {
  EXPECT_EQ(end_with(SIGKILL), 1000 + SIGKILL);
  expect_good("hg", beta_);
  EXPECT_EQ(last_run()["state"], "running");
  std::filesystem::remove(lock_);
  const test::Ran next = dump();
  EXPECT_EQ(next.status, 0) << next.out << next.err;
  EXPECT_THAT(staged(), IsEmpty());
  EXPECT_FALSE(test::exists(beta_ + "/.hg/wlock"));
  expect_good("hg", beta_);
}

}  // namespace
}  // namespace repo

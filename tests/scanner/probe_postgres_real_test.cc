// Clusters made and served by PostgreSQL, and what its own tools say of them, against the probe.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "scanner/postgres_facts.h"
#include "scanner/probe.h"
#include "tests/scanner/probe_fixture.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using test::must_run;

// Where Debian has the servers: the newest.
std::string binaries() {
  std::vector<int> majors;
  std::error_code none;
  for (const auto& each : fs::directory_iterator("/usr/lib/postgresql", none)) {
    if (fs::exists(each.path() / "bin/initdb")) majors.push_back(std::stoi(each.path().filename()));
  }
  if (majors.empty()) return "";
  return "/usr/lib/postgresql/" + std::to_string(*std::max_element(majors.begin(), majors.end())) +
         "/bin/";
}

// A server refuses to run as root.
std::vector<std::string> as_nobody(std::vector<std::string> argv) {
  argv[0] = binaries() + argv[0];
  if (geteuid() != 0) return argv;
  std::vector<std::string> all = {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups",
                                  "--"};
  all.insert(all.end(), argv.begin(), argv.end());
  return all;
}

// One cluster for all tests, which stop and start it; none of them relies on another's.
class PostgresProbeRealTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_NE(binaries(), "") << "PostgreSQL's server is not installed";
    tree_ = std::make_unique<test::TempDir>();
    if (geteuid() == 0) {
      constexpr uid_t kNobody = 65534;
      ASSERT_EQ(chown(tree_->path().c_str(), kNobody, kNobody), 0);
    }
    // Relative: a socket's path must be short.
    must_run(as_nobody({"initdb", "-N", "-A", "trust", "-U", "me", "-D", data()}));
  }
  static void TearDownTestSuite() { tree_.reset(); }

  void TearDown() override {
    for (const std::string& each : started_) {
      test::run(as_nobody({"pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", each}));
      if (fs::exists(each + "/postmaster.pid")) ADD_FAILURE() << each << " still runs";
    }
  }

  static std::string data() { return *tree_ / "main"; }

  void start(const std::string& path, const std::string& port, const std::string& more = "") {
    started_.push_back(path);
    must_run(
        as_nobody({"pg_ctl", "start", "-s", "-w", "-D", path, "-l", path + ".log", "-o",
                   "-F -p " + port + " -k " + tree_->path() + " -c listen_addresses= " + more}));
  }
  static void stop(const std::string& path) {
    must_run(as_nobody({"pg_ctl", "stop", "-s", "-w", "-m", "fast", "-D", path}));
  }

  static ProbeResult probe(const std::string& path) {
    const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
    EXPECT_TRUE(directory) << path;
    const std::optional<ProbeResult> result = probe_kind("postgres", "", **directory);
    EXPECT_TRUE(result && result->is_one()) << path;
    if (result && result->error) ADD_FAILURE() << describe(*result->error);
    return result.value_or(ProbeResult());
  }
  static std::string found(const std::string& path) {
    const ProbeResult result = probe(path);
    return result.detail ? test::text(*result.detail) : "aside: " + result.aside->why;
  }

  // What pg_controldata says, in the words of the manifest.
  static std::string as_controldata_says(const std::string& path) {
    const std::string all = must_run({"env", "LC_ALL=C", binaries() + "pg_controldata", path});
    const auto line = [&](const std::string& key) {
      const std::size_t at = all.find(key);
      EXPECT_NE(at, std::string::npos) << key;
      const std::size_t begin = all.find_first_not_of(' ', at + key.size());
      return all.substr(begin, all.find('\n', begin) - begin);
    };
    std::string version = test::read_file(path + "/PG_VERSION");
    version.pop_back();
    return "version=" + version + " system_identifier=" + line("Database system identifier:") +
           " catalog_version=" + line("Catalog version number:") +
           " state=" + line("Database cluster state:");
  }
  static std::string served(const std::string& path, const std::string& port) {
    return " status=ready port=" + port + " socket=" + tree_->path() + " data_directory=" + path;
  }

  static std::unique_ptr<test::TempDir> tree_;
  std::vector<std::string> started_;
};

std::unique_ptr<test::TempDir> PostgresProbeRealTest::tree_;

TEST_F(PostgresProbeRealTest, RunningStoppedAndKilled) {
  EXPECT_EQ(found(data()), as_controldata_says(data()));
  EXPECT_THAT(found(data()), testing::EndsWith("state=shut down"));

  start(data(), "54391");
  EXPECT_EQ(found(data()), as_controldata_says(data()) + served(data(), "54391"));
  EXPECT_THAT(found(data()), testing::HasSubstr("state=in production"));

  stop(data());
  EXPECT_EQ(found(data()), as_controldata_says(data()));

  start(data(), "54392");
  const auto server = parse_postmaster_pid(test::read_file(data() + "/postmaster.pid"));
  ASSERT_TRUE(server);
  ASSERT_EQ(kill(static_cast<pid_t>(server->pid), SIGKILL), 0);
  // The files say what they said: hints only.
  EXPECT_EQ(found(data()), as_controldata_says(data()) + served(data(), "54392"));
  // Its processes end by themselves; the next start waits for them, and recovers.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (test::run(as_nobody({"pg_ctl", "start", "-s", "-w", "-D", data(), "-l", data() + ".log",
                              "-o", "-F -p 54392 -k " + tree_->path() + " -c listen_addresses="}))
             .status != 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  stop(data());
  EXPECT_THAT(found(data()), testing::EndsWith("state=shut down"));
}

TEST_F(PostgresProbeRealTest, BaseBackupThenStandbyThenPrimary) {
  start(data(), "54393");
  const std::string copy = *tree_ / "copy";
  must_run(as_nobody({"pg_basebackup", "-h", tree_->path(), "-p", "54393", "-U", "me", "-w", "-N",
                      "-c", "fast", "-R", "-D", copy}));
  EXPECT_EQ(found(copy), "aside: base backup of a PostgreSQL cluster");
  EXPECT_FALSE(probe(copy).aside->notable);

  start(copy, "54394");
  EXPECT_EQ(found(copy), "aside: PostgreSQL standby: its data are its primary's");
  EXPECT_TRUE(probe(copy).aside->notable);

  must_run(as_nobody({"pg_ctl", "promote", "-s", "-w", "-D", copy}));
  // The state on disk becomes "in production" with the checkpoint behind the promotion.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (found(copy).find("state=in production") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << found(copy);
  }
  EXPECT_EQ(found(copy), as_controldata_says(copy) + served(copy, "54394"));
  // It is its primary's copy, and says so.
  EXPECT_EQ(find_text(*probe(copy).detail, "system_identifier"),
            find_text(*probe(data()).detail, "system_identifier"));
}

TEST_F(PostgresProbeRealTest, ConfigurationElsewhereAsDebianHasIt) {
  const std::string conf = *tree_ / "etc/a b/postgresql.conf";
  fs::create_directories(fs::path(conf).parent_path());
  fs::copy_file(data() + "/postgresql.conf", conf);
  fs::permissions(conf, fs::perms::others_read, fs::perm_options::add);
  start(data(), "54395", "-c 'config_file=" + conf + "'");
  EXPECT_EQ(find_text(*probe(data()).detail, "config_file"), conf);
  stop(data());
  EXPECT_EQ(find_text(*probe(data()).detail, "config_file"), conf);
}

// No server of these versions is at hand: this is the layout that they have, in a copy.
TEST_F(PostgresProbeRealTest, LayoutOfVersionsBefore10) {
  const std::string old = *tree_ / "old";
  must_run({"cp", "-a", data(), old});
  fs::rename(old + "/pg_wal", old + "/pg_xlog");
  fs::rename(old + "/pg_xact", old + "/pg_clog");
  test::write_file(old + "/PG_VERSION", "9.6\n");
  EXPECT_THAT(found(old), testing::StartsWith("version=9.6 system_identifier="));
}

}  // namespace
}  // namespace repo

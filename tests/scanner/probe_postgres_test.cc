// Data directories as initdb makes them, as they break, and as they are no clusters. What real
// servers leave is in probe_postgres_real_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "scanner/probe.h"
#include "tests/scanner/probe_fixture.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;

std::string control(std::uint32_t version = 1300, std::uint32_t state = 6) {
  const std::uint64_t identifier = 42;
  const std::uint32_t catalog = 202209061;
  std::string bytes(8192, '\0');
  std::memcpy(bytes.data(), &identifier, 8);
  std::memcpy(bytes.data() + 8, &version, 4);
  std::memcpy(bytes.data() + 12, &catalog, 4);
  std::memcpy(bytes.data() + 16, &state, 4);
  return bytes;
}

void make_cluster(const std::string& path) {
  test::write_file(path + "/PG_VERSION", "15\n");
  test::write_file(path + "/base/1/PG_VERSION", "15\n");
  test::write_file(path + "/global/pg_control", control());
}

ProbeResult probe(const std::string& path) {
  const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
  EXPECT_TRUE(directory);
  return probe_postgres(**directory);
}

using test::Change;
using test::fifo;
using test::remove;
using test::text;
using test::write;

Change move(const std::string& name, const std::string& to) {
  return [=](const std::string& path) { fs::rename(path + "/" + name, path + "/" + to); };
}
// What was there is found behind the link.
Change link(const std::string& name) {
  return [=](const std::string& path) {
    fs::rename(path + "/" + name, path + "/elsewhere");
    fs::create_symlink(path + "/elsewhere", path + "/" + name);
  };
}
Change all(const std::vector<Change>& changes) {
  return [=](const std::string& path) {
    for (const Change& each : changes) each(path);
  };
}
void nothing(const std::string&) {}

// --- clusters ---

struct GoodCase : test::NamedCase {
  Change change;
  std::string detail;
};

class PostgresClusterTest : public testing::TestWithParam<GoodCase> {};

TEST_P(PostgresClusterTest, IsOneAndSaysOfItself) {
  const test::TempDir tree;
  make_cluster(tree.path());
  GetParam().change(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.error) << describe(*result.error);
  EXPECT_FALSE(result.aside) << result.aside->why;
  ASSERT_TRUE(result.detail);
  EXPECT_EQ(text(*result.detail), GetParam().detail);
}

const std::string kFacts = " system_identifier=42 catalog_version=202209061 state=in production";
const std::string kUsual = "version=15" + kFacts;
const std::string kPid = "9\n/srv/pg\n1\n5433\n/run/pg\n\n1 2\nready   \n";

INSTANTIATE_TEST_SUITE_P(
    Clusters, PostgresClusterTest,
    testing::Values(
        GoodCase{"usual", nothing, kUsual},
        GoodCase{"shut_down", write("global/pg_control", control(1300, 1)),
                 "version=15 system_identifier=42 catalog_version=202209061 state=shut down"},
        GoodCase{"of_a_version_that_is_not_known",
                 all({write("PG_VERSION", "99\n"), write("global/pg_control", control(9900))}),
                 "version=99"},
        GoodCase{"v9_6",
                 all({write("PG_VERSION", "9.6\n"), write("global/pg_control", control(960))}),
                 "version=9.6" + kFacts},
        GoodCase{"running", write("postmaster.pid", kPid),
                 kUsual + " status=ready port=5433 socket=/run/pg data_directory=/srv/pg"},
        GoodCase{"debian", write("postmaster.opts", "p \"-c\" \"config_file=/etc/p/a.conf\"\n"),
                 kUsual + " config_file=/etc/p/a.conf"},
        GoodCase{"base_behind_a_link", link("base"), kUsual},
        // pg_control is what a server goes by; it is started again by hand that way.
        GoodCase{"of_pg_upgrade_and_put_back", write("global/pg_control.old", control()), kUsual},
        GoodCase{"that_recovery_has_left_behind", write("recovery.conf", ""), kUsual},
        GoodCase{"recovered", write("recovery.done", ""), kUsual},
        GoodCase{"v9_6_with_a_file_that_is_none_of_its",
                 all({write("PG_VERSION", "9.6\n"), write("global/pg_control", control(960)),
                      write("standby.signal", "")}),
                 "version=9.6" + kFacts},
        GoodCase{"restored_and_started",
                 all({write("backup_manifest", "{}"), write("backup_label.old", "")}), kUsual},
        GoodCase{"in_an_exclusive_backup",
                 all({write("backup_label", ""), write("postmaster.pid", kPid)}),
                 kUsual + " status=ready port=5433 socket=/run/pg data_directory=/srv/pg"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Hostile, PostgresClusterTest,
    testing::Values(
        GoodCase{"S24_pid_as_fifo", fifo("postmaster.pid"), kUsual},
        GoodCase{"S24_opts_as_fifo", fifo("postmaster.opts"), kUsual},
        GoodCase{"pid_behind_a_link", all({write("postmaster.pid", kPid), link("postmaster.pid")}),
                 kUsual},
        GoodCase{"pid_huge", write("postmaster.pid", kPid + std::string(1 << 20, '\n')), kUsual},
        GoodCase{"pid_of_zeros", write("postmaster.pid", std::string(100, '\0')), kUsual},
        GoodCase{"opts_huge",
                 write("postmaster.opts", std::string(1 << 20, '"') + " \"config_file=/a\""),
                 kUsual},
        GoodCase{"S10_pid_with_escapes",
                 write("postmaster.pid", "9\n/a\x1b[2J\n1\n1\n/\x1b]0;x\x07\n"),
                 kUsual + " port=1 socket=/\x1b]0;x\x07 data_directory=/a\x1b[2J"}),
    test::case_name);

// --- what is told apart ---

struct AsideCase : test::NamedCase {
  Change change;
  std::string why;
  bool notable;
};

class PostgresAsideTest : public testing::TestWithParam<AsideCase> {};

TEST_P(PostgresAsideTest, IsNoItemAndTold) {
  const test::TempDir tree;
  make_cluster(tree.path());
  GetParam().change(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.error) << describe(*result.error);
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.aside);
  EXPECT_EQ(result.aside->why, GetParam().why);
  EXPECT_EQ(result.aside->notable, GetParam().notable);
}

const char* const kBackup = "base backup of a PostgreSQL cluster";
const char* const kStandby = "PostgreSQL standby: its data are its primary's";

INSTANTIATE_TEST_SUITE_P(
    Directories, PostgresAsideTest,
    testing::Values(
        AsideCase{"base_backup", all({write("backup_label", ""), write("backup_manifest", "{}")}),
                  kBackup, false},
        AsideCase{"base_backup_without_manifest", write("backup_label", ""), kBackup, false},
        AsideCase{"base_backup_for_a_standby",
                  all({write("backup_label", ""), write("backup_manifest", "{}"),
                       write("standby.signal", "")}),
                  kBackup, false},
        AsideCase{"standby", write("standby.signal", ""), kStandby, true},
        AsideCase{"standby_that_runs",
                  all({write("standby.signal", ""), write("postmaster.pid", kPid)}), kStandby,
                  true},
        AsideCase{"recovery", write("recovery.signal", ""),
                  "PostgreSQL cluster in recovery from a base backup", true},
        AsideCase{"standby_of_9_6", all({write("PG_VERSION", "9.6\n"), write("recovery.conf", "")}),
                  "PostgreSQL standby, or a cluster in recovery", true},
        AsideCase{"left_by_pg_upgrade", move("global/pg_control", "global/pg_control.old"),
                  "PostgreSQL cluster that pg_upgrade has replaced", false}),
    test::case_name);

// --- broken ones ---

struct BrokenCase : test::NamedCase {
  Change change;
  std::string path;
  int code;
  std::string message;  // a part
};

class BrokenPostgresTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenPostgresTest, IsAnError) {
  const test::TempDir tree;
  make_cluster(tree.path());
  GetParam().change(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail);
  EXPECT_FALSE(result.aside);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->op, "probe");
  EXPECT_EQ(result.error->path, GetParam().path);
  EXPECT_EQ(result.error->code, GetParam().code);
  EXPECT_THAT(result.error->message, testing::HasSubstr(GetParam().message));
}

const char* const kControl = "global/pg_control";

INSTANTIATE_TEST_SUITE_P(
    Damages, BrokenPostgresTest,
    testing::Values(
        BrokenCase{"control_gone", remove(kControl), kControl, ENOENT, "is gone"},
        BrokenCase{"global_empty", all({remove("global"), write("global/1262", "")}), kControl,
                   ENOENT, "is gone"},
        BrokenCase{"S4_control_behind_a_link", link(kControl), kControl, ELOOP,
                   "global/pg_control is a symbolic link to /"},
        BrokenCase{"S4_global_behind_a_link", link("global"), kControl, ELOOP,
                   "global is a symbolic link to /"},
        BrokenCase{"S24_control_as_fifo", fifo(kControl), kControl, EINVAL, "is no file"},
        BrokenCase{"control_empty", write(kControl, ""), kControl, 0, "empty or cut short"},
        BrokenCase{"control_cut_short", write(kControl, control().substr(0, 19)), kControl, 0,
                   "empty or cut short"},
        BrokenCase{"control_of_zeros", write(kControl, std::string(8192, '\0')), kControl, 0,
                   "empty or cut short"},
        BrokenCase{"S24_version_as_fifo", fifo("PG_VERSION"), "PG_VERSION", EINVAL, "is no file"},
        BrokenCase{"S4_version_behind_a_link", link("PG_VERSION"), "PG_VERSION", ELOOP,
                   "PG_VERSION is a symbolic link to /"},
        BrokenCase{"version_empty", write("PG_VERSION", ""), "PG_VERSION", 0, "holds none"},
        BrokenCase{"version_huge", write("PG_VERSION", std::string(1 << 20, '1')), "PG_VERSION",
                   EFBIG, "cannot be read"}),
    test::case_name);

TEST(ProbePostgresTest, OneThatVanishesMeanwhileIsNothing) {
  const test::TempDir tree;
  make_cluster(tree.path());
  fs::remove(tree / "PG_VERSION");
  EXPECT_FALSE(probe(tree.path()).is_one());
}

}  // namespace
}  // namespace repo

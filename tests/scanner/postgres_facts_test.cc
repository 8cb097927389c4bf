#include "scanner/postgres_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>

#include "tests/support/table.h"

namespace repo {
namespace {

// --- PG_VERSION ---

struct VersionCase : test::NamedCase {
  std::string text;
  std::string version;  // empty: none
  std::uint32_t number = 0;
};

class PgVersionTest : public testing::TestWithParam<VersionCase> {};

TEST_P(PgVersionTest, IsRead) {
  const auto version = parse_pg_version(GetParam().text);
  EXPECT_EQ(version ? version->text : "", GetParam().version);
  EXPECT_EQ(version ? version->number : 0, GetParam().number);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, PgVersionTest,
    testing::Values(
        VersionCase{"fifteen", "15\n", "15", 150000}, VersionCase{"ten", "10\n", "10", 100000},
        VersionCase{"two_numbers", "9.6\n", "9.6", 90600},
        VersionCase{"old", "8.4\n", "8.4", 80400},
        VersionCase{"without_newline", "15", "15", 150000},
        VersionCase{"carriage_return", "15\r\n", "15", 150000},
        VersionCase{"more_lines", "15\nmore", "15", 150000},
        VersionCase{"one_number_that_is_none", "9\n", ""},
        VersionCase{"two_numbers_of_a_version_that_has_one", "15.4\n", ""},
        VersionCase{"empty", "", ""}, VersionCase{"newline", "\n", ""},
        VersionCase{"zeros", std::string(3, '\0'), ""}, VersionCase{"word", "fifteen\n", ""},
        VersionCase{"minus", "-15\n", ""}, VersionCase{"zero", "0\n", ""},
        VersionCase{"too_large", "99999999999\n", ""}, VersionCase{"three_numbers", "9.6.24\n", ""},
        VersionCase{"blank_before", " 15\n", ""}, VersionCase{"escape", "\x1b[2J15\n", ""}),
    test::case_name);

// --- pg_control ---

std::string control(std::uint32_t version, std::uint32_t state) {
  const std::uint64_t identifier = 7711165628169154699;
  const std::uint32_t catalog = 202209061;
  std::string bytes(kControlBytes, '\0');
  std::memcpy(bytes.data(), &identifier, 8);
  std::memcpy(bytes.data() + 8, &version, 4);
  std::memcpy(bytes.data() + 12, &catalog, 4);
  std::memcpy(bytes.data() + 16, &state, 4);
  return bytes;
}

TEST(PgControlTest, IsRead) {
  const auto facts = parse_pg_control(control(1300, 6));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->system_identifier, 7711165628169154699U);
  EXPECT_EQ(facts->catalog_version, 202209061U);
  EXPECT_EQ(facts->control_version, 1300U);
  EXPECT_EQ(facts->state, "in production");
}

TEST(PgControlTest, WhatStandsBehindTheFirstFieldsDoesNotMatter) {
  EXPECT_TRUE(parse_pg_control(control(1300, 1) + std::string(8192, '\xFF')));
}

struct StateCase : test::NamedCase {
  std::uint32_t version;
  std::uint32_t state;
  std::string word;  // empty: nothing is known
};

class PgControlStateTest : public testing::TestWithParam<StateCase> {};

TEST_P(PgControlStateTest, IsAWordOfPgControldata) {
  const auto facts = parse_pg_control(control(GetParam().version, GetParam().state));
  EXPECT_EQ(facts ? facts->state : "", GetParam().word);
}

INSTANTIATE_TEST_SUITE_P(
    States, PgControlStateTest,
    testing::Values(
        StateCase{"v9_2", 922, 1, "shut down"}, StateCase{"v9_6", 960, 6, "in production"},
        StateCase{"v10", 1002, 1, "shut down"}, StateCase{"v12", 1201, 0, "starting up"},
        StateCase{"v15_shutting_down", 1300, 3, "shutting down"},
        StateCase{"v15_crash", 1300, 4, "in crash recovery"},
        StateCase{"v15_standby_down", 1300, 2, "shut down in recovery"},
        StateCase{"v15_standby", 1300, 5, "in archive recovery"},
        StateCase{"v17", 1700, 6, "in production"}, StateCase{"v18", 1800, 1, "shut down"},
        StateCase{"state_7", 1300, 7, ""}, StateCase{"state_of_all_bits", 1300, 0xFFFFFFFF, ""},
        StateCase{"older", 903, 1, ""}, StateCase{"newer", 2000, 1, ""},
        // 1300 in the other byte order
        StateCase{"another_machine", 0x14050000, 1, ""}, StateCase{"nothing", 0, 0, ""}),
    test::case_name);

TEST(PgControlTest, CutShortSaysNothing) {
  const std::string whole = control(1300, 6);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_pg_control(std::string_view(whole).substr(0, size))) << size;
  }
}

// --- postmaster.pid ---

struct PidCase : test::NamedCase {
  std::string text;
  std::string shown;  // "pid directory port socket status", "-" where one is unknown
};

class PostmasterPidTest : public testing::TestWithParam<PidCase> {};

TEST_P(PostmasterPidTest, IsRead) {
  const auto pid = parse_postmaster_pid(GetParam().text);
  std::string shown;
  if (pid) {
    shown = std::to_string(pid->pid) + " " + pid->data_directory + " " +
            (pid->port ? std::to_string(*pid->port) : "-") + " " + pid->socket.value_or("-") + " " +
            pid->status.value_or("-");
  }
  EXPECT_EQ(shown, GetParam().shown);
}

const std::string kRunning = "9635\n/srv/pg/a\n1764252000\n54331\n/run/pg\n\n 19431  7\nready   \n";

INSTANTIATE_TEST_SUITE_P(
    Texts, PostmasterPidTest,
    testing::Values(
        PidCase{"running", kRunning, "9635 /srv/pg/a 54331 /run/pg ready"},
        PidCase{"standby", "9\n/a\n1\n5432\n/s\n*\n1 2\nstandby \n", "9 /a 5432 /s standby"},
        PidCase{"starting_unfilled", "9\n/a\n1\n5432\n", "9 /a 5432 - -"},
        PidCase{"before_10_without_status", "9\n/a\n1\n5432\n/s\n*\n1 2\n", "9 /a 5432 /s -"},
        PidCase{"no_socket", "9\n/a\n1\n5432\n\n*\n1 2\nready\n", "9 /a 5432 - ready"},
        PidCase{"abstract_socket", "9\n/a\n1\n5432\n@pg\n\n1 2\nready\n", "9 /a 5432 @pg ready"},
        PidCase{"single_user_mode", "-9\n/a\n1\n0\n", "9 /a - - -"},
        PidCase{"relative_socket", "9\n/a\n1\n5432\ntmp\n", "9 /a 5432 - -"},
        PidCase{"port_too_large", "9\n/a\n1\n65536\n/s\n", "9 /a - /s -"},
        PidCase{"port_is_a_word", "9\n/a\n1\nhost=evil\n/s\n", "9 /a - /s -"},
        PidCase{"unknown_status", "9\n/a\n1\n5\n/s\n*\n1 2\n\x1b[2Jready\n", "9 /a 5 /s -"},
        PidCase{"escapes_stay_raw", "9\n/a\x1b[2J\n1\n5\n/s\xFF\n", "9 /a\x1b[2J 5 /s\xFF -"},
        PidCase{"one_line", "9", "9  - - -"}, PidCase{"empty", "", ""},
        PidCase{"no_number", "x\n/a\n", ""}, PidCase{"zero", "0\n/a\n", ""},
        PidCase{"least_number", "-9223372036854775808\n/a\n", ""},
        PidCase{"beyond_numbers", "99999999999999999999\n/a\n", ""},
        PidCase{"nul_bytes", std::string(64, '\0'), ""}),
    test::case_name);

// --- postmaster.opts ---

struct OptsCase : test::NamedCase {
  std::string text;
  std::string file;  // empty: none
};

class ConfigFileTest : public testing::TestWithParam<OptsCase> {};

TEST_P(ConfigFileTest, IsFound) {
  EXPECT_EQ(parse_config_file(GetParam().text).value_or(""), GetParam().file);
}

const std::string kDebian =
    "/usr/lib/postgresql/15/bin/postgres \"-D\" \"/var/lib/postgresql/15/main\" \"-c\" "
    "\"config_file=/etc/postgresql/15/main/postgresql.conf\"\n";

INSTANTIATE_TEST_SUITE_P(
    Commands, ConfigFileTest,
    testing::Values(
        OptsCase{"debian", kDebian, "/etc/postgresql/15/main/postgresql.conf"},
        OptsCase{"one_word", "p \"--config_file=/etc/a.conf\"\n", "/etc/a.conf"},
        OptsCase{"with_a_dash", "p \"--config-file=/etc/a.conf\"\n", "/etc/a.conf"},
        OptsCase{"joined", "p \"-cconfig_file=/etc/a.conf\"\n", "/etc/a.conf"},
        OptsCase{"the_last_counts", "p \"-c\" \"config_file=/a\" \"-c\" \"config_file=/b\"\n",
                 "/b"},
        OptsCase{"blanks_and_quotes", "p \"-c\" \"config_file=/a b\"c\" \"-i\"\n", "/a b\"c"},
        OptsCase{"none", "/usr/lib/postgresql/15/bin/postgres \"-D\" \"/srv/pg\"\n", ""},
        OptsCase{"relative", "p \"-c\" \"config_file=a.conf\"\n", ""},
        OptsCase{"of_another_setting", "p \"-c\" \"hba_file=/a\" \"my_config_file=/b\"\n", ""},
        OptsCase{"second_line", "p \"-i\"\n \"-c\" \"config_file=/a\"\n", ""},
        OptsCase{"unended", "p \"-c\" \"config_file=/a", ""}, OptsCase{"empty", "", ""},
        OptsCase{"quotes_alone", "\" \" \" \"", ""}, OptsCase{"one_quote", "p \"", ""}),
    test::case_name);

TEST(StartFolderTest, IsTheLastOfTheCommand) {
  EXPECT_EQ(parse_start_folder("p \"-D\" \"/etc/x\"\n"), "/etc/x");
  EXPECT_EQ(parse_start_folder("p \"-D/etc/x y\" \"-i\"\n"), "/etc/x y");
  EXPECT_EQ(parse_start_folder("p \"-D\" \"/a\" \"-D\" \"/b\"\n"), "/b");
  EXPECT_EQ(parse_start_folder("p \"-D\" \"relative\" \"/c\"\n"), std::nullopt);
  EXPECT_EQ(parse_start_folder("p \"-c\" \"/etc/x\"\n"), std::nullopt);
  EXPECT_EQ(parse_start_folder(""), std::nullopt);
}

}  // namespace
}  // namespace repo

#include "dumper/postgres_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dumper/postgres_ask.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::HasSubstr;
using Values = std::vector<std::string>;

std::string with_nuls(const Values& values) {
  std::string text;
  for (const std::string& each : values) text += each + '\0';
  return text;
}

const Values kServer = {"15.18 (Debian 15.18-0+deb12u1)",
                        "150018",
                        "7712855728358687154",
                        "/srv/pg",
                        "/etc/pg/postgresql.conf",
                        "postgres",
                        "UTF8",
                        "C.UTF-8",
                        "C",
                        "on",
                        "de_DE.UTF-8",
                        "C",
                        "C",
                        "Europe/Berlin",
                        "SQL, DMY",
                        "work_mem=7MB"};

Values with(Values values, const Values& more) {
  values.insert(values.end(), more.begin(), more.end());
  return values;
}

TEST(PostgresAnswerTest, HasTheServerAndItsDatabases) {
  const auto answer = parse_postgres_answer(
      with_nuls(with(kServer, {"template0", "f", "f", "t", "", "a\nb", "t", "f", "f", "7634279",
                               "x", "t", "t", "f", ""})));
  ASSERT_TRUE(answer) << describe(answer.error());
  EXPECT_EQ(answer->version, "15.18");
  EXPECT_EQ(answer->major, "15");
  EXPECT_EQ(answer->system_identifier, "7712855728358687154");
  EXPECT_EQ(answer->data_directory, "/srv/pg");
  EXPECT_EQ(answer->superuser, "postgres");
  EXPECT_EQ(answer->config_file, "/etc/pg/postgresql.conf");
  EXPECT_EQ(answer->checksums, "on");
  EXPECT_EQ(answer->lc_monetary, "de_DE.UTF-8");
  EXPECT_EQ(answer->timezone, "Europe/Berlin");
  EXPECT_EQ(answer->datestyle, "SQL, DMY");
  EXPECT_EQ(answer->of_all_roles, "work_mem=7MB");
  EXPECT_EQ(answer->encoding, "UTF8");
  EXPECT_EQ(answer->collate, "C.UTF-8");
  EXPECT_EQ(answer->ctype, "C");
  ASSERT_EQ(answer->databases.size(), 3U);
  EXPECT_EQ(answer->databases[1].name, "a\nb");
  EXPECT_EQ(answer->databases[1].bytes, 7634279U);
  EXPECT_EQ(answer->databases[2].bytes, std::nullopt);
  EXPECT_TRUE(answer->databases[2].is_invalid);
  const auto wanted = databases_to_dump(*answer);
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(why_not_dumped(wanted[0]), "");
  EXPECT_THAT(why_not_dumped(wanted[1]), HasSubstr("interrupted"));
}

TEST(PostgresAnswerTest, MajorVersionsBefore10HaveTwoNumbers) {
  Values server = kServer;
  server[0] = "9.6.24";
  server[1] = "90624";
  EXPECT_EQ(parse_postgres_answer(with_nuls(server))->major, "9.6");
}

TEST(PostgresAnswerTest, D34_OnlyTheTemplate0OfInitdbIsLeftOut) {
  PostgresAnswer answer;
  answer.databases = {{"template0", true, false, true, {}}, {"template0", false, false, false, {}}};
  EXPECT_EQ(databases_to_dump(answer).size(), 2U);
  answer.databases = {{"template0", false, false, true, {}}, {"template1", true, false, true, {}}};
  EXPECT_EQ(databases_to_dump(answer).size(), 1U);
}

struct BadAnswerCase : test::NamedCase {
  std::string text;
};

class BadAnswerTest : public testing::TestWithParam<BadAnswerCase> {};

TEST_P(BadAnswerTest, D10_IsNone) { EXPECT_FALSE(parse_postgres_answer(GetParam().text)); }

INSTANTIATE_TEST_SUITE_P(
    Answers, BadAnswerTest,
    testing::Values(BadAnswerCase{"empty", ""}, BadAnswerCase{"too_few", with_nuls({"15.1"})},
                    BadAnswerCase{"cut", with_nuls(kServer) + "app"},
                    BadAnswerCase{"half_a_database", with_nuls(with(kServer, {"app", "t"}))},
                    BadAnswerCase{"no_name", with_nuls(with(kServer, {"", "t", "f", "f", ""}))},
                    BadAnswerCase{"no_version", with_nuls(with({"x", "y"}, Values(14, "z")))}),
    test::case_name);

TEST(CountRowsTest, AddsUpTablesAndRows) {
  const auto counts = count_rows("3\t\"public.a\"\n0\t\"public.b c\"\n");
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->tables, 2U);
  EXPECT_EQ(counts->rows, 3U);
  EXPECT_EQ(count_rows("")->tables, 0U);
}

TEST(CountRowsTest, D10_WhatIsCutOrNoCountIsAnError) {
  for (const char* text :
       {"3\t\"public.a\"", "x\t\"a\"\n", "3\n", "\n", "-3\t\"a\"\n", "3 \"a\"\n"}) {
    EXPECT_FALSE(count_rows(text)) << text;
  }
}

TEST(ClusterTextTest, HasEachTextOnALineOfItsOwnWhateverItHolds) {
  EXPECT_EQ(cluster_text({{"version", std::string("15.18")},
                          {"superuser", std::string("a\nb c")},
                          {"rows", std::uint64_t{3}}}),
            "version 15%2E18\nsuperuser a%0Ab%20c\n");
}

}  // namespace
}  // namespace repo

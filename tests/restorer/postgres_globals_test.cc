#include "restorer/postgres_globals.h"

#include <gtest/gtest.h>

namespace repo {
namespace {

const std::string kEnd = "\n--\n-- PostgreSQL database cluster dump complete\n--\n\n";

Result<Globals> read(const std::string& text, bool passwords = true,
                     const std::string& superuser = "postgres") {
  return read_globals(text + kEnd, {superuser, passwords});
}

std::vector<std::string> statements(const std::string& text, bool passwords = true,
                                    const std::string& superuser = "postgres") {
  const Result<Globals> globals = read(text, passwords, superuser);
  return globals ? globals->statements : std::vector<std::string>{describe(globals.error())};
}

using Texts = std::vector<std::string>;

TEST(PostgresGlobalsTest, A3_CommentsAndTheRoleThatInitdbMakesAreLeftOut) {
  EXPECT_EQ(statements("--\n-- Roles; \\! id\n--\n\\restrict aB3\n\nSET client_encoding = 'UTF8';\n"
                       "CREATE ROLE postgres;\nALTER ROLE postgres WITH SUPERUSER;\n"
                       "CREATE ROLE postgres2;\n\\unrestrict aB3\n"),
            (Texts{"SET client_encoding = 'UTF8'", "CREATE ROLE postgres2"}));
  EXPECT_EQ(statements("CREATE ROLE \"The \"\"Boss\"\"\";", true, "The \"Boss\""), Texts{});
  EXPECT_EQ(statements("CREATE ROLE \"POSTGRES\";"), Texts{"CREATE ROLE \"POSTGRES\""});
}

TEST(PostgresGlobalsTest, A3_WhatTheSuperuserHasOfHisOwnComesLast) {
  const Result<Globals> globals = read(
      "SET a = 1;ALTER ROLE postgres WITH NOSUPERUSER NOLOGIN;ALTER ROLE b WITH NOLOGIN;"
      "ALTER ROLE postgres SET role TO 'b';");
  ASSERT_TRUE(globals) << describe(globals.error());
  EXPECT_EQ(globals->text(), "SET a = 1;\nALTER ROLE b WITH NOLOGIN;\n");
  EXPECT_EQ(globals->last_text(),
            "SET a = 1;\nALTER ROLE postgres SET role TO 'b';\n"
            "ALTER ROLE postgres WITH NOSUPERUSER NOLOGIN;\n");
  EXPECT_EQ(differing_statement(*globals, *read("SET a = 1;ALTER ROLE b WITH NOLOGIN;"
                                                "ALTER ROLE postgres SET role TO 'b';")),
            "ALTER ROLE postgres WITH NOSUPERUSER NOLOGIN");
}

TEST(PostgresGlobalsTest, R10_ARoleOfTheDrillsIsLeftOut) {
  const Result<Globals> globals =
      read_globals("CREATE ROLE \"x y\";ALTER ROLE \"x y\" WITH SUPERUSER;CREATE ROLE z;" + kEnd,
                   {"postgres", true, "x y"});
  ASSERT_TRUE(globals) << describe(globals.error());
  EXPECT_EQ(globals->statements, Texts{"CREATE ROLE z"});
}

TEST(PostgresGlobalsTest, R10_AGrantWhoseGrantorWasDroppedIsTheSameWithAnother) {
  const Globals without = *read("GRANT a TO b;");
  EXPECT_EQ(differing_statement(without, *read("GRANT a TO b GRANTED BY \"p q\";")), "");
  EXPECT_NE(differing_statement(without, *read("GRANT a TO c GRANTED BY p;")), "");
  EXPECT_NE(
      differing_statement(*read("GRANT a TO b GRANTED BY x;"), *read("GRANT a TO b GRANTED BY y;")),
      "");
  EXPECT_NE(differing_statement(*read("GRANT a TO b GRANTED BY x;"), without), "");
  EXPECT_NE(
      differing_statement(*read("GRANT a TO \"b\";"), *read("GRANT a TO \"b GRANTED BY x\";")), "");
}

TEST(PostgresGlobalsTest, A3_PasswordsAreLeftOutWhereTheyAreNotWanted) {
  const std::string text =
      "ALTER ROLE password WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:x=$y=:z=' VALID UNTIL "
      "'infinity';"
      "ALTER ROLE a SET x TO 'PASSWORD ''b''';";
  EXPECT_EQ(statements(text, false),
            (Texts{"ALTER ROLE password WITH LOGIN  VALID UNTIL 'infinity'",
                   "ALTER ROLE a SET x TO 'PASSWORD ''b'''"}));
  EXPECT_NE(statements(text).front().find("SCRAM"), std::string::npos);
}

TEST(PostgresGlobalsTest, R3_NoTablespaceLiesWhereTheSourceHasIt) {
  const Result<Globals> globals = read(
      "CREATE TABLESPACE \"a LOCATION '\" OWNER \"LOCATION\" LOCATION '/live/it''s; here';\n"
      "CREATE TABLESPACE b OWNER postgres LOCATION E'/live/\\\\x';\n"
      "ALTER TABLESPACE b SET (seq_page_cost=2);");
  ASSERT_TRUE(globals) << describe(globals.error());
  EXPECT_EQ(globals->statements,
            (Texts{"CREATE TABLESPACE \"a LOCATION '\" OWNER \"LOCATION\" LOCATION ''",
                   "CREATE TABLESPACE b OWNER postgres LOCATION ''",
                   "ALTER TABLESPACE b SET (seq_page_cost=2)"}));
  ASSERT_EQ(globals->tablespaces.size(), 2U);
  EXPECT_EQ(globals->tablespaces[0].name, "a LOCATION '");
  EXPECT_EQ(globals->tablespaces[0].location, "/live/it's; here");
  EXPECT_EQ(globals->tablespaces[1].location, "/live/\\x");
}

TEST(PostgresGlobalsTest, A2_NamesMayHaveAnythingInThem) {
  const std::string name = "CREATE ROLE \"x\"\";\n\\! id\n--\n;'\"";
  EXPECT_EQ(statements(name + ";"), Texts{name});
  const std::string text = "COMMENT ON ROLE a IS 'line\n\\! id''; $x'";
  EXPECT_EQ(statements(text + ";"), Texts{text});
  const std::string escaped = "COMMENT ON ROLE a IS E'it\\'s; \\\\'";
  EXPECT_EQ(statements(escaped + ";SET a = 1;"), (Texts{escaped, "SET a = 1"}));
}

TEST(PostgresGlobalsTest, A2_OldStringsAreReadAsTheServerReadsThem) {
  EXPECT_EQ(statements("SET standard_conforming_strings = off;COMMENT ON ROLE a IS 'it\\'s; \\\\';"
                       "SET a = 1;")
                .size(),
            3U);
}

TEST(PostgresGlobalsTest, R2_WhatPgDumpallDoesNotWriteIsRefused) {
  for (const std::string text :
       {"\\! id\n", "SET a = 1\\g |id\n;", "  \\restrict x;", "\\restrict a b\n", "\\restrict \n",
        "SELECT 1;", "COPY a FROM PROGRAM 'id';", "DO $$ BEGIN END $$;", "SET a = :x;",
        "SET a = `id`;", "CREATE TABLE a ();", "SET a = 1 /* x */;", "SET a = 'open;",
        "SET a = \"open;", "SET a = E'open\\';", "SET a = 1"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(read(text));
  }
}

TEST(PostgresGlobalsTest, R2_NoNameOfARoleEndsAComment) {
  const std::string name = "x\nALTER ROLE x WITH SUPERUSER;";
  const std::string role = "CREATE ROLE \"" + name + "\";\n--\n-- User Config ";
  EXPECT_FALSE(read(role + "\"" + name + "\"\n--\n"));
  EXPECT_TRUE(read(role + "\"x ALTER ROLE x WITH SUPERUSER;\"\n--\n"));
}

TEST(PostgresGlobalsTest, A2_WithoutItsLastLineItIsCut) {
  EXPECT_FALSE(read_globals("SET a = 1;\n", {"postgres", true}));
  EXPECT_FALSE(read_globals("", {"postgres", true}));
  EXPECT_FALSE(read_globals(kEnd + "SET a = 1;\n", {"postgres", true}));
  EXPECT_TRUE(read_globals(kEnd, {"postgres", true}));
}

TEST(PostgresGlobalsTest, R10_WhatDiffersIsNamedWhateverTheOrder) {
  const Globals a = *read("SET a = 1;CREATE ROLE b;CREATE ROLE c;");
  EXPECT_EQ(differing_statement(a, *read("CREATE ROLE c;SET a = 1;CREATE ROLE b;")), "");
  EXPECT_EQ(differing_statement(a, *read("SET a = 1;CREATE ROLE b;")), "CREATE ROLE c");
  EXPECT_EQ(differing_statement(*read("SET a = 1;"), *read("SET a = 1;SET a = 1;")), "SET a = 1");
}

}  // namespace
}  // namespace repo

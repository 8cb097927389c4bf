#include "dumper/postgres_globals.h"

#include <gtest/gtest.h>

namespace repo {
namespace {

TEST(WholeGlobalsTest, D10_TheLastLineOfAllMustBeThere) {
  const std::string end = "\n--\n-- PostgreSQL database cluster dump complete\n--\n\n";
  EXPECT_TRUE(is_whole_globals("CREATE ROLE a;\n" + end));
  EXPECT_TRUE(is_whole_globals("CREATE ROLE a;\n" + end + "\\unrestrict abc\n"));
  EXPECT_FALSE(is_whole_globals(""));
  EXPECT_FALSE(is_whole_globals("CREATE ROLE a;\n"));
  EXPECT_FALSE(is_whole_globals("CREATE ROLE a;\n" + end.substr(0, end.size() - 5)));
  EXPECT_FALSE(is_whole_globals(end + std::string(1000, 'x') + "\n")) << "it is not the end";
}

const std::string kRoles =
    "CREATE ROLE a;\nALTER ROLE a WITH LOGIN;\n\n--\n-- PostgreSQL database cluster dump "
    "complete\n--\n\n";

TEST(WithRolesTest, ThoseThatAreGoneAreMadeWithoutRightsBeforeTheEnd) {
  std::size_t gone = 0;
  const std::string text = with_roles(
      kRoles, {"16384 CREATE ROLE a;", "16385 CREATE ROLE \"b c\";", "16386 DROP ROLE a;", "x"},
      gone);
  EXPECT_EQ(gone, 1U);
  EXPECT_TRUE(is_whole_globals(text));
  const std::string rights =
      " WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;\n";
  EXPECT_EQ(text,
            "CREATE ROLE a;\nALTER ROLE a WITH LOGIN;\n\nCREATE ROLE \"b c\";\nALTER ROLE \"b c\"" +
                rights + "CREATE ROLE \"16385\";\nALTER ROLE \"16385\"" + rights +
                "\n--\n-- PostgreSQL database cluster dump complete\n--\n\n");
}

TEST(WithRolesTest, WhereNoneIsGoneNothingChanges) {
  std::size_t gone = 7;
  EXPECT_EQ(with_roles(kRoles, {"16384 CREATE ROLE a;"}, gone), kRoles);
  EXPECT_EQ(gone, 0U);
}

TEST(KeepsTablespacesTest, TheyMayComeAndNotGo) {
  const std::string before = "CREATE ROLE a;\nCREATE TABLESPACE t OWNER a LOCATION '/x';\n";
  EXPECT_TRUE(keeps_tablespaces(before, before));
  EXPECT_TRUE(keeps_tablespaces("", before));
  EXPECT_FALSE(keeps_tablespaces(before, "CREATE ROLE a;\n"));
}

}  // namespace
}  // namespace repo

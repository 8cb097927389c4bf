#include "dumper/postgres_name.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

struct NameCase : test::NamedCase {
  std::string database;
  std::string file;
};

class PostgresNameTest : public testing::TestWithParam<NameCase> {};

TEST_P(PostgresNameTest, D34_ComesBackFromTheNameOfItsFile) {
  EXPECT_EQ(postgres_file_name(GetParam().database), GetParam().file);
  EXPECT_EQ(postgres_name_of(GetParam().file), GetParam().database);
}

INSTANTIATE_TEST_SUITE_P(
    Names, PostgresNameTest,
    testing::Values(NameCase{"plain", "app_1-b", "app_1-b"},
                    NameCase{"connection_string", "host=/evil", "host%3D%2Fevil"},
                    NameCase{"option", "-rf", "%2Drf"},
                    NameCase{"path", "a/../b", "a%2F%2E%2E%2Fb"}, NameCase{"dots", "..", "%2E%2E"},
                    NameCase{"newline", "a\nb'\"", "a%0Ab%27%22"},
                    NameCase{"percent", "%41", "%2541"}, NameCase{"utf8", "\xC3\xA9", "%C3%A9"},
                    NameCase{"latin1", "\xE9", "%E9"}),
    test::case_name);

TEST(PostgresNameOfTest, IsNothingForWhatNoNameBecomes) {
  for (const char* file : {"", "%", "%4", "%zz", "%61", "a.b", "-a", "a/b", "%2e", "% 1", "a%+1"}) {
    EXPECT_EQ(postgres_name_of(file), std::nullopt) << file;
  }
}

TEST(PostgresConninfoTest, D34_ANameIsAValueWhateverItHolds) {
  EXPECT_EQ(postgres_conninfo("host=/evil", "/run/postgresql", "5432"),
            "dbname='host=/evil' host='/run/postgresql' port='5432'");
  EXPECT_EQ(postgres_conninfo("a'b\\c", "/tmp", "1", "o'r"),
            "dbname='a\\'b\\\\c' host='/tmp' port='1' user='o\\'r'");
}

}  // namespace
}  // namespace repo

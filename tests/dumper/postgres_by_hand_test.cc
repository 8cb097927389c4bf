// RESTORE.md of a PostgreSQL cluster. That its commands work, as they stand, is for
// tests/e2e/postgres_restore_test.py and postgres_files_drill_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dumper/by_hand.h"
#include "tests/dumper/record_fixture.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::string& version, const std::string& method, bool as_root = true,
                    const std::string& path = "/var/lib/postgresql/15/main") {
  ItemRecord made = record();
  made.source.kind = "postgres";
  made.source.path = path;
  made.source.store = path;
  made.fingerprint = {{"version", version}, {"method", method}};
  return restore_by_hand(made, as_root);
}

TEST(PostgresByHandTest, A4_ProgramsAreThoseOfTheMajorVersion) {
  for (const auto& [version, major] : {std::pair("15.18", "15"),
                                       {"15", "15"},
                                       {"9.6.24", "9.6"},
                                       {"9.6", "9.6"},
                                       {"17rc1", "17rc1"}}) {
    EXPECT_THAT(text_of(version, "dump"),
                HasSubstr(std::string("    B=/usr/lib/postgresql/") + major + "/bin\n"));
  }
}

TEST(PostgresByHandTest, A4_RootBecomesTheOwnerAndAUserStaysHimself) {
  EXPECT_THAT(text_of("15.18", "dump"), HasSubstr("setpriv --reuid=\"$U\""));
  EXPECT_THAT(text_of("15.18", "dump"), HasSubstr("    U=1234 G=4294967294\n"));
  EXPECT_THAT(text_of("15.18", "dump", false), Not(HasSubstr("setpriv")));
  EXPECT_THAT(text_of("15.18", "dump", false), Not(HasSubstr("chown \"$U")));
}

TEST(PostgresByHandTest, A4_FilesNeedNoPassThroughAServer) {
  EXPECT_THAT(text_of("15", "files"), Not(HasSubstr("pg_restore")));
  EXPECT_THAT(text_of("15.18", "basebackup"), HasSubstr("mv -T -- copy/pgdata new"));
}

TEST(PostgresByHandTest, A2_APathIsAWordOfTheShell) {
  EXPECT_THAT(text_of("15.18", "dump", true, "/srv/a'; id '"),
              HasSubstr("    T='/srv/a'\\''; id '\\'''\n"));
  EXPECT_THAT(text_of("15.18", "dump", true, "/srv/a\nb"), HasSubstr("    T=${T%.}\n"));
}

}  // namespace
}  // namespace repo

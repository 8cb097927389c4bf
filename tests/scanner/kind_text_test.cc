#include "scanner/kind_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

UserKind sqlite() {
  UserKind kind;
  kind.name = "sqlite";
  kind.file = "/etc/repo-backup/kinds.d/sqlite.json";
  kind.description = "SQLite databases";
  kind.signature.magics = {{{"*.db", "*.sqlite"}, 0, std::string("SQLite\0", 7)}};
  kind.signature.paths = {"/srv/app", "/home"};
  UserCommand dump;
  dump.argv = {"sqlite3", "-readonly", "{match}", ".backup {dest}/{match}"};
  dump.each_match = true;
  dump.timeout = std::chrono::seconds(600);
  kind.dump = {dump};
  return kind;
}

TEST(KindTextTest, SaysWhatIsFoundAndWhatIsRun) {
  EXPECT_EQ(kind_text(sqlite()),
            "sqlite  (/etc/repo-backup/kinds.d/sqlite.json)\n"
            "  what it is    SQLite databases\n"
            "  looked for    in and below \"/srv/app\" and \"/home\"\n"
            "                there every directory is read\n"
            "  known by      a file whose name is like \"*.db\" or \"*.sqlite\", with "
            "\"SQLite\\x00\" at byte 0\n"
            "  at the source as a user that owns nothing, with no network\n"
            "  dump          sqlite3 -readonly {match} '.backup {dest}/{match}'\n"
            "                  for each file that it is known by\n"
            "                  at most 600 s\n"
            "  at the copy   as a user that owns nothing, with no network\n"
            "  verify        NOTHING: no tool reads the copy\n"
            "  drill         NOTHING: no copy is ever proven to be restorable\n"
            "  size          a copy of less than 1 byte is a failure\n"
            "  stands for    what it copies: the directory stays in a file-level backup\n"
            "  unchanged     it is dumped each time\n");
}

TEST(KindTextTest, SaysTheRestToo) {
  UserKind kind = sqlite();
  kind.signature.files = {"a", "b", "c"};
  kind.signature.directories = {"d"};
  kind.signature.excepted = {"cache*", "tmp*"};
  kind.signature.paths.clear();
  kind.signature.all_pruned = true;
  kind.run_as = "owner";
  kind.network = UserNetwork::kUnix;
  kind.drill_network = UserNetwork::kOwn;
  kind.folders = {"/run/db"};
  kind.secrets = {{"/root/secret", 3, ""}, {"/root/other", std::nullopt, "/secrets/x"}};
  kind.max_shrink = 50;
  kind.unchanged_by_files = true;
  kind.stands_for_directory = true;
  UserCommand verify;
  verify.argv = {"check", ""};
  verify.exit_codes = {0, 1};
  verify.fail_if = {"*corrupt*"};
  verify.must_say = {"ok", "done"};
  kind.verify = {verify, verify};
  const std::string text = kind_text(kind);
  for (const char* part :
       {"looked for    everywhere\n", "files \"a\", \"b\" and \"c\"\n", "and directories \"d\"\n",
        "but no file whose name is like \"cache*\" or \"tmp*\"\n",
        "not entered   all that is in it\n",
        "as the owner of the directory, with sockets in its folders\n", "sees \"/run/db\"\n",
        "reads \"/root/secret\" as descriptor 3\n", "reads \"/root/other\" as /secrets/x\n",
        "drills with a network of its own\n", "verify        check ''\n",
        "no failure: exit code 0, 1\n", "a failure, too: it prints a line like \"*corrupt*\"\n",
        "a failure, too: no line is like \"ok\" or like \"done\"\n",
        "one that lost more than 50 % is an alarm\n", "no new dump where no file has changed\n",
        "stands for    all of the directory"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(KindTextTest, D29_NothingOfItReachesATerminal) {
  UserKind kind = sqlite();
  const std::string odd = "\x1b[2J\n\xFF";
  kind.file = kind.description = kind.run_as = odd;
  kind.signature = {{odd}, {odd}, {odd}, {{{odd}, 0, odd}}, {odd}, {odd}, false, {odd}};
  kind.folders = {odd};
  kind.secrets = {{odd, std::nullopt, odd}};
  UserCommand command;
  command.argv = {odd, odd};
  command.fail_if = command.must_say = {odd};
  command.output = odd;
  kind.dump = kind.verify = kind.drill = {command};
  const std::string text = kind_text(kind);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xFF")));
  EXPECT_THAT(text, Not(HasSubstr("[2J\n")));
}

}  // namespace
}  // namespace repo

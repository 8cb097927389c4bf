// RESTORE.md, and the words in it that stand for any bytes.
#include "dumper/by_hand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/dumper/record_fixture.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a shell makes of T=WORD, as RESTORE.md has it: a word that begins with a dollar sign has a
// dot behind the bytes, which keeps newlines at their end.
std::string assigned(const std::string& shell, const std::string& word) {
  const std::string script =
      "T=" + word + "\n" + (word.starts_with('$') ? "T=${T%.}\n" : "") + "printf %s. \"$T\"";
  const std::string out = test::must_run({shell, "-euc", script});
  EXPECT_TRUE(out.ends_with('.'));
  return out.substr(0, out.size() - 1);
}

void expect_the_same(const std::string& bytes) {
  const std::string word = shell_word(bytes);
  for (const char c : word)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= ' ' && c != '\x7f') << word;
  for (const char* shell : {"dash", "bash"}) {
    EXPECT_EQ(assigned(shell, word), bytes) << shell << ": " << word;
  }
}

TEST(ShellWordTest, PlainOnesAreReadable) {
  EXPECT_EQ(shell_word("/srv/svn/alpha beta"), "'/srv/svn/alpha beta'");
  EXPECT_EQ(shell_word("/srv/\u00e4"), "'/srv/\u00e4'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

TEST(ShellWordTest, D18_StandsForItsBytesInEveryShell) {
  for (const char* bytes : {"/srv/a",
                            "it's",
                            "''",
                            "$HOME",
                            "`id`",
                            "$(id)",
                            "${T}",
                            "a b",
                            " a ",
                            "a\\b",
                            "a\\nb",
                            "\\",
                            "\\\\",
                            "\\0101",
                            "%s%n",
                            "\"",
                            "-n",
                            "-e",
                            "~",
                            "~root",
                            "*",
                            "?",
                            "[a]",
                            "!",
                            "#",
                            ";",
                            "&",
                            "|",
                            "a=b",
                            "\n",
                            "a\n",
                            "a\n\n",
                            "\na",
                            "\r",
                            "\t",
                            "\x1b[31m",
                            "\x7f",
                            "\xff",
                            "\xff'\n",
                            "\xc3\xa4\n",
                            "\u202e",
                            "\u2028",
                            "\u0085",
                            "\xff.",
                            "\xff ",
                            "\xff  b",
                            "\xff*",
                            "\xff\\c",
                            "\xff"
                            "7",
                            "\n7",
                            "\xff$T",
                            "\xff`id`",
                            "\xff\"",
                            "\xff%s",
                            "\xff~",
                            "."}) {
    expect_the_same(bytes);
  }
  expect_the_same("");
}

TEST(ShellWordTest, EachByteStandsForItself) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  expect_the_same(all);
  std::mt19937 random(5);  // NOLINT: the same each time
  for (int i = 0; i < 20; ++i) {
    std::shuffle(all.begin(), all.end(), random);
    expect_the_same(all);
  }
}

TEST(RestoreByHandTest, HostileNamesStayInTheirLines) {
  ItemRecord odd = record();
  const std::string plain = restore_by_hand(odd, true);
  odd.source.path = odd.source.store = "/srv/\n    rm -rf /\n\x1b[31m";
  odd.host = "h\n    rm -rf /";
  odd.notes = {"n\n    rm -rf /"};
  odd.tool_version = "1\n    rm -rf /";
  const std::string text = restore_by_hand(odd, true);
  EXPECT_THAT(text, Not(HasSubstr("\n    rm -rf")));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  // One line more of commands: it takes the dot away.
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'),
            std::count(plain.begin(), plain.end(), '\n') + 1);
}

TEST(RestoreByHandTest, OnlyRootGivesThingsAwayAndRunsToolsAsTheirOwner) {
  EXPECT_THAT(restore_by_hand(record(), true), HasSubstr("setpriv --reuid=1234 "));
  EXPECT_THAT(restore_by_hand(record(), true), HasSubstr("chown -hR 1234:4294967294 "));
  EXPECT_THAT(restore_by_hand(record(), false), Not(HasSubstr("setpriv")));
  EXPECT_THAT(restore_by_hand(record(), false), Not(HasSubstr("chown -hR")));
}

TEST(RestoreByHandTest, NamesTheToolOfTheKind) {
  ItemRecord other = record();
  EXPECT_THAT(restore_by_hand(other, true), HasSubstr("svnadmin verify"));
  EXPECT_THAT(restore_by_hand(other, true), Not(HasSubstr("svnadmin recover")));
  other.fingerprint = {{"fs_type", "bdb"}};
  EXPECT_THAT(restore_by_hand(other, true), HasSubstr("svnadmin recover"));
  other.source.kind = "hg";
  other.source.store = other.source.path + "/.hg";
  EXPECT_THAT(restore_by_hand(other, true), HasSubstr("hg -R \"$T\" verify"));
  EXPECT_THAT(restore_by_hand(other, true), HasSubstr("mv -T -- new/.hg \"$T/.hg\""));
  other.source.kind = "git";
  other.source.store = other.source.path;
  EXPECT_THAT(restore_by_hand(other, true), HasSubstr("git -C \"$T\" fsck"));
  EXPECT_THAT(restore_by_hand(other, true), Not(HasSubstr("checkout")));
}

}  // namespace
}  // namespace repo

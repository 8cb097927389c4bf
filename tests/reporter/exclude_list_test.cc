#include "reporter/exclude_list.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/table.h"

namespace repo {
namespace {

using Paths = std::vector<std::string>;
using enum ExcludeDialect;

struct Case : test::NamedCase {
  ExcludeDialect dialect;
  std::string path;
  std::string entry;  // with its end
};

class ExcludeEntryTest : public testing::TestWithParam<Case> {};

TEST_P(ExcludeEntryTest, IsWrittenAsItsToolReadsIt) {
  const ExcludeList list = make_exclude_list(GetParam().dialect, {GetParam().path});
  EXPECT_TRUE(list.bytes.ends_with(GetParam().entry)) << list.bytes;
  EXPECT_EQ(list.inexpressible, Paths());
}

const std::string kNul(1, '\0');

INSTANTIATE_TEST_SUITE_P(
    Entries, ExcludeEntryTest,
    testing::Values(
        Case{{"restic_plain"}, kRestic, "/a/b", "\n/a/b/\n"},
        Case{{"restic_glob"}, kRestic, "/a*?[b]\\", "\n/a\\*\\?\\[b]\\\\/\n"},
        Case{{"restic_variable"}, kRestic, "/$HOME $$", "\n/$$HOME $$$$/\n"},
        Case{{"restic_newline"}, kRestic, "/a\n ", "\n/a[^\x01-\t\v-\U0010FFFF] /\n"},
        Case{{"borg_plain"}, kBorg, "/a*/b ", "\npp:/a*/b /\n"},
        Case{{"borg_newline"}, kBorg, "/a.b\n", "\nre:\\Aa\\x2eb\\x0a(?:/|\\Z)\n"},
        Case{{"borg_unicode"}, kBorg, "/\xc3\xa9\xe2\x82\xac", "\nre:\\A\\xe9\\u20ac(?:/|\\Z)\n"},
        Case{{"borg_astral"}, kBorg, "/\xf0\x9f\x98\x80", "\nre:\\A\\U0001f600(?:/|\\Z)\n"},
        Case{{"borg_no_utf8"}, kBorg, "/a\xff", "\nre:\\Aa\\udcff(?:/|\\Z)\n"},
        Case{{"rdiff_backup"}, kRdiffBackup, "/+ a\n*\r", "/+ a\n*\r/" + kNul},
        Case{{"rsync_backslash"}, kRsync, "/a\\b]", "/a\\b]" + kNul},
        Case{{"rsync_glob"}, kRsync, "/a\\b*[?", "/a\\\\b\\*\\[\\?" + kNul},
        Case{{"tar"}, kTar, "/a\\b*[ ?$", "/a\\b*[ ?$\n"}),
    test::case_name);

TEST(ExcludeListTest, ListsThatAreNotPlainNameTheirDialectInAComment) {
  EXPECT_EQ(make_exclude_list(kRestic, {}).bytes, "# repo-backup: paths to exclude, for restic\n");
  EXPECT_EQ(make_exclude_list(kBorg, {}).bytes, "# repo-backup: paths to exclude, for borg\n");
  EXPECT_EQ(make_exclude_list(kRsync, {}).bytes,
            "# repo-backup: paths to exclude, for rsync" + kNul);
  EXPECT_EQ(make_exclude_list(kRdiffBackup, {}).bytes, "");
  EXPECT_EQ(make_exclude_list(kTar, {}).bytes, "");
}

TEST(ExcludeListTest, WhatCannotBeSaidExactlyIsNotInTheList) {
  const Paths hard = {"/a\nb", "/a ", "/a\t", "/a\r", "/a\v", "/a\f"};
  const ExcludeList tar = make_exclude_list(
      kTar, {hard[0], "/good", hard[1], hard[2], hard[3], hard[4], hard[5], "/a b"});
  EXPECT_EQ(tar.inexpressible, hard);
  EXPECT_EQ(tar.bytes, "/good\n/a b\n");
  for (const ExcludeDialect dialect : {kRestic, kBorg, kRdiffBackup, kRsync}) {
    EXPECT_EQ(make_exclude_list(dialect, hard).inexpressible, Paths()) << name_of(dialect);
  }
}

TEST(ExcludeListTest, EverythingAndWhatIsNotCanonicalAreInNoList) {
  const Paths wrong = {"/", "", "a", "/a/", "/a//b", "/a/../b", "./a", std::string("/a\0b", 4)};
  for (const ExcludeDialect dialect : kExcludeDialects) {
    const ExcludeList list = make_exclude_list(dialect, wrong);
    EXPECT_EQ(list.inexpressible, wrong);
    EXPECT_EQ(list.bytes, make_exclude_list(dialect, {}).bytes);
  }
}

TEST(ExcludeListTest, AnEntryThatIsTooLongForItsToolIsNotInTheList) {
  const Paths rsync = {'/' + std::string(4000, 'a'), "/*" + std::string(3998, 'a')};
  EXPECT_EQ(make_exclude_list(kRsync, rsync).inexpressible, rsync);
  EXPECT_EQ(make_exclude_list(kRsync, {'/' + std::string(3999, 'a')}).inexpressible, Paths());
  const Paths restic = {'/' + std::string(6000, '\n')};
  EXPECT_EQ(make_exclude_list(kRestic, restic).inexpressible, restic);
  EXPECT_EQ(make_exclude_list(kBorg, restic).inexpressible, Paths());
}

TEST(ExcludeListTest, NamesOfDialectsAreReadAndWritten) {
  for (const ExcludeDialect dialect : kExcludeDialects) {
    EXPECT_EQ(parse_exclude_dialect(name_of(dialect)), dialect);
  }
  EXPECT_EQ(parse_exclude_dialect("Restic"), std::nullopt);
  EXPECT_EQ(parse_exclude_dialect(""), std::nullopt);
}

Paths random_paths(unsigned seed) {
  static const Paths pieces = {"a",
                               "/b",
                               "*",
                               "?",
                               "[",
                               "]",
                               "\\",
                               "$",
                               "\n",
                               " ",
                               "\r",
                               "\t",
                               "/+ ",
                               "/- ",
                               "#",
                               "\xc3\xa9",
                               "\xff",
                               "\xe2\x82",
                               "\xed\xa0\x80",
                               "\xf0\x9f\x98\x80",
                               "\xf4\x8f\xbf\xbf",
                               "[^\x01-\t\v-\U0010FFFF]",
                               "\\x41",
                               "re:",
                               "(?:/|\\Z)"};
  std::mt19937 random(seed);
  Paths paths;
  for (int i = 0; i < 3000; ++i) {
    std::string path = "/x";
    for (std::size_t n = random() % 6; n > 0; --n) {
      const std::size_t which = random() % (pieces.size() + 4);
      path += which < pieces.size() ? pieces[which]
                                    : std::string(1, static_cast<char>(1 + random() % 255));
      while (path.ends_with('/')) path.pop_back();
    }
    if (path.find("//") == std::string::npos) paths.push_back(path);
  }
  return paths;
}

TEST(ExcludeListTest, EveryListIsReadBack) {
  const Paths all = random_paths(20261127);
  for (const ExcludeDialect dialect : kExcludeDialects) {
    ExcludeList list = make_exclude_list(dialect, all);
    Paths expected;
    std::size_t left_out = 0;
    for (const std::string& path : all) {
      if (left_out < list.inexpressible.size() && list.inexpressible[left_out] == path) {
        ++left_out;
      } else {
        expected.push_back(path);
      }
    }
    const auto read = read_exclude_list(list.bytes);
    ASSERT_TRUE(read) << name_of(dialect) << ": " << describe(read.error());
    EXPECT_EQ(*read, expected) << name_of(dialect);
  }
}

TEST(ReadExcludeListTest, PlainListsHaveLinesOrNulsAndNoEscapes) {
  const auto lines = read_exclude_list("/a b \n\n/c\\n*\n/d/\n/e");
  ASSERT_TRUE(lines);
  EXPECT_EQ(*lines, (Paths{"/a b ", "/c\\n*", "/d", "/e"}));
  const auto nuls = read_exclude_list(std::string("/a\nb\0\0/c\0", 9));
  ASSERT_TRUE(nuls);
  EXPECT_EQ(*nuls, (Paths{"/a\nb", "/c"}));
  const auto none = read_exclude_list("");
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, Paths());
}

struct BadCase : test::NamedCase {
  std::string text;
  std::string message;
};

class ReadBadExcludeListTest : public testing::TestWithParam<BadCase> {};

TEST_P(ReadBadExcludeListTest, TheErrorNamesTheEntry) {
  const auto read = read_exclude_list(GetParam().text);
  ASSERT_FALSE(read);
  EXPECT_EQ(describe(read.error()), GetParam().message);
}

const std::string kResticMark = "# repo-backup: paths to exclude, for restic\n";
const std::string kBorgMark = "# repo-backup: paths to exclude, for borg\n";
const std::string kNotPlain = ": not the absolute path of one file or directory";

INSTANTIATE_TEST_SUITE_P(
    Texts, ReadBadExcludeListTest,
    testing::Values(
        BadCase{{"relative"}, "/a\nb\n", "read b" + kNotPlain},
        BadCase{{"comment"}, "# a\n/b\n", "read # a" + kNotPlain},
        BadCase{{"not_canonical"}, "/a/../b\n", "read /a/../b" + kNotPlain},
        BadCase{{"restic_glob"},
                kResticMark + "/a/*.o/\n",
                "read /a/*.o/: no entry of a list for restic"},
        BadCase{{"restic_variable"},
                kResticMark + "/$HOME/\n",
                "read /$HOME/: no entry of a list for restic"},
        BadCase{{"restic_unended"}, kResticMark + "/a\n", "read /a: no entry of a list for restic"},
        BadCase{{"restic_all"}, kResticMark + "/\n", "read /: no entry of a list for restic"},
        BadCase{{"borg_style"}, kBorgMark + "fm:/a\n", "read fm:/a: no entry of a list for borg"},
        BadCase{{"borg_regex"},
                kBorgMark + "re:\\Aa.*(?:/|\\Z)\n",
                "read re:\\\\Aa.*(?:/|\\\\Z): no entry of a list for borg"},
        BadCase{{"borg_cut"},
                kBorgMark + "re:\\A\\x4(?:/|\\Z)\n",
                "read re:\\\\A\\\\x4(?:/|\\\\Z): no entry of a list for borg"}),
    test::case_name);

}  // namespace
}  // namespace repo

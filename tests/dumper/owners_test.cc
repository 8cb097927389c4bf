// The file `owners`.
#include "dumper/owners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

struct stat entry(mode_t mode, unsigned uid, unsigned gid) {
  struct stat made = {};
  made.st_mode = mode;
  made.st_uid = uid;
  made.st_gid = gid;
  return made;
}

struct TypeCase : test::NamedCase {
  mode_t mode;
  std::string line;
};

class OwnersTypeTest : public testing::TestWithParam<TypeCase> {};

TEST_P(OwnersTypeTest, TypeAndModeAreWritten) {
  EXPECT_EQ(owners_line(entry(GetParam().mode, 12, 34), "x", {}), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Types, OwnersTypeTest,
    testing::Values(TypeCase{"file", S_IFREG | 0640, "f 0640 12 34 - x\n"},
                    TypeCase{"directory_with_setgid", S_IFDIR | 02775, "d 2775 12 34 - x\n"},
                    TypeCase{"setuid_sticky", S_IFREG | 05711, "f 5711 12 34 - x\n"},
                    TypeCase{"link", S_IFLNK | 0777, "l 0777 12 34 - x\n"},
                    TypeCase{"fifo", S_IFIFO | 0600, "p 0600 12 34 - x\n"},
                    TypeCase{"socket", S_IFSOCK | 0755, "s 0755 12 34 - x\n"},
                    TypeCase{"character_device", S_IFCHR | 0, "c 0000 12 34 - x\n"},
                    TypeCase{"block_device", S_IFBLK | 0660, "b 0660 12 34 - x\n"}),
    test::case_name);

struct PathCase : test::NamedCase {
  std::string path;
  std::string written;
};

class OwnersPathTest : public testing::TestWithParam<PathCase> {};

TEST_P(OwnersPathTest, D18_IsEscapedSoThatALineIsALine) {
  EXPECT_EQ(owners_line(entry(S_IFREG | 0600, 0, 4294967294U), GetParam().path, {}),
            "f 0600 0 4294967294 - " + GetParam().written + "\n");
}

INSTANTIATE_TEST_SUITE_P(
    Paths, OwnersPathTest,
    testing::Values(PathCase{"top", "", "."}, PathCase{{"plain"}, "db/current", "db/current"},
                    PathCase{"blanks_at_both_ends", " a b ", " a b "},
                    PathCase{"newline", "a\nb", "a\\0012b"},
                    PathCase{"tab_and_return", "a\tb\r", "a\\0011b\\0015"},
                    PathCase{"backslash", "a\\n", "a\\0134n"},
                    PathCase{"a_digit_behind_an_escape", "\n7", "\\00127"},
                    PathCase{"delete_and_escape", "\x7f\x1b[0m", "\\0177\\0033[0m"},
                    PathCase{"bytes_that_are_no_text", "\xff\xfe", "\xff\xfe"},
                    PathCase{"comma_and_equals", "a,b=c", "a,b=c"}),
    test::case_name);

TEST(OwnersLineTest, AttributesAreNamesAndBase64) {
  const std::vector<Attribute> attributes = {{"user.a", "1"},
                                             {"user.b c,d=e", std::string("\0\xff", 2)}};
  EXPECT_EQ(owners_line(entry(S_IFREG | 0600, 0, 0), "x", attributes),
            "f 0600 0 0 user.a=MQ==,user.b\\0040c\\0054d\\0075e=AP8= x\n");
}

struct RoundTripCase : test::NamedCase {
  mode_t mode;
  std::string path;
  std::vector<Attribute> attributes;
};

class OwnersRoundTripTest : public testing::TestWithParam<RoundTripCase> {};

TEST_P(OwnersRoundTripTest, D18_ALineComesBackAsItWasWritten) {
  const RoundTripCase& given = GetParam();
  const struct stat st = entry(given.mode, 12, 4294967294U);
  const std::string line = owners_line(st, given.path, given.attributes);
  ASSERT_EQ(line.find('\n'), line.size() - 1);
  const auto read = parse_owners_line(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(read) << line;
  EXPECT_EQ(read->type, owners_type(given.mode));
  EXPECT_EQ(read->mode, given.mode & 07777);
  EXPECT_EQ(read->uid, 12U);
  EXPECT_EQ(read->gid, 4294967294U);
  EXPECT_EQ(read->path, given.path);
  EXPECT_EQ(owners_line(st, read->path, read->attributes), line);
  ASSERT_EQ(read->attributes.size(), given.attributes.size());
  for (std::size_t i = 0; i < given.attributes.size(); ++i) {
    EXPECT_EQ(read->attributes[i].name, given.attributes[i].name);
    EXPECT_EQ(read->attributes[i].value, given.attributes[i].value);
  }
}

std::string all_bytes() {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Lines, OwnersRoundTripTest,
    testing::Values(RoundTripCase{"file", S_IFREG | 0640, "db/current", {}},
                    RoundTripCase{"top", S_IFDIR | 02775, "", {}},
                    RoundTripCase{"link", S_IFLNK | 0777, "a link", {}},
                    RoundTripCase{"fifo", S_IFIFO | 0600, "x", {}},
                    RoundTripCase{"socket", S_IFSOCK | 0600, "x", {}},
                    RoundTripCase{"character_device", S_IFCHR | 0600, "x", {}},
                    RoundTripCase{"block_device", S_IFBLK | 0600, "x", {}},
                    RoundTripCase{"all_mode_bits", S_IFREG | 07777, "x", {}},
                    RoundTripCase{"no_mode_bits", S_IFREG, "x", {}},
                    RoundTripCase{"blanks", S_IFREG | 0600, "  a  b  ", {}},
                    RoundTripCase{"a_dash", S_IFREG | 0600, "-", {}},
                    RoundTripCase{"dots", S_IFREG | 0600, "..x", {}},
                    RoundTripCase{"every_byte", S_IFREG | 0600, all_bytes(), {}},
                    RoundTripCase{"what_looks_escaped", S_IFREG | 0600, "\\0012", {}},
                    RoundTripCase{"attributes",
                                  S_IFREG | 0600,
                                  "x",
                                  {{"user.a", "1"},
                                   {"user.empty", ""},
                                   {"user.b c,d=e\\\n\xff", std::string("\0\xff,= ", 5)},
                                   {"system.posix_acl_access", std::string(44, '\2')}}}),
    test::case_name);

class RefusedOwnersLineTest : public testing::TestWithParam<std::string> {};

TEST_P(RefusedOwnersLineTest, WhatOwnersLineCannotHaveWrittenIsNone) {
  EXPECT_TRUE(parse_owners_line("f 0644 0 0 - x")) << "what the others differ from";
  EXPECT_FALSE(parse_owners_line(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, RefusedOwnersLineTest,
    testing::Values("", " ", "f", "f 0644 0 0 -", "f 0644 0 0 - ", "x 0644 0 0 - x",
                    "ff 0644 0 0 - x", " 0644 0 0 - x", "f 644 0 0 - x", "f 00644 0 0 - x",
                    "f 0844 0 0 - x", "f -644 0 0 - x", "f 0644 -1 0 - x", "f 0644 0 -1 - x",
                    "f 0644 4294967296 0 - x", "f 0644 root 0 - x", "f 0644  0 - x",
                    "f 0644 0 0  x", "f 0644 0 0 user.a x", "f 0644 0 0 =MQ== x",
                    "f 0644 0 0 user.a=MQ=, x", "f 0644 0 0 user.a=M x",
                    "f 0644 0 0 ,user.a=MQ== x", "f 0644 0 0 user.a=MQ==, x", "f 0644 0 0 - a\\",
                    "f 0644 0 0 - a\\n", "f 0644 0 0 - a\\012", "f 0644 0 0 - a\\0400",
                    "f 0644 0 0 - a\\0-12", "f 0644 0 0 - a\\0008", "f 0644 0 0 - a\\1234"));

// What a whole tree's lines are: seal_test.cc.
class AttributesTest : public testing::Test {
 protected:
  std::vector<Attribute> attributes(const std::string& name) {
    const UniqueFd top = test::open_folder(tree_.path());
    Result<std::vector<Attribute>> read = read_attributes(top.get(), name);
    EXPECT_TRUE(read) << describe(read.error());
    return read ? *std::move(read) : std::vector<Attribute>();
  }
  test::TempDir tree_;
};

TEST_F(AttributesTest, D21_AreReadAlsoOfFilesThatMayNotBeRead) {
  const std::string path = tree_ / "file";
  test::write_file(path, "");
  ASSERT_EQ(setxattr(path.c_str(), "user.note", "\0x", 2, 0), 0) << std::strerror(errno);
  test::set_mode(path, 0);
  ASSERT_EQ(attributes("file").size(), 1U);
  EXPECT_EQ(attributes("file")[0].name, "user.note");
  EXPECT_EQ(attributes("file")[0].value, std::string("\0x", 2));
}

TEST_F(AttributesTest, ALargeOneIsWhole) {
  const std::string value(3000, 'v');
  test::write_file(tree_ / "file", "");
  ASSERT_EQ(setxattr((tree_ / "file").c_str(), "user.big", value.data(), value.size(), 0), 0)
      << std::strerror(errno);
  ASSERT_EQ(attributes("file").size(), 1U);
  EXPECT_EQ(attributes("file")[0].value, value);
}

TEST_F(AttributesTest, D19_ThoseOfALinkAreNotThoseOfWhatItLeadsTo) {
  test::write_file(tree_ / "file", "");
  ASSERT_EQ(setxattr((tree_ / "file").c_str(), "user.note", "x", 1, 0), 0);
  test::make_link(tree_ / "link", "file");
  EXPECT_TRUE(attributes("link").empty());
}

TEST_F(AttributesTest, D20_OfAFifoWithoutAWriterTheyAreReadWithoutWaiting) {
  test::make_fifo(tree_ / "fifo");
  EXPECT_TRUE(attributes("fifo").empty());
}

}  // namespace
}  // namespace repo

// The file `owners`.
#include "dumper/owners.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

TreeEntry entry(mode_t mode, unsigned uid, unsigned gid) {
  TreeEntry made;
  made.st.st_mode = mode;
  made.st.st_uid = uid;
  made.st.st_gid = gid;
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

class OwnersOfTest : public testing::Test {
 protected:
  std::string owners(const std::string& prefix, const Skip& skip = {}) {
    const UniqueFd top = test::open_folder(tree_.path());
    const Result<std::vector<OwnersLine>> lines =
        owners_of({top.get(), std::nullopt}, prefix, skip, test::patient());
    EXPECT_TRUE(lines) << describe(lines.error());
    std::string text;
    if (lines) {
      for (const OwnersLine& line : *lines) text += line.text;
    }
    return text;
  }
  static std::vector<std::string> last_fields(const std::string& text) {
    std::vector<std::string> paths;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      paths.push_back(line.substr(line.find(" - ") + 3));
    }
    return paths;
  }
  test::TempDir tree_;
};

TEST_F(OwnersOfTest, HasALineForEveryEntryInTheOrderOfTheWalk) {
  test::write_file(tree_ / "a.b", "");
  test::write_file(tree_ / "a/b", "");
  test::make_link(tree_ / "z", "nowhere");
  test::make_fifo(tree_ / "fifo");
  EXPECT_THAT(last_fields(owners("")), testing::ElementsAre(".", "a", "a/b", "a.b", "fifo", "z"));
}

TEST_F(OwnersOfTest, ThePrefixStandsBeforeEachPath) {
  test::write_file(tree_ / "a/b", "");
  EXPECT_THAT(last_fields(owners(".hg/store")),
              testing::ElementsAre(".hg/store", ".hg/store/a", ".hg/store/a/b"));
}

TEST_F(OwnersOfTest, WhatIsSkippedHasNoLineNorHasWhatIsInIt) {
  test::write_file(tree_ / "a/b", "");
  test::write_file(tree_ / "c", "");
  EXPECT_THAT(last_fields(owners("", [](const std::string& path) { return path == "a"; })),
              testing::ElementsAre(".", "c"));
}

TEST_F(OwnersOfTest, OwnersAndModesAreThoseOfTheEntryAndOfALinkItself) {
  REPO_NEEDS_ROOT();
  test::write_file(tree_ / "file", "");
  test::set_mode(tree_ / "file", 04751);
  test::give_to(tree_ / "file", 1234);
  test::set_mode(tree_ / "file", 04751);
  test::make_link(tree_ / "link", "file");
  test::give_to(tree_ / "link", 1235);
  const std::string text = owners("");
  EXPECT_THAT(text, testing::HasSubstr("f 4751 1234 1234 - file\n"));
  EXPECT_THAT(text, testing::HasSubstr("l 0777 1235 1235 - link\n"));
}

TEST_F(OwnersOfTest, D21_ExtendedAttributesAreKeptAlsoOfFilesThatMayNotBeRead) {
  const std::string path = tree_ / "file";
  test::write_file(path, "");
  ASSERT_EQ(setxattr(path.c_str(), "user.note", "\0x", 2, 0), 0) << std::strerror(errno);
  test::set_mode(path, 0);
  EXPECT_THAT(owners(""), testing::HasSubstr(" user.note=AHg= file\n"));
}

TEST_F(OwnersOfTest, ALargeAttributeIsWhole) {
  const std::string value(3000, 'v');
  test::write_file(tree_ / "file", "");
  ASSERT_EQ(setxattr((tree_ / "file").c_str(), "user.big", value.data(), value.size(), 0), 0)
      << std::strerror(errno);
  const UniqueFd top = test::open_folder(tree_.path());
  const auto attributes = read_attributes(top.get(), "file");
  ASSERT_TRUE(attributes) << describe(attributes.error());
  ASSERT_EQ(attributes->size(), 1U);
  EXPECT_EQ(attributes->front().value, value);
}

TEST_F(OwnersOfTest, D19_TheAttributesOfALinkAreNotThoseOfWhatItLeadsTo) {
  test::write_file(tree_ / "file", "");
  ASSERT_EQ(setxattr((tree_ / "file").c_str(), "user.note", "x", 1, 0), 0);
  test::make_link(tree_ / "link", "file");
  const UniqueFd top = test::open_folder(tree_.path());
  const auto attributes = read_attributes(top.get(), "link");
  ASSERT_TRUE(attributes) << describe(attributes.error());
  EXPECT_TRUE(attributes->empty());
}

TEST_F(OwnersOfTest, D20_AFifoWithoutAWriterDoesNotBlock) {
  test::make_fifo(tree_ / "fifo");
  EXPECT_THAT(owners(""), testing::HasSubstr("p 0600 "));
}

TEST_F(OwnersOfTest, ALineKnowsItsTypeAndItsPathAsBytes) {
  test::make_fifo(tree_ / "two\nlines");
  const UniqueFd top = test::open_folder(tree_.path());
  const auto lines = owners_of({top.get(), std::nullopt}, "x", {}, test::patient());
  ASSERT_TRUE(lines) << describe(lines.error());
  ASSERT_EQ(lines->size(), 2U);
  EXPECT_EQ((*lines)[0].type, 'd');
  EXPECT_EQ((*lines)[0].path, "x");
  EXPECT_EQ((*lines)[1].type, 'p');
  EXPECT_EQ((*lines)[1].path, "x/two\nlines");
}

TEST_F(OwnersOfTest, AfterTheDeadlineItIsAnError) {
  test::write_file(tree_ / "file", "");
  const UniqueFd top = test::open_folder(tree_.path());
  const auto text = owners_of({top.get(), std::nullopt}, "", {}, test::no_time());
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ETIMEDOUT);
}

}  // namespace
}  // namespace repo

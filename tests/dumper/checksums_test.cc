// The file SHA256SUMS.
#include "dumper/checksums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

struct LineCase : test::NamedCase {
  std::string path;
  std::string line;
};

class ChecksumLineTest : public testing::TestWithParam<LineCase> {};

TEST_P(ChecksumLineTest, IsWrittenAsSha256sumWritesIt) {
  EXPECT_EQ(checksum_line("0f", GetParam().path), GetParam().line);
}

// tests/dumper/by_hand_real_test.cc asks sha256sum itself.
INSTANTIATE_TEST_SUITE_P(
    Names, ChecksumLineTest,
    testing::Values(LineCase{"plain", "data/a b", "0f  data/a b\n"},
                    LineCase{"newline", "data/a\nb", "\\0f  data/a\\nb\n"},
                    LineCase{"return", "data/a\r", "\\0f  data/a\\r\n"},
                    LineCase{"backslash", "data/a\\n", "\\0f  data/a\\\\n\n"},
                    LineCase{"bytes_that_are_no_text", "data/\xff", "0f  data/\xff\n"},
                    LineCase{"leading_blank_and_star", "data/ *", "0f  data/ *\n"}),
    test::case_name);

class ParsedChecksumTest : public testing::TestWithParam<LineCase> {};

TEST_P(ParsedChecksumTest, D18_ComesBackAsItWasWritten) {
  const std::string hex(64, 'a');
  const std::string line = checksum_line(hex, GetParam().path);
  const auto read = parse_checksum_line(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(read) << line;
  EXPECT_EQ(read->hex, hex);
  EXPECT_EQ(read->path, GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(
    Names, ParsedChecksumTest,
    testing::Values(LineCase{"plain", "data/a b", ""}, LineCase{"newline", "data/a\nb\n", ""},
                    LineCase{"return", "data/\r", ""}, LineCase{"backslash_and_n", "data/a\\n", ""},
                    LineCase{"backslashes", "data/\\\\\\", ""},
                    LineCase{"all_of_them", "data/\\\n\r\\r\\n\\\\", ""},
                    LineCase{"no_text", "data/\xff\x01", ""}, LineCase{"blanks", "data/  ", ""},
                    LineCase{"one_letter", "d", ""}),
    test::case_name);

TEST(ParsedChecksumTest, WhatIsNoLineIsNone) {
  const std::string hex(64, 'a');
  EXPECT_TRUE(parse_checksum_line(hex + "  x"));
  for (const std::string& line :
       {std::string(), std::string("\\"), hex, hex + " ", hex + "  ", hex + " *x", hex + "\t x",
        hex + " x", hex.substr(1) + "  x", "a" + hex + "  x", "\\\\" + hex + "  x",
        std::string(64, 'g') + "  x", std::string(64, 'A') + "  x", std::string(64, ' ') + "  x",
        "\\" + hex + "  a\\", "\\" + hex + "  a\\x"}) {
    EXPECT_FALSE(parse_checksum_line(line)) << line;
  }
}

class ChecksumReaderTest : public testing::Test {
 protected:
  ChecksumReader reader(const std::string& text) {
    test::write_file(tree_ / "SHA256SUMS", text);
    folder_ = test::open_folder(tree_.path());
    Result<LineReader> lines = LineReader::open(folder_.get(), "SHA256SUMS");
    EXPECT_TRUE(lines) << describe(lines.error());
    return ChecksumReader(*std::move(lines));
  }
  static std::string hex(char digit) { return std::string(64, digit); }

  test::TempDir tree_;
  UniqueFd folder_;
};

TEST_F(ChecksumReaderTest, FindsWhatIsAskedForInTheOrderOfTheWalk) {
  // "a/b" comes before "a.b".
  const std::vector<std::string> paths = {"data/a/b",    "data/a.b",  "data/b",
                                          "data/b\nc\r", "data/b\\n", "data/\xff"};
  std::string text;
  char digit = '0';
  for (const std::string& path : paths) text += checksum_line(hex(digit++), path);
  ChecksumReader all = reader(text);
  digit = '0';
  for (const std::string& path : paths) {
    EXPECT_EQ(all.find(path), hex(digit++)) << testing::PrintToString(path);
  }
  ChecksumReader some = reader(text);
  EXPECT_EQ(some.find("data/a.b"), hex('1'));
  EXPECT_EQ(some.find("data/\xff"), hex('5'));
}

TEST_F(ChecksumReaderTest, WhatIsNotThereIsNotFoundAndHidesNothing) {
  ChecksumReader sums =
      reader(checksum_line(hex('1'), "data/b") + checksum_line(hex('2'), "data/d"));
  EXPECT_EQ(sums.find("data/a"), std::nullopt);
  EXPECT_EQ(sums.find("data/b"), hex('1'));
  EXPECT_EQ(sums.find("data/b"), hex('1')) << "asked for again";
  EXPECT_EQ(sums.find("data/c"), std::nullopt);
  EXPECT_EQ(sums.find("data/d"), hex('2'));
  EXPECT_EQ(sums.find("data/e"), std::nullopt);
  EXPECT_EQ(sums.find("data/f"), std::nullopt);
}

// An escaped name that looks like another one.
TEST_F(ChecksumReaderTest, D18_ABackslashAndAnNAreNotANewline) {
  ChecksumReader sums =
      reader(checksum_line(hex('1'), "data/a\nb") + checksum_line(hex('2'), "data/a\\nb"));
  EXPECT_EQ(sums.find("data/a\nb"), hex('1'));
  EXPECT_EQ(sums.find("data/a\\nb"), hex('2'));
}

TEST_F(ChecksumReaderTest, AnEmptyFileHasNone) {
  EXPECT_EQ(reader("").find("data/a"), std::nullopt);
}

// Then the files are hashed again.
TEST_F(ChecksumReaderTest, D10_AfterALineThatIsNoneNothingIsFound) {
  for (const char* garbage : {"\n", "garbage\n", "\\\n", "0123  data/a\n"}) {
    ChecksumReader sums = reader(garbage + checksum_line(hex('1'), "data/b"));
    EXPECT_EQ(sums.find("data/a"), std::nullopt) << garbage;
  }
}

TEST_F(ChecksumReaderTest, ALastLineWithoutItsNewlineIsRead) {
  const std::string line = checksum_line(hex('1'), "data/b");
  EXPECT_EQ(reader(line.substr(0, line.size() - 1)).find("data/b"), hex('1'));
}

}  // namespace
}  // namespace repo

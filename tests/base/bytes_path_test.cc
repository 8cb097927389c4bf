#include "base/bytes_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::string_literals;

struct Utf8Case : test::NamedCase {
  std::string bytes;
  bool valid;
};

class Utf8Test : public testing::TestWithParam<Utf8Case> {};

TEST_P(Utf8Test, IsJudgedAsRfc3629Says) { EXPECT_EQ(is_utf8(GetParam().bytes), GetParam().valid); }

TEST_P(Utf8Test, ReadableFormIsValidAndKeepsWhatWasValid) {
  const std::string text = readable(GetParam().bytes);
  EXPECT_TRUE(is_utf8(text));
  EXPECT_EQ(text == GetParam().bytes, GetParam().valid);
}

INSTANTIATE_TEST_SUITE_P(
    Bytes, Utf8Test,
    testing::Values(Utf8Case{"empty", "", true}, Utf8Case{"ascii", "/srv/svn", true},
                    Utf8Case{"nul", "a\0b"s, true},
                    Utf8Case{"two_bytes_smallest", "\xC2\x80", true},
                    Utf8Case{"two_bytes_largest", "\xDF\xBF", true},
                    Utf8Case{"three_bytes_smallest", "\xE0\xA0\x80", true},
                    Utf8Case{"before_the_surrogates", "\xED\x9F\xBF", true},
                    Utf8Case{"after_the_surrogates", "\xEE\x80\x80", true},
                    Utf8Case{"four_bytes_smallest", "\xF0\x90\x80\x80", true},
                    Utf8Case{"last_code_point", "\xF4\x8F\xBF\xBF", true},
                    Utf8Case{"overlong_slash_in_two", "\xC0\xAF", false},
                    Utf8Case{"overlong_7f_in_two", "\xC1\xBF", false},
                    Utf8Case{"overlong_in_three", "\xE0\x9F\xBF", false},
                    Utf8Case{"overlong_in_four", "\xF0\x8F\xBF\xBF", false},
                    Utf8Case{"first_surrogate", "\xED\xA0\x80", false},
                    Utf8Case{"last_surrogate", "\xED\xBF\xBF", false},
                    Utf8Case{"beyond_the_last", "\xF4\x90\x80\x80", false},
                    Utf8Case{"five_bytes", "\xF8\x88\x80\x80\x80", false},
                    Utf8Case{"continuation_alone", "a\x80z", false},
                    Utf8Case{"latin1", "caf\xE9", false}, Utf8Case{"cut_in_two", "a\xC3", false},
                    Utf8Case{"cut_in_three", "a\xE2\x82", false},
                    Utf8Case{"cut_in_four", "a\xF0\x90\x80", false},
                    Utf8Case{"broken_off", "\xE2(\xA1", false}, Utf8Case{"byte_ff", "\xFF", false}),
    test::case_name);

TEST(ReadableTest, EachByteThatIsNoTextBecomesOneReplacementCharacter) {
  EXPECT_EQ(readable("caf\xE9/\xE2\x82/x"), "caf\uFFFD/\uFFFD\uFFFD/x");
}

struct PrintableCase : test::NamedCase {
  std::string bytes;
  std::string text;
};

class PrintableTest : public testing::TestWithParam<PrintableCase> {};

TEST_P(PrintableTest, IsShownAs) { EXPECT_EQ(printable(GetParam().bytes), GetParam().text); }

INSTANTIATE_TEST_SUITE_P(
    Bytes, PrintableTest,
    testing::Values(PrintableCase{"plain", "/srv/a b", "/srv/a b"},
                    PrintableCase{"accents_stay", "caf\u00E9 \u6F22", "caf\u00E9 \u6F22"},
                    PrintableCase{"newline", "a\nb", "a\\nb"},
                    PrintableCase{"tab", "a\tb", "a\\tb"},
                    PrintableCase{"carriage_return", "a\rb", "a\\x0db"},
                    PrintableCase{"nul", "a\0b"s, "a\\x00b"},
                    PrintableCase{"escape_sequence", "\x1b[31mred", "\\x1b[31mred"},
                    PrintableCase{"del", "\x7F", "\\x7f"},
                    PrintableCase{"c1_control", "\u0085", "\\u{85}"},
                    PrintableCase{"right_to_left_override", "a\u202Eb", "a\\u{202e}b"},
                    PrintableCase{"isolate", "\u2066", "\\u{2066}"},
                    PrintableCase{"line_separator", "\u2028", "\\u{2028}"},
                    PrintableCase{"paragraph_separator", "\u2029", "\\u{2029}"},
                    PrintableCase{"not_utf8", "caf\xE9", "caf\\xe9"},
                    PrintableCase{"overlong_newline", "\xC0\x8A", "\\xc0\\x8a"},
                    PrintableCase{"backslash", "a\\nb", "a\\\\nb"}),
    test::case_name);

TEST(PrintableFuzz, S10_AnyBytesGiveOneHarmlessLineAndDifferentBytesDifferentLines) {
  std::mt19937 random(20261123);
  std::set<std::string> inputs;
  std::set<std::string> outputs;
  for (int round = 0; round < 5000; ++round) {
    std::string bytes;
    const std::size_t length = random() % 6;
    for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(random() % 256);
    const std::string text = printable(bytes);
    EXPECT_TRUE(is_utf8(text));
    for (const char c : text) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    inputs.insert(bytes);
    outputs.insert(text);
  }
  EXPECT_EQ(inputs.size(), outputs.size());
}

TEST(Base64Test, IsThatOfRfc4648) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_encode("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_encode("\xFB\xFF"), "+/8=");
}

TEST(Base64Test, AnyBytesComeBack) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 7);
  }
}

struct TextCase : test::NamedCase {
  std::string text;
};

class Base64RefusalTest : public testing::TestWithParam<TextCase> {};

TEST_P(Base64RefusalTest, IsRefused) { EXPECT_EQ(base64_decode(GetParam().text), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(
    Texts, Base64RefusalTest,
    testing::Values(TextCase{"no_padding", "Zg"}, TextCase{"half_padding", "Zg="},
                    TextCase{"padding_alone", "===="},
                    TextCase{"padding_in_the_middle", "Zg==Zg=="},
                    TextCase{"bits_behind_the_end", "Zh=="}, TextCase{"blank", "Zm9v "},
                    TextCase{"blanks", "    "}, TextCase{"blank_in_front", " Zm9vYg="},
                    TextCase{"blanks_and_padding", "      =="},
                    TextCase{"newline_at_the_end", "Zm9vYg=\n"}, TextCase{"url_alphabet", "-_8="},
                    TextCase{"nul", "Zm9\0"s}, TextCase{"high_byte", "Zm9\xFF"}),
    test::case_name);

struct PathCase : test::NamedCase {
  std::string path;
  bool canonical;
};

class CanonicalPathTest : public testing::TestWithParam<PathCase> {};

TEST_P(CanonicalPathTest, IsJudged) {
  EXPECT_EQ(is_canonical_path(GetParam().path), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, CanonicalPathTest,
    testing::Values(PathCase{"root", "/", true}, PathCase{"one", "/a", true},
                    PathCase{"two", "/a/b", true}, PathCase{"three_dots", "/...", true},
                    PathCase{"hidden", "/.a/..b", true}, PathCase{"dash", "/-rf", true},
                    PathCase{"newline", "/a\nb", true}, PathCase{"no_utf8", "/\xFF", true},
                    PathCase{"blank", "/ ", true}, PathCase{"empty", "", false},
                    PathCase{"relative", "a/b", false}, PathCase{"dot", "/a/./b", false},
                    PathCase{"dot_at_the_end", "/a/.", false}, PathCase{"parent", "/a/../b", false},
                    PathCase{"parent_at_the_end", "/a/..", false},
                    PathCase{"parent_of_root", "/..", false},
                    PathCase{"trailing_slash", "/a/", false}, PathCase{"doubled", "/a//b", false},
                    PathCase{"doubled_root", "//", false}, PathCase{"nul", "/a\0b"s, false},
                    PathCase{"only_dots", "..", false}),
    test::case_name);

TEST(IsWithinTest, APathIsWithinItselfAndWhatIsAboveIt) {
  EXPECT_TRUE(is_within("/srv", "/srv"));
  EXPECT_TRUE(is_within("/srv/a/b", "/srv"));
  EXPECT_TRUE(is_within("/srv", "/"));
  EXPECT_TRUE(is_within("/", "/"));
}

TEST(IsWithinTest, NeighboursWithTheSameBeginningAreNot) {
  EXPECT_FALSE(is_within("/srv2", "/srv"));
  EXPECT_FALSE(is_within("/srv-old/a", "/srv"));
  EXPECT_FALSE(is_within("/srv", "/srv/a"));
  EXPECT_FALSE(is_within("/", "/srv"));
}

TEST(JoinPathTest, ThereIsOneSlashBetween) {
  EXPECT_EQ(join_path("/", "a"), "/a");
  EXPECT_EQ(join_path("/a", "b"), "/a/b");
  EXPECT_EQ(join_path("/a/", "b"), "/a/b");
}

}  // namespace
}  // namespace repo

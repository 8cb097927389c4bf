// Patterns of the kinds that users define.
#include "scanner/user_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

struct Case : test::NamedCase {
  std::string pattern;
  std::string text;
  bool matches;
};

class UserPatternTest : public testing::TestWithParam<Case> {};

TEST_P(UserPatternTest, IsForTheWholeText) {
  EXPECT_EQ(pattern_matches(GetParam().pattern, GetParam().text), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, UserPatternTest,
    testing::Values(
        Case{{"same"}, "ok", "ok", true}, Case{{"longer_text"}, "ok", "ok.", false},
        Case{{"longer_pattern"}, "ok.", "ok", false}, Case{{"star_alone"}, "*", "", true},
        Case{{"star_end"}, "a*", "abc", true}, Case{{"star_begin"}, "*.db", "a.db", true},
        Case{{"star_begin_not"}, "*.db", "a.db-wal", false},
        Case{{"stars"}, "*a*b*", "xxaxxbxx", true},
        Case{{"stars_order"}, "*a*b*", "xxbxxaxx", false},
        Case{{"star_tries_again"}, "*ab", "aab", true}, Case{{"question"}, "?", "x", true},
        Case{{"question_none"}, "?", "", false}, Case{{"question_byte"}, "??", "\xC3\xA4", true},
        Case{{"escaped_star"}, "\\*", "*", true}, Case{{"escaped_star_not"}, "\\*", "x", false},
        Case{{"escaped_question_not"}, "\\?", "x", false},
        Case{{"escaped_backslash"}, "\\\\", "\\", true},
        Case{{"escape_after_star"}, "*\\*", "ab*", true},
        Case{{"star_and_more_behind"}, "a**", "a", true}),
    test::case_name);

// What a hostile server prints must not take a backtracking matcher's exponential time: with that
// this test would never end.
TEST(UserPatternTest, D31_ManyStarsAndALongLineEnd) {
  std::string pattern;
  for (std::size_t i = 0; i < kLongestPattern / 2 - 1; ++i) pattern += "*a";
  pattern += "b";
  EXPECT_FALSE(pattern_matches(pattern, std::string(std::size_t{1} << 20, 'a')));
}

TEST(UserPatternTest, MistakesAreNamed) {
  EXPECT_EQ(mistake_in_pattern("ORA-*"), std::nullopt);
  EXPECT_THAT(mistake_in_pattern("").value_or(""), testing::HasSubstr("empty"));
  EXPECT_THAT(mistake_in_pattern("a[0-9]").value_or(""), testing::HasSubstr("\\["));
  EXPECT_THAT(mistake_in_pattern("a\\").value_or(""), testing::HasSubstr("backslash"));
  EXPECT_THAT(mistake_in_pattern("a\nb").value_or(""), testing::HasSubstr("newline"));
  EXPECT_THAT(mistake_in_pattern(std::string(kLongestPattern + 1, 'a')).value_or(""),
              testing::HasSubstr("longer"));
}

TEST(UserPatternTest, ALineIsFoundWithoutWhatEndsIt) {
  EXPECT_EQ(find_line("ok", "x\nok \r\ny"), "ok");
  EXPECT_EQ(find_line("ok", "not ok\nok not"), std::nullopt);
  EXPECT_EQ(find_line("?*", ""), std::nullopt);
  EXPECT_EQ(find_line("*", "\n"), "");
  EXPECT_EQ(find_line("last", "first\nlast"), "last");
}

}  // namespace
}  // namespace repo

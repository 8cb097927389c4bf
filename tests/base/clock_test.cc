#include "base/clock.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::chrono_literals;

UtcTime at(std::int64_t seconds_since_1970) {
  return UtcTime(std::chrono::seconds(seconds_since_1970));
}

TEST(ClockTest, TimesAreWrittenInUtc) {
  EXPECT_EQ(rfc3339(at(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339(at(1'769'903'999)), "2026-01-31T23:59:59Z");
  EXPECT_EQ(stamp(at(1'769'903'999)), "20260131T235959Z");
}

TEST(ClockTest, NowIsAfterThisTestWasWritten) { EXPECT_GT(utc_now(), at(1'760'000'000)); }

TEST(StampTest, ComesBack) {
  for (const std::int64_t seconds :
       {0LL, 951'782'400LL, 1'709'164'800LL, 1'769'903'999LL, 2'147'483'648LL, 4'102'444'799LL}) {
    EXPECT_EQ(parse_stamp(stamp(at(seconds))), at(seconds)) << seconds;
  }
}

TEST(StampTest, SortsAsTheTimeDoes) {
  EXPECT_LT(stamp(at(1'769'903'999)), stamp(at(1'769'904'000)));
}

struct TextCase : test::NamedCase {
  std::string text;
};

class StampRefusalTest : public testing::TestWithParam<TextCase> {};

TEST_P(StampRefusalTest, IsNoStamp) { EXPECT_EQ(parse_stamp(GetParam().text), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(
    Texts, StampRefusalTest,
    testing::Values(
        TextCase{"empty", ""}, TextCase{"rfc3339", "2026-01-31T23:59:59Z"},
        TextCase{"no_zone", "20260131T235959"}, TextCase{"lower_case", "20260131t235959z"},
        TextCase{"month_13", "20261331T235959Z"}, TextCase{"month_0", "20260031T235959Z"},
        TextCase{"day_0", "20260100T235959Z"}, TextCase{"april_31", "20260431T235959Z"},
        TextCase{"february_29_of_2026", "20260229T000000Z"},
        TextCase{"hour_24", "20260131T240000Z"}, TextCase{"minute_60", "20260131T236000Z"},
        TextCase{"second_60", "20260131T235960Z"}, TextCase{"blank", "2026 131T235959Z"},
        TextCase{"minus", "20260131T-15959Z"}, TextCase{"negative_month", "2026-131T235959Z"},
        TextCase{"letters", "yyyymmddThhmmssZ"}, TextCase{"longer", "20260131T235959ZZ"},
        TextCase{"staging", "staging"}, TextCase{"parent", ".."}),
    test::case_name);

TEST(Rfc3339Test, ComesBack) {
  for (const std::int64_t seconds :
       {0LL, 951'782'400LL, 1'709'164'800LL, 1'769'903'999LL, 2'147'483'648LL, 4'102'444'799LL}) {
    EXPECT_EQ(parse_rfc3339(rfc3339(at(seconds))), at(seconds)) << seconds;
  }
}

class Rfc3339RefusalTest : public testing::TestWithParam<TextCase> {};

TEST_P(Rfc3339RefusalTest, IsNoTimeOfOurs) {
  EXPECT_EQ(parse_rfc3339(GetParam().text), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(Texts, Rfc3339RefusalTest,
                         testing::Values(TextCase{"empty", ""},
                                         TextCase{"stamp", "20260131T235959Z"},
                                         TextCase{"no_zone", "2026-01-31T23:59:59"},
                                         TextCase{"another_zone", "2026-01-31T23:59:59+01:00"},
                                         TextCase{"fraction", "2026-01-31T23:59:59.5Z"},
                                         TextCase{"lower_case", "2026-01-31t23:59:59z"},
                                         TextCase{"blank", "2026-01-31 23:59:59Z"},
                                         TextCase{"february_30", "2026-02-30T00:00:00Z"},
                                         TextCase{"hour_24", "2026-01-31T24:00:00Z"},
                                         TextCase{"separators_elsewhere", "2026-0131T-23:5959Z"},
                                         TextCase{"negative", "-2026-01-31T23:59:59Z"},
                                         TextCase{"date", "2026-01-31"},
                                         TextCase{"longer", "2026-01-31T23:59:59ZZ"}),
                         test::case_name);

struct DurationCase : test::NamedCase {
  std::string text;
  std::chrono::seconds expected;
};

class DurationTest : public testing::TestWithParam<DurationCase> {};

TEST_P(DurationTest, IsRead) { EXPECT_EQ(parse_duration(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Texts, DurationTest,
    testing::Values(DurationCase{"seconds", "90s", 90s}, DurationCase{"minutes", "10m", 600s},
                    DurationCase{"hours", "6h", 21600s}, DurationCase{"days", "7d", 604800s},
                    DurationCase{"zero", "0s", 0s}, DurationCase{"leading_zero", "007d", 604800s}),
    test::case_name);

class DurationRefusalTest : public testing::TestWithParam<TextCase> {};

TEST_P(DurationRefusalTest, IsNoDuration) {
  EXPECT_EQ(parse_duration(GetParam().text), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, DurationRefusalTest,
    testing::Values(TextCase{"empty", ""}, TextCase{"unit_alone", "s"}, TextCase{"no_unit", "90"},
                    TextCase{"unknown_unit", "2w"}, TextCase{"capital", "7D"},
                    TextCase{"negative", "-5m"}, TextCase{"plus", "+5m"}, TextCase{"blank", "5 m"},
                    TextCase{"blank_in_front", " 5m"}, TextCase{"blank_behind", "5m "},
                    TextCase{"fraction", "1.5h"}, TextCase{"two", "1h30m"},
                    TextCase{"hexadecimal", "0x10s"}, TextCase{"words", "10min"},
                    TextCase{"more_than_64_bits", "99999999999999999999s"},
                    TextCase{"product_overflows", "9223372036854775807d"}),
    test::case_name);

struct AgeCase : test::NamedCase {
  std::int64_t seconds;
  std::string text;
};

class AgeTextTest : public testing::TestWithParam<AgeCase> {};

TEST_P(AgeTextTest, IsOfTheLargestUnitOfWhichThereAreTwo) {
  EXPECT_EQ(
      age_text(UtcTime(1'000'000s), UtcTime(1'000'000s + std::chrono::seconds(GetParam().seconds))),
      GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Ages, AgeTextTest,
    testing::Values(AgeCase{"none", 0, "0 seconds"}, AgeCase{"one", 1, "1 second"},
                    AgeCase{"most_seconds", 59, "59 seconds"}, AgeCase{"a_minute", 60, "1 minute"},
                    AgeCase{"most_minutes", 3599, "59 minutes"}, AgeCase{"an_hour", 3600, "1 hour"},
                    AgeCase{"some_minutes", 3661, "61 minutes"},
                    AgeCase{"most_hours", 86399, "23 hours"}, AgeCase{"a_day", 86400, "1 day"},
                    AgeCase{"a_day_and_more", 129600, "36 hours"},
                    AgeCase{"more_than_a_minute", 61, "61 seconds"},
                    AgeCase{"years", 86400LL * 400, "400 days"},
                    AgeCase{"of_the_future", -5, "0 seconds"}),
    test::case_name);

}  // namespace
}  // namespace repo

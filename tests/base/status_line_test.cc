#include "base/status_line.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

struct ShortenedCase : test::NamedCase {
  std::string text;
  std::size_t columns;
  std::string expected;
};

class ShortenedTest : public testing::TestWithParam<ShortenedCase> {};

TEST_P(ShortenedTest, TakesFromTheMiddle) {
  EXPECT_EQ(shortened(GetParam().text, GetParam().columns), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ShortenedTest,
    testing::Values(ShortenedCase{"what_fits_stays", "/srv/a", 6, "/srv/a"},
                    ShortenedCase{"empty", "", 0, ""},
                    ShortenedCase{"the_end_tells_more", "/srv/projects/alpha", 12, "/sr.../alpha"},
                    ShortenedCase{"room_for_no_gap", "/srv/a", 3, "/sr"},
                    ShortenedCase{"room_for_nothing", "/srv/a", 0, ""},
                    ShortenedCase{"wide_ones_are_not_cut", "/\u65E5\u672C\u8A9E", 4, "..."},
                    ShortenedCase{"wide_ones_at_the_end", "/\u65E5\u672C\u8A9E", 6, "/...\u8A9E"}),
    test::case_name);

TEST(ShortenedTest, NoTextBecomesWiderOrStopsIt) {
  for (const std::string text :
       {"\xFF\xFE\xFD\xFC\xFB", "a\xE6\x97", "\xF0\x9F\x98\x80/\x80\x80"}) {
    for (std::size_t columns = 0; columns < 8; ++columns) {
      EXPECT_LE(shortened(text, columns).size(), text.size() + 3) << columns;
    }
  }
}

}  // namespace
}  // namespace repo

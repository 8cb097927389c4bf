#include "dumper/last_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LastLinesTest, TheLastOnesInTheirOrderWithoutBlankOnes) {
  EXPECT_THAT(last_lines("a\nb\n\n \t\r\nc\n", 2), ElementsAre("b", "c"));
  EXPECT_THAT(last_lines("a\nb", 5), ElementsAre("a", "b"));
  EXPECT_THAT(last_lines("\n\n", 5), IsEmpty());
  EXPECT_THAT(last_lines("", 5), IsEmpty());
  EXPECT_THAT(last_lines("a", 0), IsEmpty());
}

// A client that prints the statement which failed would put rows of a database everywhere.
TEST(LastLinesTest, LongOnesAreCutBetweenCharacters) {
  const std::string longest(kLongestLine, 'x');
  EXPECT_THAT(last_lines(longest, 1), ElementsAre(longest));
  EXPECT_THAT(last_lines(longest + "y\nz", 2), ElementsAre(longest + "…", "z"));
  const std::string before(kLongestLine - 1, 'x');
  EXPECT_THAT(last_lines(before + "ü", 1), ElementsAre(before + "…"));
  const std::string no_text(kLongestLine + 1, '\x80');
  EXPECT_EQ(last_lines(no_text, 1)[0].size(), kLongestLine - 3 + std::string("…").size());
}

}  // namespace
}  // namespace repo

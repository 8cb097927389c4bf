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

}  // namespace
}  // namespace repo

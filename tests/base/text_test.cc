// Small things about text.
#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace repo {
namespace {

std::vector<std::string> lines(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) all.emplace_back(take_line(text));
  return all;
}

TEST(TextTest, LinesAreTakenOneByOne) {
  EXPECT_THAT(lines(""), testing::IsEmpty());
  EXPECT_THAT(lines("a"), testing::ElementsAre("a"));
  EXPECT_THAT(lines("a\n"), testing::ElementsAre("a"));
  EXPECT_THAT(lines("a\n\nb"), testing::ElementsAre("a", "", "b"));
  EXPECT_THAT(lines("\n"), testing::ElementsAre(""));
}

TEST(TextTest, TheFirstLineMayBeAll) {
  EXPECT_EQ(first_line("a\nb"), "a");
  EXPECT_EQ(first_line("a"), "a");
  EXPECT_EQ(first_line(""), "");
}

}  // namespace
}  // namespace repo

// Numbers as text.
#include "base/number.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace repo {
namespace {

TEST(NumberTest, AllOfTheTextIsTheNumber) {
  EXPECT_EQ(to_number<int>("12"), 12);
  EXPECT_EQ(to_number<int>("-12"), -12);
  EXPECT_EQ(to_number<std::uint64_t>("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(to_number<unsigned>("0755", 8), 0755U);
  for (const char* text : {"", " 1", "1 ", "+1", "1x", "x1", "0x1", "1.5"}) {
    EXPECT_EQ(to_number<int>(text), std::nullopt) << text;
  }
  EXPECT_EQ(to_number<unsigned>("-1"), std::nullopt);
  EXPECT_EQ(to_number<std::uint64_t>("18446744073709551616"), std::nullopt);
}

TEST(NumberTest, ALeadingNumberEndsWithTheTextTheLineOrABlank) {
  for (const char* text : {"12", "12\n", "12\nmore", "12 a 3\n"}) {
    EXPECT_EQ(leading_number(text), 12U) << text;
  }
  for (const char* text : {"", "\n", " 12", "-1\n", "12x\n", "x"}) {
    EXPECT_EQ(leading_number(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace repo

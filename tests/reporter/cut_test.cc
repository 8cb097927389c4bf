// Texts that are too long end with a whole character.
#include "reporter/cut.h"

#include <gtest/gtest.h>

#include "base/bytes_path.h"

namespace repo {
namespace {

TEST(CutTest, WhatIsShortEnoughStays) {
  EXPECT_EQ(cut_at_character("", 0), "");
  EXPECT_EQ(cut_at_character("äb", 3), "äb");
}

TEST(CutTest, NoCharacterIsHalved) {
  const std::string_view text = "a€b😀c";  // 1, 3, 1, 4 and 1 bytes
  for (std::size_t most = 0; most <= text.size(); ++most) {
    const std::string_view cut = cut_at_character(text, most);
    EXPECT_TRUE(is_utf8(cut)) << most;
    EXPECT_LE(cut.size(), most);
    EXPECT_GT(cut.size() + 4, most) << "too much is gone";
  }
  EXPECT_EQ(cut_at_character(text, 4), "a€");
}

}  // namespace
}  // namespace repo

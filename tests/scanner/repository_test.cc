// What was read about a repository.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scanner/manifest.h"
#include "tests/scanner/manifest_fixture.h"

namespace repo {
namespace {

TEST(FindDetailTest, GivesTheValueOrNothing) {
  const Detail detail = svn("/a").detail;
  ASSERT_NE(find_detail(detail, "format"), nullptr);
  EXPECT_EQ(std::get<std::uint64_t>(*find_detail(detail, "format")), 8U);
  EXPECT_EQ(find_detail(detail, "none"), nullptr);
  EXPECT_EQ(find_number(detail, "format"), 8U);
  EXPECT_EQ(find_text(detail, "fs_type"), "fsfs");
  EXPECT_EQ(find_number(detail, "none"), std::nullopt);
  EXPECT_EQ(find_text(detail, "none"), std::nullopt);
}

TEST(FindDetailTest, AValueOfAnotherTypeIsNone) {
  const Detail detail = {{"number", std::uint64_t{1}}, {"text", "1"}};
  EXPECT_EQ(find_text(detail, "number"), std::nullopt);
  EXPECT_EQ(find_number(detail, "text"), std::nullopt);
}

}  // namespace
}  // namespace repo

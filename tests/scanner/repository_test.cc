// What was read about a repository.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "scanner/json_fields.h"
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
  const Detail detail = {{"number", std::uint64_t{1}}, {"text", "1"}, {"flag", true}};
  EXPECT_EQ(find_text(detail, "number"), std::nullopt);
  EXPECT_EQ(find_number(detail, "text"), std::nullopt);
  EXPECT_EQ(find_number(detail, "flag"), std::nullopt);
  EXPECT_EQ(find_text(detail, "flag"), std::nullopt);
  EXPECT_EQ(find_flag(detail, "flag"), true);
  EXPECT_EQ(find_flag(detail, "number"), std::nullopt);
  EXPECT_EQ(find_flag(detail, "none"), std::nullopt);
}

TEST(DetailJsonTest, EveryTypeOfValueComesBack) {
  const Detail detail = {{"yes", true},          {"no", false},
                         {"number", UINT64_MAX}, {"zero", std::uint64_t{0}},
                         {"text", "true"},       {"bytes", "caf\xE9"}};
  const nlohmann::ordered_json json = detail_json(detail);
  EXPECT_TRUE(json["yes"].is_boolean());
  EXPECT_TRUE(json["zero"].is_number_unsigned());
  EXPECT_EQ(read_detail(json), detail);
  EXPECT_EQ(
      read_detail(nlohmann::ordered_json::parse(R"({"a": null, "b": [1], "c": -1, "d": 1.5})")),
      Detail());
}

}  // namespace
}  // namespace repo

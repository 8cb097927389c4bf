#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

namespace repo {
namespace {

TEST(ResultTest, HoldsAValueOrAnError) {
  const Result<int> value = 7;
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 7);

  const Result<int> error = plain_error("read", "/a", "no");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().path, "/a");
}

TEST(ResultTest, AnErrorAsValueTypeIsStillTold) {
  const Result<std::string> value = std::string();
  EXPECT_TRUE(value) << "an empty value is no error";
}

TEST(ResultTest, MoveOnlyValuesCanBeTakenOut) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
  ASSERT_TRUE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 3);
}

TEST(StatusTest, IsGoodUntilAnErrorIsPutIn) {
  EXPECT_TRUE(Status());
  const Status bad = system_error("open", "/x", EACCES);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, EACCES);
}

TEST(ErrorTest, SaysWhatWasTriedOnWhatAndWhy) {
  EXPECT_EQ(describe(system_error("open", "/x", EACCES)), "open /x: Permission denied");
  EXPECT_EQ(describe(plain_error("", "", "only this")), "only this");
  EXPECT_EQ(describe(plain_error("read", "", "cut short")), "read: cut short");
}

TEST(ErrorTest, S10_IsOneHarmlessLineWhateverThePathAndTheMessageHold) {
  const Error error = plain_error("open", "/a\n\x1b[2J\xFF", "first\nsecond\x1b[31m");
  EXPECT_EQ(describe(error), "open /a\\n\\x1b[2J\\xff: first\\nsecond\\x1b[31m");
}

}  // namespace
}  // namespace repo

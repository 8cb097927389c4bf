// What an item may take of the target, and what it must leave to the others.
#include "dumper/allowance.h"

#include <gtest/gtest.h>

namespace repo {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kSlack = 64 * kMiB;  // beside an eighth of what was promised

class AllowanceTest : public testing::Test {
 protected:
  Room free_;
  int asked_ = 0;
  SharedRoom shared_{[this] {
    ++asked_;
    return free_;
  }};
};

TEST_F(AllowanceTest, WhatWasPromisedIsThereAndNobodyIsAsked) {
  Allowance item(shared_, {800, 80});
  EXPECT_TRUE(item.take({500, 50}));
  EXPECT_TRUE(item.take({300, 30}));
  EXPECT_TRUE(item.take({kSlack + 100, 1010}));
  EXPECT_EQ(asked_, 0);
}

TEST_F(AllowanceTest, BeyondThatItTakesWhatIsFreeAndPromisedToNobody) {
  Allowance item(shared_, {800, 0});
  Allowance other(shared_, {10'000, 0});
  EXPECT_TRUE(item.take({900 + kSlack, 0}));
  free_ = {10'500, 100};
  EXPECT_TRUE(item.take({500, 0}));
  EXPECT_FALSE(item.take({501, 0}));
}

TEST_F(AllowanceTest, TheSameGoesForEntries) {
  Allowance item(shared_, {0, 0});
  Allowance other(shared_, {0, 50});
  EXPECT_TRUE(item.take({0, 1000}));
  free_ = {0, 60};
  EXPECT_TRUE(item.take({0, 10}));
  EXPECT_FALSE(item.take({0, 11}));
}

TEST_F(AllowanceTest, WhatTheOtherHasWrittenIsOwedToItNoMore) {
  Allowance item(shared_, {0, 0});
  Allowance other(shared_, {1000, 0});
  EXPECT_TRUE(item.take({kSlack, 0}));
  free_ = {1000, 0};
  EXPECT_FALSE(item.take({1, 0}));
  EXPECT_TRUE(other.take({400, 0}));
  EXPECT_TRUE(item.take({400, 0}));
  EXPECT_FALSE(item.take({401, 0}));
}

TEST_F(AllowanceTest, AtItsEndAnItemLeavesWhatItDidNotNeed) {
  Allowance item(shared_, {0, 0});
  EXPECT_TRUE(item.take({kSlack, 0}));
  free_ = {1000, 0};
  {
    Allowance other(shared_, {1000, 0});
    EXPECT_TRUE(other.take({10, 0}));
    EXPECT_FALSE(item.take({1000, 0}));
  }
  EXPECT_TRUE(item.take({1000, 0}));
}

TEST_F(AllowanceTest, BegunAnewItHasAllOfItAgain) {
  Allowance item(shared_, {1000, 0});
  Allowance other(shared_, {0, 0});
  EXPECT_TRUE(item.take({1000 + kSlack, 0}));
  item.start_anew();
  EXPECT_TRUE(item.take({1000 + kSlack, 0}));
  item.start_anew();
  EXPECT_EQ(asked_, 0);
  EXPECT_TRUE(other.take({kSlack, 0}));
  free_ = {1500, 0};
  EXPECT_TRUE(other.take({500, 0}));
  EXPECT_FALSE(other.take({501, 0})) << "of which the first needs some, again";
}

}  // namespace
}  // namespace repo

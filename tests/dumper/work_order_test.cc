#include "dumper/work_order.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace repo {
namespace {

TEST(WorkOrderTest, OneWorkerTakesTheLargestAndTheOthersTheSmallest) {
  WorkOrder order({30, 10, 50, 20}, 2);
  EXPECT_EQ(order.next(0), 2U);
  EXPECT_EQ(order.next(1), 1U);
  EXPECT_EQ(order.next(1), 3U);
  EXPECT_EQ(order.next(0), 0U);
  EXPECT_EQ(order.next(0), std::nullopt);
  EXPECT_EQ(order.next(1), std::nullopt);
}

TEST(WorkOrderTest, AWorkerThatIsAloneTakesTheSmallestFirst) {
  WorkOrder order({30, 10, 20}, 1);
  EXPECT_EQ(order.next(0), 1U);
  EXPECT_EQ(order.next(0), 2U);
  EXPECT_EQ(order.next(0), 0U);
  EXPECT_EQ(order.next(0), std::nullopt);
}

TEST(WorkOrderTest, EqualOnesKeepTheirOrder) {
  WorkOrder order({0, 0, 0}, 1);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(order.next(0), i);
}

TEST(WorkOrderTest, NothingIsTakenTwiceAndNothingIsLeft) {
  constexpr std::size_t kItems = 10'000;
  constexpr int kWorkers = 8;
  WorkOrder order(std::vector<std::uint64_t>(kItems, 7), kWorkers);
  std::vector<std::vector<std::size_t>> taken(kWorkers);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kWorkers; ++i) {
      threads.emplace_back([&, i] {
        while (const auto next = order.next(i)) taken[static_cast<std::size_t>(i)].push_back(*next);
      });
    }
  }
  std::set<std::size_t> all;
  std::size_t count = 0;
  for (const auto& each : taken) {
    all.insert(each.begin(), each.end());
    count += each.size();
  }
  EXPECT_EQ(count, kItems);
  EXPECT_EQ(all.size(), kItems);
}

}  // namespace
}  // namespace repo

#include "dumper/room_meter.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

class RoomMeterTest : public testing::Test {
 protected:
  RoomMeterTest() { test::make_folder(tree_ / "data"); }

  test::TempDir tree_;
  Room free_{std::uint64_t{1} << 20, 100};
  SharedRoom shared_{[this] { return free_; }};
};

TEST_F(RoomMeterTest, D15_WhatCameSinceTheLastTimeIsTakenOnce) {
  Allowance room(shared_, {});
  const UniqueFd folder = test::open_folder(tree_.path());
  RoomMeter meter(folder.get(), &room);
  // Beyond what is always tolerated (64 MiB), by what is free and a little more.
  test::write_file(tree_ / "data/a", std::string(std::size_t{64} << 20, 'x'));
  EXPECT_TRUE(meter.take());
  EXPECT_TRUE(meter.take()) << "nothing came";
  test::write_file(tree_ / "data/b", std::string(std::size_t{512} << 10, 'x'));
  EXPECT_TRUE(meter.take());
  test::write_file(tree_ / "data/c", std::string(std::size_t{2} << 20, 'x'));
  EXPECT_FALSE(meter.take());
}

TEST_F(RoomMeterTest, WithoutALimitNothingIsMeasured) {
  RoomMeter meter(-1, nullptr);
  EXPECT_TRUE(meter.take());
}

}  // namespace
}  // namespace repo

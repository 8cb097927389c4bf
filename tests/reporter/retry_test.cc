// What is tried again, and how often.
#include "reporter/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/stop_signal.h"
#include "tests/support/child.h"

namespace repo {
namespace {

using std::chrono::milliseconds;
const Waits kTwoWaits = {milliseconds(0), milliseconds(1)};

Attempt fails(bool may_pass) { return {plain_error("send", "x", "no"), may_pass}; }

TEST(RetryTest, ASuccessIsNotRepeated) {
  int tries = 0;
  const Delivery delivery = try_again(kTwoWaits, [&] {
    ++tries;
    return Attempt{std::string("arrived")};
  });
  ASSERT_TRUE(delivery);
  EXPECT_EQ(*delivery, "arrived");
  EXPECT_EQ(tries, 1);
}

TEST(RetryTest, WhatWillNotPassIsNotRepeated) {
  int tries = 0;
  const Delivery delivery = try_again(kTwoWaits, [&] {
    ++tries;
    return fails(false);
  });
  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().message, "no");
  EXPECT_EQ(tries, 1);
}

TEST(RetryTest, TheLastErrorSaysHowManyTriesThereWere) {
  int tries = 0;
  const Delivery delivery = try_again(kTwoWaits, [&] {
    ++tries;
    return fails(true);
  });
  ASSERT_FALSE(delivery);
  EXPECT_EQ(delivery.error().message, "no (tried 3 times)");
  EXPECT_EQ(tries, 3);
}

TEST(RetryTest, ALaterSuccessCounts) {
  int tries = 0;
  const Delivery delivery = try_again(
      kTwoWaits, [&] { return ++tries < 3 ? fails(true) : Attempt{std::string("late")}; });
  EXPECT_TRUE(delivery);
  EXPECT_EQ(tries, 3);
}

TEST(RetryTest, AnotherErrorEndsIt) {
  int tries = 0;
  const Delivery delivery = try_again(kTwoWaits, [&] { return fails(++tries < 2); });
  EXPECT_FALSE(delivery);
  EXPECT_EQ(tries, 2);
}

TEST(RetryTest, NothingIsWaitedForOnceAStopIsRequested) {
  test::in_child([] {
    install_stop_signals();
    int tries = 0;
    const Delivery delivery = try_again({std::chrono::hours(1)}, [&] {
      ++tries;
      request_stop(SIGTERM);
      return fails(true);
    });
    EXPECT_FALSE(delivery);
    EXPECT_EQ(tries, 1);
  });
}

}  // namespace
}  // namespace repo

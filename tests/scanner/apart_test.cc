#include "scanner/apart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

#include "base/stop_signal.h"
#include "tests/support/child.h"

namespace repo {
namespace {

using std::chrono::seconds;

constexpr seconds kLong{60};
constexpr seconds kShort{1};
constexpr seconds kSome{4};

// Waits for what never comes, as somebody does whose server is gone.
void wait_for_ever() {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error("no pipe");
  char byte = 0;
  (void)!read(ends[0], &byte, 1);
}

TEST(ApartTest, EachResultComesBackWholeAndInItsPlace) {
  std::vector<ApartTask> tasks;
  const std::string large(10'000'000, '=');
  for (const std::string& text : {std::string(), std::string("a\0.=b", 5), large}) {
    tasks.push_back({[text](const SignOfLife& alive) {
      alive();
      return text;
    }});
  }
  for (int i = 0; i < 20; ++i) {
    tasks.push_back({[i](const SignOfLife&) { return std::to_string(i); }});
  }
  const auto results = run_apart(tasks, kLong);
  ASSERT_EQ(results.size(), tasks.size());
  EXPECT_EQ(*results[0], "");
  EXPECT_EQ(*results[1], std::string("a\0.=b", 5));
  EXPECT_EQ(*results[2], large);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(*results[3 + i], std::to_string(i));
}

TEST(ApartTest, NoTasksAreNoResults) { EXPECT_TRUE(run_apart({}, kLong).empty()); }

TEST(ApartTest, S12_WhoeverNeverAnswersIsGivenUpAndTheOthersAreNot) {
  const auto results = run_apart({{[](const SignOfLife&) {
                                    wait_for_ever();
                                    return std::string("never");
                                  }},
                                  {[](const SignOfLife&) { return std::string("done"); }}},
                                 kShort);
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().code, ETIMEDOUT);
  EXPECT_EQ(*results[1], "done");
}

TEST(ApartTest, SignsOfLifeKeepWorkThatTakesLongerThanThePatience) {
  const auto results = run_apart({{[](const SignOfLife& alive) {
                                   const auto end =
                                       std::chrono::steady_clock::now() + kSome + kShort;
                                   while (std::chrono::steady_clock::now() < end) alive();
                                   return std::string("done");
                                 }}},
                                 kSome);
  ASSERT_TRUE(results[0]);
  EXPECT_EQ(*results[0], "done");
}

TEST(ApartTest, WhatEndsWithoutAResultIsAnError) {
  const auto results =
      run_apart({{[](const SignOfLife&) -> std::string { throw std::bad_alloc(); }},
                 {[](const SignOfLife&) -> std::string {
                   raise(SIGKILL);
                   return "never";
                 }},
                 {[](const SignOfLife&) -> std::string { _exit(0); }}},
                kLong);
  for (const auto& result : results) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ECHILD);
  }
}

TEST(ApartTest, S18_AStopEndsTheWait) {
  test::in_child([] {
    install_stop_signals();
    const auto results = run_apart({{[](const SignOfLife&) {
                                     kill(getppid(), SIGTERM);
                                     wait_for_ever();
                                     return std::string("never");
                                   }}},
                                   kLong);
    ASSERT_FALSE(results[0]);
    EXPECT_EQ(results[0].error().code, EINTR);
    EXPECT_EQ(stop_requested(), SIGTERM);
  });
}

TEST(ApartTest, NoMoreThanTheLastChildrenAreLeftForTheKernel) {
  test::in_child([] {
    const std::vector<ApartTask> tasks(100,
                                       {[](const SignOfLife&) { return std::string("done"); }});
    run_apart(tasks, kLong);
    int left = 0;
    while (waitpid(-1, nullptr, 0) > 0) ++left;
    EXPECT_LE(left, 20);
  });
}

TEST(ApartTest, S17_WhatCannotBeStartedIsAnError) {
  test::in_child([] {
    test::become_user(54'323);
    const struct rlimit none = {1, 1};
    ASSERT_EQ(setrlimit(RLIMIT_NPROC, &none), 0);
    const auto results =
        run_apart({{[](const SignOfLife&) { return std::string("never"); }}}, kLong);
    ASSERT_FALSE(results[0]);
    EXPECT_EQ(results[0].error().code, EAGAIN);
  });
}

TEST(ApartTest, NoDescriptorIsLeft) {
  const int before = dup(0);
  close(before);
  run_apart({{[](const SignOfLife&) { return std::string("done"); }}}, kLong);
  const int after = dup(0);
  close(after);
  EXPECT_EQ(after, before);
}

}  // namespace
}  // namespace repo

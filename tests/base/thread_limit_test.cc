#include "base/thread_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/task_pool.h"
#include "tests/support/child.h"

namespace repo {
namespace {

constexpr unsigned kStranger = 54'321;  // who has no other process

TEST(ThreadLimitTest, WhatCanBeStartedIsWhatWasWanted) {
  EXPECT_EQ(startable_threads(1), 1);
  EXPECT_EQ(startable_threads(16), 16);
}

// TBB would wait for ever for its first thread, and end the program without a later one.
TEST(ThreadLimitTest, S17_WithoutThreadsTheWorkIsDoneByOne) {
  for (const rlim_t processes : {rlim_t{1}, rlim_t{2}, rlim_t{8}}) {
    test::in_child([processes] {
      test::become_user(kStranger);
      const struct rlimit limit = {processes, processes};
      ASSERT_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
      EXPECT_EQ(startable_threads(64), 1);
      int done = 0;
      const std::unique_ptr<TaskPool> pool = make_task_pool(64);
      pool->run([&](int) {
        for (int i = 0; i < 10; ++i) pool->spawn([&](int) { ++done; });
      });
      EXPECT_EQ(done, 10);
    });
  }
}

}  // namespace
}  // namespace repo

// What every task pool must do. oneTBB is left out under ThreadSanitizer, which does not see its
// synchronisation.
#include "base/task_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/table.h"

namespace repo {
namespace {

struct PoolCase : test::NamedCase {
  std::unique_ptr<TaskPool> (*make)(int threads);
};

class TaskPoolContract : public testing::TestWithParam<PoolCase> {
 protected:
  static std::unique_ptr<TaskPool> make(int threads) { return GetParam().make(threads); }
};

TEST_P(TaskPoolContract, TheFirstTaskRuns) {
  int runs = 0;
  make(2)->run([&](int) { ++runs; });
  EXPECT_EQ(runs, 1);
}

TEST_P(TaskPoolContract, RunWaitsForAllThatTasksSpawn) {
  for (const int threads : {1, 2, 8}) {
    std::atomic<int> runs{0};
    const std::unique_ptr<TaskPool> pool = make(threads);
    // A binary tree of 2^12 - 1 tasks.
    std::function<void(int)> grow = [&](int depth) {
      ++runs;
      if (depth == 11) return;
      for (int i = 0; i < 2; ++i) pool->spawn([&grow, depth](int) { grow(depth + 1); });
    };
    pool->run([&](int) { grow(0); });
    EXPECT_EQ(runs, 4095) << threads;
  }
}

TEST_P(TaskPoolContract, AChainOfTasksDoesNotNest) {
  // Each task spawns one: a hundred thousand nested calls would not fit on a stack.
  const std::unique_ptr<TaskPool> pool = make(2);
  std::atomic<int> runs{0};
  std::function<void(int)> step = [&](int left) {
    ++runs;
    if (left > 1) pool->spawn([&step, left](int) { step(left - 1); });
  };
  pool->run([&](int) { step(100'000); });
  EXPECT_EQ(runs, 100'000);
}

TEST_P(TaskPoolContract, WorkersAreNumberedAndNeverTwoTasksAtOnceOnOneNumber) {
  constexpr int kThreads = 8;
  std::array<std::atomic<bool>, kThreads> busy{};
  std::atomic<bool> in_range{true};
  std::atomic<bool> alone{true};
  const std::unique_ptr<TaskPool> pool = make(kThreads);
  auto task = [&](int worker) {
    if (worker < 0 || worker >= kThreads) {
      in_range = false;
      return;
    }
    std::atomic<bool>& mine = busy[static_cast<std::size_t>(worker)];
    if (mine.exchange(true)) alone = false;
    std::this_thread::yield();
    mine = false;
  };
  pool->run([&](int worker) {
    task(worker);
    for (int i = 0; i < 20'000; ++i) pool->spawn(task);
  });
  EXPECT_TRUE(in_range);
  EXPECT_TRUE(alone);
}

TEST_P(TaskPoolContract, ThereAreAsManyThreadsAsAskedForHoweverFewTheCores) {
  const int threads = static_cast<int>(std::thread::hardware_concurrency()) * 4;
  const std::unique_ptr<TaskPool> pool = make(threads);
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  std::set<std::thread::id> ids;
  std::set<int> workers;
  // Nobody leaves before all are there, or the deadline has passed.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  pool->run([&](int) {
    for (int i = 0; i < threads; ++i) {
      pool->spawn([&](int worker) {
        std::unique_lock lock(mutex);
        ids.insert(std::this_thread::get_id());
        workers.insert(worker);
        ++arrived;
        changed.notify_all();
        changed.wait_until(lock, deadline, [&] { return arrived == threads; });
      });
    }
  });
  const auto expected = static_cast<std::size_t>(threads);
  EXPECT_EQ(ids.size(), expected);
  EXPECT_EQ(workers.size(), expected);
}

TEST_P(TaskPoolContract, TheCallerOfRunIsOneOfTheThreads) {
  const std::unique_ptr<TaskPool> pool = make(1);
  std::thread::id ran_on;
  pool->run([&](int worker) {
    EXPECT_EQ(worker, 0);
    ran_on = std::this_thread::get_id();
  });
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST_P(TaskPoolContract, AThreadTakesWhatItSpawnedLastFirst) {
  const std::unique_ptr<TaskPool> pool = make(1);
  std::string order;
  pool->run([&](int) {
    pool->spawn([&](int) { order += 'a'; });
    pool->spawn([&](int) {
      order += 'b';
      pool->spawn([&](int) { order += 'c'; });
    });
  });
  EXPECT_EQ(order, "bca");
}

TEST_P(TaskPoolContract, WhatATaskOwnsIsGoneWhenRunReturns) {
  const auto owned = std::make_shared<int>(1);
  const std::unique_ptr<TaskPool> pool = make(4);
  pool->run([&pool, owned](int) {
    for (int i = 0; i < 100; ++i) pool->spawn([owned](int) {});
  });
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_P(TaskPoolContract, OnePoolRunsSeveralTimes) {
  const std::unique_ptr<TaskPool> pool = make(4);
  std::atomic<int> runs{0};
  for (int round = 0; round < 50; ++round) {
    pool->run([&](int) {
      for (int i = 0; i < 10; ++i) pool->spawn([&](int) { ++runs; });
    });
    EXPECT_EQ(runs, (round + 1) * 10);
  }
}

TEST_P(TaskPoolContract, PoolsOfDifferentSizesFollowEachOther) {
  // The limit of threads is the process's: one pool must not leave it behind for the next.
  for (const int threads : {1, 8, 2}) {
    std::set<int> workers;
    std::mutex mutex;
    const std::unique_ptr<TaskPool> pool = make(threads);
    pool->run([&](int) {
      for (int i = 0; i < 1000; ++i) {
        pool->spawn([&](int worker) {
          const std::lock_guard lock(mutex);
          workers.insert(worker);
        });
      }
    });
    EXPECT_GE(*workers.begin(), 0);
    EXPECT_LT(*workers.rbegin(), threads);
  }
}

TEST_P(TaskPoolContract, AnExceptionThatLeavesATaskEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(make(2)->run([](int) { throw std::runtime_error("left a task"); }), "left a task");
}

std::vector<PoolCase> pools() {
  return {
#if !defined(__SANITIZE_THREAD__)
    {"tbb", make_tbb_task_pool},
#endif
        {"jthread", make_jthread_task_pool}, {"default_one", make_task_pool},
  };
}

INSTANTIATE_TEST_SUITE_P(Pools, TaskPoolContract, testing::ValuesIn(pools()), test::case_name);

}  // namespace
}  // namespace repo

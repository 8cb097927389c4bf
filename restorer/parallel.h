// Work on numbered pieces, several at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "base/task_pool.h"

namespace repo {

// Calls work(i, worker) for each i below `count`, in this order, on `jobs` threads; `worker` as
// task_pool.h names it. Returns when all are done. `work` must not throw.
template <typename Work>
void in_parallel(int jobs, std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  const std::unique_ptr<TaskPool> pool = make_task_pool(jobs);
  const TaskPool::Task take = [&](int worker) {
    for (std::size_t i = next++; i < count; i = next++) work(i, worker);
  };
  pool->run([&](int worker) {
    for (int i = 1; i < jobs; ++i) pool->spawn(take);
    take(worker);
  });
}

}  // namespace repo

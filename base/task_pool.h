// Runs tasks that spawn tasks, on a fixed number of threads.
//
//   pool->run([&](int worker) { …; pool->spawn(next); });
//
// run() blocks until the first task and everything spawned from it are done. A thread takes what
// it spawned last first, so a tree that is walked by spawning is walked depth-first and the tasks
// that wait follow its depth, not its size.
//
// Threads    `threads` of them, the caller of run() among them, however few cores there are: the
//            work waits for disks. `worker` (0..threads-1) names the thread a task runs on, so a
//            task can use a slot of its own without a lock. One run() at a time.
// Failures   A task must not throw: catch inside. An exception that leaves a task ends the
//            program.
// See        docs/design.md, "Threads", for why there are two implementations.
#pragma once

#include <functional>
#include <memory>

namespace repo {

class TaskPool {
 public:
  using Task = std::function<void(int worker)>;

  virtual ~TaskPool() = default;
  virtual void run(Task first) = 0;
  virtual void spawn(Task task) = 0;  // from inside a task only
};

std::unique_ptr<TaskPool> make_tbb_task_pool(int threads);

// One lock, one stack. For ThreadSanitizer, which reports false races inside TBB.
std::unique_ptr<TaskPool> make_jthread_task_pool(int threads);

// The one that the tools use; the CMake variable REPO_BACKUP_POOL chooses. One thread where the
// others cannot be started.
std::unique_ptr<TaskPool> make_task_pool(int threads);

}  // namespace repo

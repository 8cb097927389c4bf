#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/task_pool.h"
#include "base/thread_limit.h"

namespace repo {
namespace {

class JthreadTaskPool final : public TaskPool {
 public:
  explicit JthreadTaskPool(int threads) : threads_(std::max(threads, 1)) {}

  void run(Task first) override {
    spawn(std::move(first));
    std::vector<std::jthread> helpers;
    for (int worker = 1; worker < threads_; ++worker) {
      helpers.emplace_back([this, worker] { work(worker); });
    }
    work(0);
  }

  void spawn(Task task) override {
    const std::lock_guard lock(mutex_);
    stack_.push_back(std::move(task));
    ++unfinished_;
    changed_.notify_one();
  }

 private:
  void work(int worker) noexcept {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return !stack_.empty() || unfinished_ == 0; });
      if (stack_.empty()) return;
      Task task = std::move(stack_.back());
      stack_.pop_back();
      lock.unlock();
      task(worker);
      task = nullptr;  // what the task owned goes before it counts as done
      lock.lock();
      if (--unfinished_ == 0) changed_.notify_all();
    }
  }

  const int threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Task> stack_;     // guarded by mutex_
  std::size_t unfinished_ = 0;  // guarded by mutex_: waiting or running
};

}  // namespace

std::unique_ptr<TaskPool> make_jthread_task_pool(int threads) {
  return std::make_unique<JthreadTaskPool>(threads);
}

std::unique_ptr<TaskPool> make_task_pool(int threads) {
  threads = startable_threads(threads);
#ifdef REPO_BACKUP_POOL_jthread
  return make_jthread_task_pool(threads);
#else
  return make_tbb_task_pool(threads);
#endif
}

}  // namespace repo

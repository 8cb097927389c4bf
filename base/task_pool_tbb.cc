#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <algorithm>
#include <utility>

#include "base/task_pool.h"

namespace repo {
namespace {

class TbbTaskPool final : public TaskPool {
 public:
  // An arena alone gives no more threads than there are cores; the control raises that limit for
  // as long as it lives.
  explicit TbbTaskPool(int threads)
      : control_(tbb::global_control::max_allowed_parallelism,
                 static_cast<std::size_t>(std::max(threads, 1))),
        arena_(std::max(threads, 1)) {}

  ~TbbTaskPool() noexcept override {}  // NOLINT: task_group's own may throw; run() has waited

  void run(Task first) override {
    arena_.execute([&] {
      spawn(std::move(first));
      group_.wait();
    });
  }

  void spawn(Task task) override {
    group_.run([task = std::move(task)]() noexcept {
      task(tbb::this_task_arena::current_thread_index());
    });
  }

 private:
  tbb::global_control control_;
  tbb::task_arena arena_;
  tbb::task_group group_;
};

}  // namespace

std::unique_ptr<TaskPool> make_tbb_task_pool(int threads) {
  return std::make_unique<TbbTaskPool>(threads);
}

}  // namespace repo

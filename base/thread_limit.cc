#include "base/thread_limit.h"

#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace repo {

int startable_threads(int wanted) {
  std::mutex mutex;
  std::condition_variable changed;
  bool over = false;
  bool all = true;
  {
    std::vector<std::jthread> tried;
    try {
      for (int i = 1; i < wanted; ++i) {
        tried.emplace_back([&] {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return over; });
        });
      }
    } catch (const std::system_error&) {
      all = false;
    }
    const std::lock_guard lock(mutex);
    over = true;
    changed.notify_all();
  }
  return all ? wanted : 1;
}

}  // namespace repo

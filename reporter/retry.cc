#include "reporter/retry.h"

#include <fmt/format.h>
#include <poll.h>

#include <cerrno>

#include "base/stop_signal.h"

namespace repo {
namespace {

// False where a stop was requested before the end of it.
bool wait_for(std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + time;
  while (stop_requested() == 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0) return true;
    struct pollfd stop = {stop_fd(), POLLIN, 0};
    if (poll(&stop, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) return true;
  }
  return false;
}

}  // namespace

Delivery try_again(const Waits& waits, const std::function<Attempt()>& attempt) {
  Attempt last = attempt();
  std::size_t tries = 1;
  for (const std::chrono::milliseconds time : waits) {
    if (last.delivery || !last.may_pass || !wait_for(time)) break;
    last = attempt();
    ++tries;
  }
  if (last.delivery || tries == 1) return std::move(last.delivery);
  Error error = last.delivery.error();
  error.message += fmt::format(" (tried {} times)", tries);
  return error;
}

}  // namespace repo

#include "base/stop_signal.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace repo {
namespace {

std::atomic<int> g_signal{0};
std::atomic<int> g_event{-1};
static_assert(std::atomic<int>::is_always_lock_free, "used in a signal handler");

constexpr int kStopSignals[] = {SIGINT, SIGTERM, SIGHUP};

void on_signal(int signal) {
  const int saved = errno;
  for (const int each : kStopSignals) {  // whichever comes next ends the process
    struct sigaction before = {};
    sigaction(each, nullptr, &before);
    if (before.sa_handler == on_signal) std::signal(each, SIG_DFL);
  }
  request_stop(signal);
  errno = saved;
}

}  // namespace

void install_stop_signals() {
  if (g_event.load() < 0) g_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = 0;  // no SA_RESTART: blocking calls return
  sigemptyset(&action.sa_mask);
  for (const int signal : kStopSignals) {
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);  // nohup stays nohup
  }
  std::signal(SIGPIPE, SIG_IGN);
}

int stop_requested() { return g_signal.load(std::memory_order_relaxed); }

int stop_fd() { return g_event.load(); }

void request_stop(int signal) {
  int expected = 0;
  g_signal.compare_exchange_strong(expected, signal);
  const std::uint64_t one = 1;
  if (g_event >= 0) [[maybe_unused]]
    const auto written = ::write(g_event, &one, sizeof one);
}

}  // namespace repo

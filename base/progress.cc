#include "base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/print.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t columns(std::FILE* stream) {
  struct winsize size = {};
  constexpr std::size_t kUsual = 80;
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

}  // namespace

struct Progress::State {
  // Constant.
  std::FILE* stream;
  bool shown;
  std::function<std::string(const ProgressCounts&)> text;
  Clock::time_point start = Clock::now();

  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> total{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<Clock::rep> next{0};  // when it may be drawn again

  std::mutex drawing;
  bool visible = false;  // guarded by drawing

  void erase() {
    if (visible) put(stream, "\r\033[K");
    visible = false;
    std::fflush(stream);
  }

  void draw() {
    if (!shown || Clock::now().time_since_epoch().count() < next.load()) return;
    const std::unique_lock lock(drawing, std::try_to_lock);
    if (!lock) return;  // somebody else is at it
    constexpr std::chrono::milliseconds kPause{200};
    next = (Clock::now() + kPause).time_since_epoch().count();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::string line = text({done, total, bytes, seconds});
    line.resize(std::min(line.size(), columns(stream) - 1));
    put(stream, "\r" + line + "\033[K");
    std::fflush(stream);
    visible = true;
  }
};

bool shows_progress(ShowProgress when, std::FILE* stream) {
  return when == ShowProgress::kAlways ||
         (when == ShowProgress::kAuto && isatty(fileno(stream)) == 1);
}

Progress::Progress(std::FILE* stream, bool shown,
                   std::function<std::string(const ProgressCounts&)> text)
    : state_(std::make_unique<State>()) {
  state_->stream = stream;
  state_->shown = shown;
  state_->text = std::move(text);
}

Progress::~Progress() {
  const std::lock_guard lock(state_->drawing);
  state_->erase();
}

void Progress::begin(std::uint64_t total) {
  state_->total = total;
  state_->draw();
}

void Progress::add_bytes(std::uint64_t bytes) {
  state_->bytes += bytes;
  state_->draw();
}

void Progress::add_done() {
  ++state_->done;
  state_->draw();
}

void Progress::around(const std::function<void()>& print) {
  const std::lock_guard lock(state_->drawing);
  state_->erase();
  print();
  state_->next = 0;
}

}  // namespace repo

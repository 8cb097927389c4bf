#include "base/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "base/print.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t columns_of(std::FILE* stream) {
  struct winsize size = {};
  constexpr std::size_t kUsual = 80;
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::size_t width(char first) { return static_cast<unsigned char>(first) < 0x80 ? 1 : 2; }

// How many bytes from the one end, or the other, fit.
std::size_t head(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!begins_character(text[i])) continue;
    bytes = i;
    if (width(text[i]) > columns) return bytes;
    columns -= width(text[i]);
  }
  return text.size();
}

std::size_t tail(std::string_view text, std::size_t columns) {
  std::size_t bytes = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (!begins_character(text[i])) continue;
    if (width(text[i]) > columns) return bytes;
    columns -= width(text[i]);
    bytes = text.size() - i;
  }
  return bytes;
}

}  // namespace

bool shows_progress(ShowProgress when, std::FILE* stream) {
  return when == ShowProgress::kAlways ||
         (when == ShowProgress::kAuto && isatty(fileno(stream)) == 1);
}

std::string shortened(std::string_view text, std::size_t columns) {
  constexpr std::string_view kGap = "...";
  if (head(text, columns) == text.size()) return std::string(text);
  if (columns <= kGap.size()) return std::string(text.substr(0, head(text, columns)));
  const std::size_t left = columns - kGap.size();
  const std::size_t before = left / 3;  // the end of a path tells more
  return std::string(text.substr(0, head(text, before))) + std::string(kGap) +
         std::string(text.substr(text.size() - tail(text, left - before)));
}

struct StatusLine::State {
  // Constant.
  std::FILE* stream;
  bool shown;

  std::atomic<Clock::rep> next{0};  // when it may be drawn again

  std::mutex drawing;
  bool visible = false;  // guarded by drawing

  void erase() {
    if (visible) put(stream, "\r\033[K");
    visible = false;
    std::fflush(stream);
  }
};

StatusLine::StatusLine(std::FILE* stream, bool shown) : state_(std::make_unique<State>()) {
  state_->stream = stream;
  state_->shown = shown;
}

StatusLine::~StatusLine() {
  const std::lock_guard lock(state_->drawing);
  state_->erase();
}

bool StatusLine::is_due() const {
  return state_->shown && Clock::now().time_since_epoch().count() >= state_->next.load();
}

void StatusLine::show(const std::function<std::string(std::size_t columns)>& text) {
  if (!is_due()) return;
  const std::unique_lock lock(state_->drawing, std::try_to_lock);
  if (!lock) return;  // somebody else is at it
  constexpr std::chrono::milliseconds kPause{200};
  state_->next = (Clock::now() + kPause).time_since_epoch().count();
  const std::size_t columns = columns_of(state_->stream) - 1;
  put(state_->stream, "\r" + shortened(text(columns), columns) + "\033[K");
  std::fflush(state_->stream);
  state_->visible = true;
}

void StatusLine::around(const std::function<void()>& print) {
  const std::lock_guard lock(state_->drawing);
  state_->erase();
  print();
  state_->next = 0;
}

}  // namespace repo

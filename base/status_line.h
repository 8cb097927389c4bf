// A line on a terminal that is drawn over itself, at most five times a second: how far long work
// is. There is no thread and no timer behind it; who works calls show() where is_due().
//
// Threads: all calls, from any thread.
#pragma once

#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace repo {

enum class ShowProgress { kAuto, kAlways, kNever };

// kAuto: where `stream` is a terminal.
bool shows_progress(ShowProgress when, std::FILE* stream);

// Takes from the middle what does not fit, with "..." in its place. `text` is UTF-8; whatever is
// not ASCII counts as two columns, since some of it is that wide.
std::string shortened(std::string_view text, std::size_t columns);

class StatusLine {
 public:
  StatusLine(std::FILE* stream, bool shown);
  ~StatusLine();  // the line is gone
  StatusLine(const StatusLine&) = delete;
  StatusLine& operator=(const StatusLine&) = delete;

  // Whether it is shown and was last drawn long enough ago; cheap.
  bool is_due() const;
  // Draws what `text` returns for the width of the terminal, where it is due. `text` is called from
  // one thread at a time.
  void show(const std::function<std::string(std::size_t columns)>& text);

  // Calls `print` while the line is away, so that it can write to the same terminal.
  void around(const std::function<void()>& print);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace repo

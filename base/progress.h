// A line on a terminal that says how far long work is.
//
// It is drawn over itself, at most five times a second, and only inside the calls below: there is
// no thread and no timer behind it.
//
// Threads: all calls, from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

namespace repo {

enum class ShowProgress { kAuto, kAlways, kNever };

// kAuto: where `stream` is a terminal.
bool shows_progress(ShowProgress when, std::FILE* stream);

struct ProgressCounts {
  std::uint64_t done = 0;  // items
  std::uint64_t total = 0;
  std::uint64_t bytes = 0;  // that were read or written for them
  double seconds = 0;
};

class Progress {
 public:
  // `text` makes the line, without a newline; what is wider than the terminal is cut. It is called
  // from one thread at a time.
  Progress(std::FILE* stream, bool shown, std::function<std::string(const ProgressCounts&)> text);
  ~Progress();  // the line is gone
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void begin(std::uint64_t total);
  void add_bytes(std::uint64_t bytes);
  void add_done();

  // Calls `print` while the line is away, so that it can write to the same terminal.
  void around(const std::function<void()>& print);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace repo

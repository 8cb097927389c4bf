// How far work on a number of items is, on a status line. It is drawn inside the calls below.
//
// Threads: all calls, from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "base/status_line.h"

namespace repo {

struct ProgressCounts {
  std::uint64_t done = 0;  // items
  std::uint64_t total = 0;
  std::uint64_t bytes = 0;  // that were read or written for them
  double seconds = 0;
};

class Progress {
 public:
  // `text` makes the line, without a newline. It is called from one thread at a time.
  Progress(std::FILE* stream, bool shown, std::function<std::string(const ProgressCounts&)> text)
      : line_(stream, shown), text_(std::move(text)) {}

  void begin(std::uint64_t total);
  void add_bytes(std::uint64_t bytes);
  void add_done();

  // Calls `print` while the line is away, so that it can write to the same terminal.
  void around(const std::function<void()>& print) { line_.around(print); }

 private:
  void draw();

  StatusLine line_;
  const std::function<std::string(const ProgressCounts&)> text_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace repo

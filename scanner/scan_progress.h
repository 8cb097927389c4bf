// How far a scan is, on a status line: there is no end in sight that it could be measured by, so
// it shows what was seen, how fast, and where the walk is.
#pragma once

#include <chrono>
#include <cstdio>

#include "base/status_line.h"
#include "scanner/walker.h"

namespace repo {

class ScanProgress final : public WalkWatcher {
 public:
  ScanProgress(std::FILE* stream, bool shown) : line_(stream, shown) {}

  bool is_due() const override { return line_.is_due(); }
  void see(std::uint64_t directories, std::uint64_t repositories, const std::string& path) override;

 private:
  StatusLine line_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace repo

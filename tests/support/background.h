// Processes that run beside a test: writers that disturb, holders of locks.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace repo::test {

// A process of the test's, killed with its whole session at the end.
class Background {
 public:
  // What it says on its standard error goes to the file `errors`.
  explicit Background(const std::vector<std::string>& argv,
                      const std::string& errors = "/dev/null");
  ~Background();
  Background(Background&& other) noexcept;
  Background& operator=(Background&&) = delete;

  pid_t pid() const { return pid_; }
  // Waits for its end: exit status, or 128 + N.
  int wait();

 private:
  pid_t pid_ = -1;
};

// A FIFO that tells when the last process is gone that holds its other end open for writing, and
// so waits for processes without asking for them by number.
class EndOfWriters {
 public:
  explicit EndOfWriters(const std::string& fifo);  // made here
  // Blocks until somebody has written a byte; false after half a minute.
  bool wait_for_byte();
  // Blocks until no writer is left; false after half a minute.
  bool wait_until_gone();
  // Now, without waiting.
  bool is_gone() const;

 private:
  UniqueFd fd_;
};

}  // namespace repo::test

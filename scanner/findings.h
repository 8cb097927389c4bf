// What a walk finds, collected from all its threads, in bounded memory: a user decides how long his
// paths are and what his repositories say of themselves, and not how large the manifest gets.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

#include "base/error.h"
#include "scanner/repository.h"

namespace repo {

// Threads: several at once, but for take().
class Findings {
 public:
  // Of paths of PATH_MAX bytes or more, which no program can open, 4 MiB are kept whole. A
  // repository whose path comes after that is an error (ENAMETOOLONG); other paths are cut. Other
  // texts are cut to that length, and those above 256 bytes to 256 once there are 4 MiB of them.
  void add(Repository repository);
  void add(Pointer pointer);
  void add(Pruned pruned);
  void add(Error error);

  // How many were found by now.
  std::size_t repositories();

  // All of it, once; the statistics and `complete` are for others to fill in.
  ScanResult take() { return std::move(result_); }

 private:
  bool has_room_for(const std::string& path);  // under mutex_
  void fit(std::string& text);                 // under mutex_

  std::mutex mutex_;
  ScanResult result_;           // guarded by mutex_
  std::size_t long_paths_ = 0;  // bytes in it; guarded by mutex_
  std::size_t long_texts_ = 0;
};

}  // namespace repo

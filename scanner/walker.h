// Walks directory trees in parallel and reports the repositories in them.
//
// One walk() is one pass. Every directory below the roots is opened at most once, shown to the
// signatures and probes, and then descended into but for what its kind prunes. Each built-in
// signature has a subdirectory in it, so with `leaf_skip` a directory without one
// (Directory::is_leaf) is counted and not opened. The walker reads; it never creates, locks or
// changes anything.
//
// Order      Nothing is ordered; sort before you print.
// Threads    walk() blocks. Events are collected under a lock; they are rare.
// Failures   A directory that cannot be opened or read to its end gives one error and never stops
//            its siblings. A child that vanished after it was listed (or is no directory any
//            more) is counted in ScanStats::vanished instead; a missing root is an error. A mount
//            that appeared during the walk is an error with EXDEV: it was not looked at.
// Stopping   On stop_requested() no further directory is opened, and the result says complete =
//            false.
// Paths      Raw bytes as the kernel gave them: maybe not UTF-8, maybe longer than PATH_MAX (opens
//            are relative to the parent's descriptor). Links are followed for roots only.
// Limits     About `max_open_directories` descriptors, and one more a thread. Memory grows with
//            the directories that wait, not with those that were seen.
// See        openat2(2), getdents64(2); docs/design.md, "The walk".
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/task_pool.h"
#include "scanner/fs.h"
#include "scanner/kinds.h"
#include "scanner/repository.h"
#include "scanner/walk_map.h"

namespace repo {

// Looks on while a walk goes on. Called from all of its threads.
class WalkWatcher {
 public:
  virtual ~WalkWatcher() = default;
  // Asked for each directory, and now and then within a large one.
  virtual bool is_due() const = 0;
  // Where it is due: how many directories were seen and repositories found, and where one of the
  // threads is.
  virtual void see(std::uint64_t directories, std::uint64_t repositories,
                   const std::string& path) = 0;
};

struct WalkOptions {
  std::vector<std::string> roots;  // of those that the map has
  std::set<std::string> kinds;     // empty: all
  std::vector<std::string> excludes;
  int max_open_directories = 512;
  bool leaf_skip = false;  // directories that are told to have no subdirectory are not opened
  bool layers = false;     // the layers of container engines are entered
  WalkWatcher* watcher = nullptr;
  Kinds known{};  // all kinds; `kinds` are the names of those that are findings
};

// stats.seconds is left at 0, and nothing is sorted.
ScanResult walk(const WalkOptions& options, const WalkMap& map, const FileSystem& file_system,
                TaskPool& pool);

}  // namespace repo

// Which live paths a file-level backup may leave out: a promise that is withdrawn where the copy
// is not verified and fresh. Pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "reporter/exclude_audit.h"
#include "reporter/report.h"

namespace repo {

// All repositories that are known, and whether a copy stands for each: found by the last scan that
// looked there, then taken on and found good by a run, the last one that took it on, not longer
// than `max_age` ago, with nothing known against the copy, which has all that
// is in the store. What a scan could not look at counts as
// a repository that has none. Nothing is promised from the records of another machine, nor where
// the newest manifest cannot be read.
std::vector<KnownRepository> known_repositories(const Report& report, std::chrono::seconds max_age);

struct Promise {
  std::vector<std::string> stores;      // may be left out, in the order of paths
  std::vector<KnownRepository> others;  // stay in the file-level backup, with the reason
};
// A store in which lies a repository that no copy stands for stays in, too.
Promise make_promise(const std::vector<KnownRepository>& known);

}  // namespace repo

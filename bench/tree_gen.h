// Makes directory trees to measure on: like a server's in depth, in the share of leaves and in
// files a directory, with repositories in them and with names that look like some.
//
// Repeatable   The same shape gives the same names and the same nesting, on every machine. Other
//              numbers of repositories do not change the rest of the tree.
// Cheap        A file is a hard link to one of few, so a file costs a name and no inode.
// Repositories The least that a probe accepts: no svn, hg or git has to be installed, and none
//              would take them for healthy. Beside them lie decoys: a `format` without `db`, a `db`
//              without `format`, and both with a content that is not Subversion's.
// Failures     Returned; what was written until then stays.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace repo::bench {

struct TreeShape {
  std::uint64_t directories = 20'000;      // without the repositories and what is in them
  std::uint64_t files_per_directory = 12;  // on average; most have fewer, few have a hundred times
  unsigned leaf_percent = 60;              // of the directories have no subdirectory
  std::uint64_t svn = 50;                  // repositories
  std::uint64_t hg = 50;
  std::uint64_t git = 50;
  std::uint64_t seed = 1;
};

struct TreeCounts {  // without the target itself
  std::uint64_t directories = 0;
  std::uint64_t leaves = 0;
  std::uint64_t files = 0;
  std::uint64_t repositories = 0;
};

// `target` is created or is an empty directory; ENOTEMPTY otherwise. An error, too, for a shape
// that cannot be: more than 100 % leaves.
Result<TreeCounts> make_tree(const std::string& target, const TreeShape& shape);

}  // namespace repo::bench

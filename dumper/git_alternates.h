// Objects that a git directory borrows from others.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/dumper.h"
#include "dumper/tree_copier.h"

namespace repo {

struct BroughtIn {
  // For people: what came along, and what could not be read and so is missing (verification tells
  // whether it is needed).
  std::vector<std::string> notes;
  bool has_twins = false;  // CopyOptions::twin
};

// Copies the objects that the repository of `job` borrows by info/alternates of `objects` (open, of
// the source) into `target` (the copy's objects/), where they are not there already. Each place is
// opened with the rights of the repository's owner, who must own the file that names it. Where the
// place has a copy of its own (DumpJob::copy_of), what is equal there is shared with it. `options`
// are those of the git directory.
Result<BroughtIn> bring_in_alternates(const DumpJob& job, int objects, int target,
                                      const CopyOptions& options);

// Copies until two looks at the packs agree: each look finds what `git gc` has made and removed
// meanwhile. `source` and `target` are the folders objects/pack.
Result<TreeLook> copy_packs(const TreeSource& source, int target, const CopyOptions& options);

}  // namespace repo

// Objects that a git directory borrows from others.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/tree_copier.h"

namespace repo {

// Copies the objects that `objects` (open, of the source) borrows by info/alternates into `target`
// (the copy's objects/), where they are not there already. Each place is opened with the rights of
// `owner`, who must own the file that names it. Returns sentences for people: what came along, and
// what could not be read and so is missing (verification tells whether it is needed). `options` are
// those of the git directory.
Result<std::vector<std::string>> bring_in_alternates(int objects, uid_t owner, int target,
                                                     const CopyOptions& options);

// Copies until two looks at the packs agree: each look finds what `git gc` has made and removed
// meanwhile. `source` and `target` are the folders objects/pack.
Result<TreeLook> copy_packs(const TreeSource& source, int target, const CopyOptions& options);

}  // namespace repo

// Pointers, resolved: where each leads, told by text alone, and which repository that is. Pure:
// nothing is looked at, no link is followed. A path that leads through a symbolic link is therefore
// not recognised as that of a repository that was found elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scanner/repository.h"

namespace repo {

// `path` as seen from the directory `base` (canonical), as a canonical path: no ".", no "..", no
// doubled slashes. It ends at a NUL, as it does for every program.
std::string canonical_by_text(std::string_view base, std::string_view path);

// Sets Pointer::repository where the target is, among result.repositories, of the pointer's kind
//   the path or the store of one, or
//   in a git store, something in its folders worktrees/ or modules/;
// of several the innermost.
void resolve_pointers(ScanResult& result);

// What a person is told of the pointers that lead to no repository that was found, by path: their
// data is in no copy made from this scan, unless it is copied with what points there. One line
// each; of more than three the first three and one that counts the others, unless `all`.
std::vector<std::string> tell_lost_pointers(const ScanResult& result, bool all);

}  // namespace repo

// Which of an item's copies can be relied on.
#pragma once

#include <string>

#include "dumper/command_runner.h"
#include "restorer/copies.h"

namespace repo {

// The newest generation besides `damaged` that is not known to be bad and of which every file has
// its SHA-256 (all of it is read). Null where there is none.
const Generation* find_whole(const DumpRoot& root, const CopiedItem& item,
                             const Generation* damaged, const Patience& patience);

// "; the copy of TIME is whole" or that no other is: the end of a message about a damaged one.
std::string told_of_whole(const Generation* whole);

}  // namespace repo

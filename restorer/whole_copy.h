// Which of an item's copies can be relied on.
#pragma once

#include <string>

#include "dumper/command_runner.h"
#include "dumper/copies.h"

namespace repo {

struct WholeCopy {
  const Generation* generation = nullptr;
  bool is_known = true;  // false: a stop, or something that is no damage, came between
};

// The newest generation besides `damaged` that is not known to be bad and of which every file has
// its SHA-256. All of it is read, without a deadline: it is asked for when something is wrong.
WholeCopy find_whole(const DumpRoot& root, const CopiedItem& item, const Generation* damaged,
                     const Patience& patience);

// "; whole is the copy of TIME", that none is, or that it is not known: the end of a message about
// a damaged one.
std::string told_of_whole(const WholeCopy& whole);

}  // namespace repo

// Sandboxes that a run has left behind when it was killed.
//
// A bwrap ends with its parent, but for a moment while it starts: killed in between, its first
// process waits for ever, with the staging directory open.
#pragma once

#include <string>

namespace repo {

// Ends every bwrap that has something open below `staging` (an absolute path). Only for whoever
// holds the lock of that dump root: then none of them can be of a living run. Returns how many were
// told to end.
int end_orphans(const std::string& staging);

}  // namespace repo

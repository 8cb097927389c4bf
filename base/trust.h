// Whether a file says what its owner wanted, or could have been written by somebody else.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// Opens `path` for reading. When this process is root, the file and each directory above it must
// belong to root and be writable for root alone (a sticky directory that others may write is fine,
// as /tmp), and no component may be a link that somebody else could have made; else the error says
// which component and why. A pipe or a terminal is taken where it is root's. As another user every
// file is taken: that user can do no more than the caller.
Result<UniqueFd> open_trusted(const std::string& path);

// The same without opening it: for a directory, say.
Status check_trusted(const std::string& path);

}  // namespace repo

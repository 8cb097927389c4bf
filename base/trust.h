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

// The same for a file that its owner alone may be able to read: a regular file, mode 0600 or less.
Result<UniqueFd> open_secret(const std::string& path);

// As open_trusted() without opening it: for a directory, say.
Status check_trusted(const std::string& path);

// The way to a directory that may be somebody else's (a server's folder of sockets): all above it
// must be as open_trusted() has it, and no link on the way, or in its place, may be somebody
// else's. Its path without any link, to be opened with O_NOFOLLOW. As another user every way is
// taken.
Result<std::string> trusted_way(const std::string& path);

}  // namespace repo

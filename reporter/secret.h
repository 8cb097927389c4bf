// Secrets (a password, a URL that is a key) come from files, never from options or the
// configuration, which others can see.
//
// Errors name the file and what to do about it, never what is in it.
#pragma once

#include <string>

#include "base/result.h"

namespace repo {

// The one line that the file `path` holds, without its newline: a regular file of at most 4 KiB
// that open_trusted() takes and that no other user may read or write, whoever we are. A name
// without a slash is a systemd credential (LoadCredential= in the unit): a file in
// $CREDENTIALS_DIRECTORY, whose permissions are systemd's business.
// Empty, or with a control character in it: an error.
Result<std::string> read_secret(const std::string& path);

}  // namespace repo

// What of a user-defined kind this machine has not got now: no mistake of its file, and every item
// of it would fail.
#pragma once

#include <string>
#include <vector>

#include "scanner/user_kind.h"

namespace repo {

// A sentence each; printable.
std::vector<std::string> notes_on_kind(const UserKind& kind);

}  // namespace repo

// A kind that a user has defined, in plain words: what repo-scan --check-kinds prints. Pure.
#pragma once

#include <string>

#include "scanner/user_kind.h"

namespace repo {

// Several lines, the first with the kind's name and its file; printable.
std::string kind_text(const UserKind& kind);

}  // namespace repo

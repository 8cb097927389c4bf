// What is wrong with a user-defined kind, beyond its form. Pure.
#pragma once

#include <string>
#include <vector>

#include "scanner/user_kind.h"

namespace repo {

// One line each, "field: what is wrong and what is allowed"; empty where nothing is.
std::vector<std::string> mistakes_in_kind(const UserKind& kind);

}  // namespace repo

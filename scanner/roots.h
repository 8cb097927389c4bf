// Where a scan begins.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace repo {

// The roots as canonical paths, sorted and without duplicates; a root that cannot be resolved, or
// not within `patience` (apart.h), is an error among `errors` instead.
std::vector<std::string> resolve_roots(const std::vector<std::string>& roots,
                                       std::chrono::seconds patience, std::vector<Error>& errors);

}  // namespace repo

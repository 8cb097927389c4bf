// How many files this process may have open.
#pragma once

#include <cstdint>

namespace repo {

// Raises the limit as far as this process may, to `enough` at most, and never lowers it. Returns
// what it is then.
std::uint64_t raise_descriptor_limit(std::uint64_t enough = 65536);

}  // namespace repo

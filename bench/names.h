// Names as a server's directories hold them, most of them no part of any signature.
#pragma once

#include <cstdint>
#include <string>

#include "bench/random.h"

namespace repo::bench {

// Unique for each `number`; no file has a name that a directory could have.
std::string directory_name(Random& random, std::uint64_t number);
std::string file_name(Random& random, std::uint64_t number);

}  // namespace repo::bench

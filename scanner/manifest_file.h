// A manifest from where the user keeps it.
#pragma once

#include <string>

#include "base/result.h"
#include "scanner/manifest.h"

namespace repo {

// Reads `path` as base/trust.h allows, "-" from standard input as it comes, to its end, and as
// read_manifest() does. EINTR once a stop was requested.
Result<Manifest> load_manifest(const std::string& path);

}  // namespace repo

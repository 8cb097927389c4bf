// repo-scan from options to exit status: options, walk, manifest.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "base/result.h"
#include "scanner/options.h"
#include "scanner/repository.h"

namespace repo {

// The roots as canonical paths, sorted and without duplicates; a root that cannot be resolved is
// an error among `errors` instead.
std::vector<std::string> resolve_roots(const std::vector<std::string>& roots,
                                       std::vector<Error>& errors);

// Walks and returns what was found, in no order. The table of mounts is read once.
Result<ScanResult> scan(const ScanOptions& options, const std::vector<std::string>& roots);

// The whole tool. Results go to `out` (or options.output), everything else to `err`. Returns the
// exit status.
int run_scan(const ScanOptions& options, std::FILE* out, std::FILE* err);

}  // namespace repo

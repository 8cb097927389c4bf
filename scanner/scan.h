// repo-scan from options to exit status: options, walk, manifest.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "base/result.h"
#include "scanner/options.h"
#include "scanner/repository.h"
#include "scanner/walker.h"

namespace repo {

// Walks and returns what was found, in no order. The table of mounts is read once. Must be called
// while no other thread runs (walk_apart.h).
Result<ScanResult> scan(const ScanOptions& options, const std::vector<std::string>& roots,
                        WalkWatcher* watcher = nullptr);

// The whole tool. Results go to `out` (or options.output), everything else to `err`. Returns the
// exit status.
int run_scan(const ScanOptions& options, std::FILE* out, std::FILE* err);

}  // namespace repo

// repo-dump from options to exit status: manifest → plan → target → items (in parallel) → report.
#pragma once

#include <cstdio>

#include "dumper/options.h"

namespace repo {

// The whole tool. Results go to `out`, everything else to `err`. Returns the exit status.
int run_dump(const DumpOptions& options, std::FILE* out, std::FILE* err);

}  // namespace repo

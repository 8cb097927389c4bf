// Copies whose source is gone. They stay until somebody says --forget.
#pragma once

#include <vector>

#include "base/result.h"
#include "dumper/dump_root.h"
#include "dumper/record.h"
#include "scanner/manifest.h"

namespace repo {

// What lies in `current` (open) and comes from a place that the scan of `manifest` has seen to its
// end, without finding a repository of that kind there. Nothing where the scan was not complete.
Result<std::vector<GoneCopy>> find_gone(int current, const Manifest& manifest);

}  // namespace repo

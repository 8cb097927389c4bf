// Copies whose source is gone. They stay until somebody says --forget.
#pragma once

#include <vector>

#include "base/result.h"
#include "dumper/dump_root.h"
#include "dumper/record.h"
#include "scanner/manifest.h"

namespace repo {

struct MissingSources {
  // From a place that the scan has seen to its end, without finding a repository of that kind.
  std::vector<GoneCopy> gone;
  // From a place below the roots that the scan did not enter: excluded, on another file system …
  std::vector<GoneCopy> not_looked_at;
  // KIND/ID of copies that the manifest has no item for, and whose record cannot be read.
  std::vector<std::string> unreadable;
};

// The copies in `current` (open) whose source is not in `manifest`. Nothing where the scan was not
// complete, nor of kinds that it did not look for, nor of copies that were made after it.
Result<MissingSources> find_missing(int current, const Manifest& manifest);

}  // namespace repo

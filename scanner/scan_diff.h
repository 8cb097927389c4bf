// repo-scan --diff: what a scan is compared with, and what is told of it.
#pragma once

#include <string>

#include "base/result.h"
#include "scanner/manifest.h"

namespace repo {

struct ToldDifference {
  std::string result;   // text, or a document with --json
  std::string summary;  // one line
};

// Of the scan that `manifest`, a document of write_manifest(), is of.
Result<ToldDifference> difference_to(const Manifest& older, const std::string& manifest,
                                     const std::string& tool, bool json);

}  // namespace repo

// Where root is to write, found without going where somebody else leads.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// A path to be written to, as a person names it: the part of it that exists, open, and the rest.
// Links on the way are followed only where root or this user made them, in a folder that is nobody
// else's: in a home folder its owner could lead root anywhere. The last part is never followed.
struct TargetPath {
  UniqueFd base;
  std::string base_path;
  std::string rest;  // without links and ".."; empty where all of it is a folder that exists
  std::string full() const;
};
Result<TargetPath> resolve_target(const std::string& target);

// The same, with the last part in `rest` also where that exists.
Result<TargetPath> resolve_place(const std::string& target);

}  // namespace repo

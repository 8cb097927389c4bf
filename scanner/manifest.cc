#include "scanner/manifest.h"

#include <algorithm>

#include "base/bytes_path.h"
#include "scanner/kinds.h"

namespace repo {

bool looked_for(const Manifest& manifest, std::string_view kind, std::string_view path) {
  const auto& kinds = manifest.kinds;
  if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) return false;
  if (is_built_in(kind)) return true;
  for (const UserKindSought& each : manifest.user_kinds) {
    if (each.name != kind) continue;
    return each.paths.empty() ||
           std::any_of(each.paths.begin(), each.paths.end(),
                       [&](const std::string& above) { return is_within(path, above); });
  }
  return false;
}

}  // namespace repo

#include "scanner/kind_places.h"

#include <algorithm>
#include <map>

#include "base/bytes_path.h"
#include "scanner/roots.h"

namespace repo {
namespace {

// What the map says of a directory on the way from the innermost root to `path`; empty where the
// walk goes on.
std::string not_entered(const std::string& path, const WalkMap& map,
                        const std::vector<std::string>& roots,
                        const std::vector<std::string>& excludes) {
  std::size_t root = 0;
  for (const std::string& each : roots) {
    if (is_within(path, each)) root = std::max(root, each.size());
  }
  for (std::size_t end = path.find('/', root + 1);; end = path.find('/', end + 1)) {
    const std::string at = path.substr(0, end);
    const WalkMap::Node* node = at.size() > root ? map.find(at) : nullptr;
    if (node && node->action == WalkMap::Action::kPrune) {
      return "a scan does not enter " + at + ": " + node->why;
    }
    if (at.size() > root && is_excluded(excludes, at)) return at + " is excluded";
    if (end == std::string::npos) return "";
  }
}

std::string trouble_with(const std::string& path, std::chrono::seconds patience) {
  std::vector<Error> errors;
  // With this behind it a file is no directory.
  const std::vector<std::string> real = resolve_roots({path + "/."}, patience, errors);
  if (!errors.empty()) return errors.front().message;
  return real.front() == path ? "" : "a symbolic link leads to " + real.front() + ": name that";
}

}  // namespace

std::vector<Pruned> places_not_reached(const Kinds& kinds, const std::set<std::string>& wanted,
                                       const WalkMap& map, const std::vector<std::string>& roots,
                                       const std::vector<std::string>& excludes,
                                       std::chrono::seconds patience) {
  std::map<std::string, std::string> kinds_at;  // by the place
  for (const UserKind& kind : kinds.user()) {
    if (!wanted.empty() && !wanted.contains(kind.name)) continue;
    for (const std::string& path : kind.signature.paths) {
      std::string& names = kinds_at[path];
      names += (names.empty() ? "" : ", ") + kind.name;
    }
  }
  std::vector<Pruned> all;
  for (const auto& [path, names] : kinds_at) {
    const bool is_here = std::any_of(roots.begin(), roots.end(), [&path = path](const auto& root) {
      return is_within(path, root);
    });
    if (!is_here) continue;
    std::string why = not_entered(path, map, roots, excludes);
    if (why.empty()) why = trouble_with(path, patience);
    if (!why.empty()) all.push_back({path, names + " is looked for there; " + why, true});
  }
  return all;
}

}  // namespace repo

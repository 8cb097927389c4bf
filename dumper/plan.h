// From a manifest to the items of a run: what is wanted, what is refused and why, and what of each
// item belongs to another. Pure: no I/O.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "scanner/manifest.h"

namespace repo {

class Dumper;
class Dumpers;

struct PlanItem {
  std::string id;
  Repository source;
  std::optional<Error> refused;  // set: fails without being touched
  // Other items whose store is inside this one's; of those that lie in each other the outermost.
  // None of a kind that a user has defined: its copy need not have all that lies there.
  std::vector<Repository> nested;
  const Dumper* dumper = nullptr;  // of its kind; null only where it is refused
};

struct PlanFilter {
  std::set<std::string> kinds;  // empty: all
  std::set<std::string> only;   // ids or paths; empty: all
};

// Refused: a kind that has no dumper, a path outside the manifest's roots, a store that is not the
// one of its kind, an id that two items of one kind share. What the filter leaves out is not in the
// plan; `unknown` gets what of filter.only names no item.
std::vector<PlanItem> make_plan(const Manifest& manifest, const PlanFilter& filter,
                                const Dumpers& dumpers, std::vector<std::string>& unknown);

}  // namespace repo

// Whether a scan comes to the places in which kinds of users are looked for.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "scanner/kinds.h"
#include "scanner/repository.h"
#include "scanner/walk_map.h"

namespace repo {

// The `paths` of the kinds (`wanted`: of these; empty: of all) that lie in one of the roots and
// that no walk by this map comes to: not there, no directory, behind a symbolic link, or in
// something that is not entered. Each is notable: it may be mistyped, and then all of its items are
// missing. Must be called while no other thread runs; `patience` is as of resolve_roots().
std::vector<Pruned> places_not_reached(const Kinds& kinds, const std::set<std::string>& wanted,
                                       const WalkMap& map, const std::vector<std::string>& roots,
                                       const std::vector<std::string>& excludes,
                                       std::chrono::seconds patience);

}  // namespace repo

// The walk of what may hang (network file systems, FUSE), each root in a process of its own: the
// scan goes on and ends, whatever a server does.
#pragma once

#include <chrono>

#include "scanner/walk_map.h"
#include "scanner/walker.h"

namespace repo {

// Walks the roots of `map` that may hang, with `jobs` threads each. One in which nothing moves for
// `patience` is given up: it is pruned, with an error (ETIMEDOUT), and what was found there by then
// is lost. options.roots and options.watcher are not used.
//
// Must be called while no other thread runs.
ScanResult walk_apart(const WalkOptions& options, const WalkMap& map, int jobs,
                      std::chrono::seconds patience);

// "no answer for 60 s"
std::string no_answer(std::chrono::seconds patience);

// Adds what `from` has to `to`; complete are both or none.
void merge(ScanResult from, ScanResult& to);

}  // namespace repo

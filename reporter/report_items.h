// What is true of each item: the part of a report that is about single repositories. Pure.
#pragma once

#include <string>
#include <vector>

#include "reporter/report.h"

namespace repo {

// Everything that is in a copy, was found by the last scan or taken on by the last run, in the
// order of paths.
std::vector<ItemState> item_states(const Records& records, const StatusOptions& options,
                                   UtcTime now);

// The worst first; equal ones as they were.
void sort_findings(std::vector<Finding>& findings);

}  // namespace repo

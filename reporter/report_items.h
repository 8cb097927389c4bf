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

// One line that does nothing to a terminal, of a text whose paths are printable() already: a
// backslash stays one where there is nothing else to escape.
std::string harmless(const std::string& text);
std::string harmless(const Error& error);  // describe()

// The worst first; equal ones as they were.
void sort_findings(std::vector<Finding>& findings);

}  // namespace repo

// What the last scans say of what is in no copy: the part of a report that is about the whole
// machine's repositories. Pure.
#pragma once

#include <vector>

#include "reporter/report.h"

namespace repo {

// Of the newest manifest, against the one before. Empty where there is none.
Coverage coverage_of(const Records& records, const StatusOptions& options,
                     const std::vector<ItemState>& items);

// What is to be said of report.coverage; what is said of an item already is not said again.
std::vector<Finding> judge_coverage(const Records& records, const StatusOptions& options,
                                    const Report& report);

}  // namespace repo

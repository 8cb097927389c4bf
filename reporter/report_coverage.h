// What the last scans say of what is in no copy: the part of a report that is about the whole
// machine's repositories. Pure.
#pragma once

#include <vector>

#include "reporter/report.h"

namespace repo {

// All that are on record, from new to old.
std::vector<const Manifest*> manifests_of(const Records& records);
// The newest whose roots `path` lies below: what that one did not find there is not there. Null:
// none has looked there.
const Manifest* newest_manifest_of(const Records& records, const std::string& path);
// What scans could not look at, each by the newest manifest that went there.
std::vector<Error> scan_errors_of(const Records& records);

// By the newest manifests, of the newest one also against the one before. Empty where there is
// none.
Coverage coverage_of(const Records& records, const StatusOptions& options,
                     const std::vector<ItemState>& items);

// What is to be said of report.coverage; what is said of an item already is not said again.
std::vector<Finding> judge_coverage(const Records& records, const StatusOptions& options,
                                    const Report& report);

}  // namespace repo

// Reports as they may come to be, for what renders them: made up, always the same.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reporter/report.h"

namespace repo::test {

// The time of all samples.
UtcTime sample_time();

// Names that try to be markup, formats, lines, escapes or another direction of writing.
const std::vector<std::string>& hostile_names();

Report empty_report();                   // nothing was found, nothing ran
Report unknown_report();                 // the records cannot be read
Report good_report();                    // a dozen items, two months of nights
Report mixed_report(std::size_t items);  // a little of everything
Report failed_report();                  // every item, and the last runs
Report hostile_report();                 // hostile_names() wherever a name or a message stands
Report self_test_report();

// What makes them, by these names: "empty", "unknown", "good", "mixed", "many" (5,000 items),
// "failed", "hostile", "self-test".
std::map<std::string, Report (*)()> sample_reports();

}  // namespace repo::test

// The report as metrics for the textfile collector of the Prometheus node exporter. Pure.
//
// Source: "Exposition formats" of the Prometheus documentation, text-based format.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

// Ends with a newline. What is not known has no sample: a time of 0 would be a time.
std::string prometheus_of(const Report& report);

}  // namespace repo

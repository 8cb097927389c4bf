// The report as a Nagios plugin tells it: one line with performance data, then what is wrong.
//
// Source: "Nagios Plugins Development Guidelines", plugin output and performance data:
// "TEXT | 'label'=value;warn;crit;min;max". Pure.
#pragma once

#include <string>

#include "reporter/report.h"

namespace repo {

std::string nagios_of(const Report& report, const StatusOptions& options);

// Nagios' own: 0 OK, 1 WARNING, 2 CRITICAL; 3 UNKNOWN where nothing could be read.
inline constexpr int kNagiosUnknown = 3;
int nagios_status_of(const Report& report);

}  // namespace repo

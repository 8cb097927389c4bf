// The report as lines for the system log: one for the run, and one for each item. Pure.
#pragma once

#include <string>
#include <vector>

#include "reporter/report.h"

namespace repo {

struct LogLine {
  Severity severity = Severity::kNote;
  std::string text;  // one line
};

// key=value, so that they can be searched: what people and programs look for stands in front.
std::vector<LogLine> log_lines_of(const Report& report);

}  // namespace repo

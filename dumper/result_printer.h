// How a person, or a program, reads the results of a run.
#pragma once

#include <string>

#include "dumper/record.h"

namespace repo {

// One line: "copied  svn  /srv/svn/alpha  (r123, 1.2 MiB, 0.35 s)", or "FAILED  hg  /x: why".
std::string text_line(const ItemResult& result);

std::string text_summary(const RunSummary& summary, const std::string& target);

}  // namespace repo

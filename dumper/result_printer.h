// How a person, or a program, reads the results of a run.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "dumper/record.h"

namespace repo {

// One line: "copied  svn  /srv/svn/alpha  (r123, 1.2 MiB, 0.35 s)", or "FAILED  hg  /x: why"; below
// a failure, indented, the last lines that a tool has printed about it.
std::string text_line(const ItemResult& result);
// Of a dry run.
std::string plan_line(const ItemResult& result);
std::string text_line(const GoneCopy& gone);
std::string plan_line(const GoneCopy& gone);
// A message about copies whose sources the scan did not look for, of which there are some.
std::string text_of_unseen(const std::vector<GoneCopy>& copies);
std::string forgotten_line(const GoneCopy& gone);

// A row for each kind with its numbers, and one of all; empty where there is one kind alone.
std::string text_table(const std::vector<ItemResult>& results);
std::string text_summary(const RunSummary& summary, const std::string& target);

// "12 of 400 items, 1.2 GiB, 34.0 MiB/s"
std::string progress_text(const ProgressCounts& counts);

}  // namespace repo

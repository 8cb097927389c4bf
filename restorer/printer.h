// How a person reads what repo-restore tells. Pure: one line an item, names made harmless.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"
#include "dumper/copies.h"
#include "dumper/proof.h"
#include "restorer/json_lines.h"

namespace repo {

std::string list_text(const CopiedItem& item, UtcTime now);
std::string show_text(const CopiedItem& item, const std::string& root, UtcTime now);
std::string restore_text(const RestoreResult& result);
std::string drill_text(const DrillResult& result);
std::string scrub_text(const ScrubResult& result);

std::string restore_summary_text(const RestoreSummary& summary);
// `items` are all that there are: the oldest proof is what a person wants to know.
std::string drill_summary_text(const RestoreSummary& summary, const std::vector<CopiedItem>& items,
                               UtcTime now);
std::string scrub_summary_text(const RestoreSummary& summary);

}  // namespace repo

// What repo-restore --json prints: a line for each item, and a summary
// (docs/schemas/restore.schema.json). The only place of the restorer that knows JSON.
#pragma once

#include <string>

#include "dumper/copies.h"
#include "restorer/restore_item.h"
#include "restorer/scrub_result.h"

namespace repo {

std::string copy_line(const CopiedItem& item);  // of list and show
std::string restore_line(const RestoreResult& result);
std::string scrub_line(const ScrubResult& result);

struct RestoreSummary {
  const char* command = "";  // "restore", "drill", "scrub"
  std::size_t good = 0;      // restored, passed, whole
  std::size_t bad = 0;       // failed, damaged
  std::size_t left = 0;      // of a restore: something is there already
  std::size_t not_run = 0;   // could not be tried
  std::size_t waiting = 0;   // for which the budget was not enough
  std::size_t unproven = 0;  // of a drill: items that no drill has proven for so long (--stale)
  std::uint64_t bytes = 0;
  double seconds = 0;
  int exit_status = 0;
};
std::string summary_line(const RestoreSummary& summary);

// control/ledger: a run of drills, when it begins and when it has ended.
std::string drills_began_line(UtcTime time, std::size_t owed);
std::string drills_ended_line(UtcTime time, const RestoreSummary& summary);

}  // namespace repo

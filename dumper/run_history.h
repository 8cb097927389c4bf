// The record of a run (run_log.h) and the ledger read back, for reports. Pure.
//
// Schemas: docs/schemas/run.schema.json, ledger.schema.json. What a newer version has added is
// passed over; what is of another format or version, cut or malformed is an error, never half a
// record.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dumper/proof.h"
#include "dumper/record.h"

namespace repo {

enum class RunState { kRunning, kEnded, kDied };
const char* name_of(RunState state);  // "running"

struct PastRun {
  RunState state = RunState::kRunning;
  std::string host;
  UtcTime started;
  std::optional<RunSummary> summary;
  // Of `error` the message alone is set: the whole line, and of `output` what the tool said.
  // Fingerprints are not read.
  std::vector<ItemResult> items;
  std::vector<GoneCopy> gone;
};
Result<PastRun> read_run_record(std::string_view text);

// What the ledger says of a run: its lines put together.
struct LedgerRun {
  std::string run;  // the stamp that its record is called by
  RunState state = RunState::kRunning;
  std::optional<UtcTime> began;
  std::optional<UtcTime> ended;  // of one that died: when that was seen
  std::size_t owed = 0;          // items that it set out to copy
  std::optional<RunSummary> summary;
};

// How the tools of a night ended, as the script that ran them has seen it.
struct LedgerNight {
  UtcTime time;
  std::vector<std::pair<std::string, int>> ended;  // "repo-scan", 0; in their order
};

struct Ledger {
  std::vector<LedgerRun> runs;  // in the order of their first line
  std::vector<DrillResult> drills;
  std::vector<LedgerNight> nights;
  std::size_t unreadable = 0;  // lines since the last run that ended: older ones say nothing new
};
// `text` may begin and end in the middle of a line: it is a piece of the file. Such a line is
// passed over, and counts as unreadable only where it is neither the first nor the last.
Ledger read_ledger(std::string_view text);

// A line of the ledger, with its newline.
std::string ledger_line(const LedgerNight& night);

}  // namespace repo

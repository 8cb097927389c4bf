// What there is to report from: the records of a dump root. Only read; no lock is taken, and
// nothing of a repository is looked at. It works while a run is at work, after one that died, and
// on a read-only dump root.
//
// What cannot be read is in `unreadable`, never passed over in silence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dumper/copies.h"
#include "dumper/run_history.h"
#include "scanner/manifest.h"

namespace repo {

struct ReportedRun {
  std::string stamp;  // that its record is called by
  PastRun run;        // kRunning: it is at work now; one that was killed is kDied
};

struct Records {
  std::string dir;  // canonical
  std::vector<CopiedItem> items;
  std::vector<std::string> missing_copies;  // "svn/ID": there are proofs of it, and no copy
  std::vector<std::string> without_data;  // "svn/ID": its current copy has lost data/ or SHA256SUMS
  // From new to old: the newest kRecentRuns, more where an item is in none of these, and of the
  // year before some, evenly: a report shows how sizes went, and need not read all.
  std::vector<ReportedRun> runs;
  Ledger ledger;  // of its end: kLedgerRead bytes
  // What the runs went by, without its text. `manifest` is the newest, `manifest_before` the newest
  // other one of the same roots; `others` are of other roots, from new to old.
  std::optional<Manifest> manifest;
  std::optional<Manifest> manifest_before;
  std::vector<Manifest> others;
  bool has_newest_manifest = true;  // else the newest one there is cannot be read
  // Paths relative to `dir`. What could not be read and is older than what could be is in `passed`.
  std::vector<Error> unreadable;
  std::vector<Error> passed;
  std::vector<std::string> future;  // records whose time is still to come
};

// Clocks of machines that share a dump root differ, and are set.
inline constexpr std::chrono::hours kClockMayDiffer{1};
inline constexpr std::size_t kRecentRuns = 14;
inline constexpr std::size_t kEarlierRuns = 14;
inline constexpr std::size_t kMostRuns = 120;  // also where an item is in none of these
inline constexpr std::size_t kLedgerRead = std::size_t{4} << 20;

// Error: there is no dump root that could be read. `now`: what is more than an hour later is of
// the future, and counts for nothing.
Result<Records> read_records(const std::string& dir, UtcTime now);

// Of records, named by their times, from new to old: those that a report reads. Pure.
std::vector<std::string> choose_records(const std::vector<std::string>& newest_first);

}  // namespace repo

// What a run leaves behind in control/, from its first moment on:
//
// - runs/<stamp>.json: its record (docs/schemas/run.schema.json), "running" until it ends;
// - runs/<stamp>.items: while it runs, a result line for each item that has ended;
// - ledger: a line when a run begins, with the number of items that it owes, and one when it has
//   ended or died (docs/schemas/ledger.schema.json).
//
// A run that is killed leaves a record that says "running", and its items. Whoever holds the lock
// next knows that it died: bury_dead_runs() says so in the record, with the items.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/dump_root.h"
#include "dumper/record.h"

namespace repo {

class RunLog {
 public:
  // `record` without summary and results. On disk when this returns. `root` outlives the log.
  static Result<RunLog> begin(const DumpRoot& root, RunRecord record, std::size_t owed);

  // Threads: several at once. Not synced: it is for a run that is killed, not for a power cut.
  Status add(const ItemResult& result) const;

  // Replaces the record; on disk when this returns. The error's path is relative to control/.
  Status end(const RunSummary& summary, const std::vector<ItemResult>& results,
             const std::vector<GoneCopy>& gone);

 private:
  RunLog(const DumpRoot& root, RunRecord record, std::string name)
      : root_(&root), record_(std::move(record)), name_(std::move(name)) {}

  const DumpRoot* root_;
  RunRecord record_;
  std::string name_;  // the stamp
  UniqueFd items_;
};

// Also removes what runs have left that were killed while they wrote a record, and records of runs
// beyond the newest kRunsKept. Returns what could not be done.
std::vector<Error> bury_dead_runs(const DumpRoot& root);

inline constexpr std::size_t kRunsKept = 1000;

}  // namespace repo

// What a run leaves behind in control/, from its first moment on:
//
// - runs/<stamp>.json: its record (docs/schemas/run.schema.json), "running" until it ends;
// - runs/<stamp>.items: while it runs, a result line for each item that has ended. The run holds a
//   write lock on it (F_OFD_SETLK, fcntl(2)), so that whoever only looks can tell whether it lives;
// - manifests/<stamp>.json: the manifest that it goes by, as it was read; the newest are kept;
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
  // `record` without summary and results; `manifest` is the text that the run goes by. On disk when
  // this returns. `root` outlives the log. What only reports need and could not be done, the lock
  // and the manifest, is in lacks(): the run can go on.
  static Result<RunLog> begin(const DumpRoot& root, RunRecord record, std::string_view manifest,
                              std::size_t owed);

  const std::vector<Error>& lacks() const { return lacks_; }

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
  std::vector<Error> lacks_;
};

// Also removes what runs have left that were killed while they wrote a record, and records of runs
// beyond the newest kRunsKept. Returns what could not be done.
std::vector<Error> bury_dead_runs(const DumpRoot& root);

inline constexpr std::size_t kRunsKept = 1000;
inline constexpr std::size_t kManifestsKept = 8;
inline constexpr const char* kManifests = "manifests";  // in control/

// The result lines that the run of this name has left in the open folder runs/; the last one may be
// cut.
std::vector<std::string> item_lines(int runs, const std::string& run);

// Whether the run that writes to this open .items file is still there. Takes no lock.
bool is_running(int items);

}  // namespace repo

// One item from its source to a published generation. The order of the steps is what makes a run
// safe: nothing of `current` is touched before its successor is verified and on disk.
//
//   open the source and see that it is what the manifest says → stage → copy → verify with the
//   kind's own tool → compare fingerprints → seal (hash, modes, times, owners) → write item.json →
//   syncfs → publish → record → retention
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "dumper/allowance.h"
#include "dumper/command_runner.h"
#include "dumper/dump_root.h"
#include "dumper/dumper.h"
#include "dumper/plan.h"
#include "dumper/record.h"
#include "dumper/reuse.h"

namespace repo {

// What was seen of an item before anything of it was copied.
struct Survey {
  TreeLook look;
  std::vector<std::string> nested;  // repositories inside, relative to the source's path
  std::uint64_t entries = 0;        // files, directories and links
  // Of these, what a generation may share with the next: files, and their bytes on disk.
  std::uint64_t immutable_files = 0;
  std::uint64_t immutable_bytes = 0;
};

struct ItemContext {
  const DumpRoot& root;
  const CommandRunner& runner;
  std::string host;
  std::string tool_version;
  std::uint32_t uid = 0;  // for the sandbox: one that no concurrent item has
  int keep = 2;
  std::chrono::seconds stall;
  std::chrono::seconds max_time;
  std::optional<GenerationSummary> previous;  // the current generation, where there is one
  bool unreadable_previous = false;           // there is one, and its record cannot be read
  Reuse reuse;                                // of previous
  bool accepted = false;                      // retention's doubts about this item are answered
  Progress* progress = nullptr;
  Allowance* room = nullptr;  // null: no limit
  // Told of the result once it is published, before retention removes anything.
  std::function<Status(const ItemResult&)> record = nullptr;
};

// Opens the source as open_source() does and looks at all of it.
Result<Survey> survey_item(const PlanItem& item, const Dumper& dumper, const Patience& patience);

// Never throws but for want of memory; whatever fails is in the result, and then `current` is as it
// was and staging is empty of this item. The exception: where publishing itself fails (publish.h),
// `current` may be the new copy already, and the one before it lies in staging for the next run.
ItemResult dump_item(const PlanItem& item, const Survey& survey, const Dumper& dumper,
                     const ItemContext& context);

// The result of an item whose current generation is what a copy would be.
ItemResult unchanged_item(const PlanItem& item, const GenerationSummary& current);

// The result of an item that `error` ended: vanished, failed, or skipped because of a stop.
ItemResult failed_item(const PlanItem& item, const Error& error);

// The directory of a repository, opened without following a link anywhere and compared with what
// the manifest says: device, inode, owner, kind. ENOENT or ENOTDIR where it has vanished.
Result<UniqueFd> open_source(const Repository& source);

}  // namespace repo

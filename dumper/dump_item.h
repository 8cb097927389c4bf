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

#include "dumper/allowance.h"
#include "dumper/command_runner.h"
#include "dumper/dump_root.h"
#include "dumper/dumper.h"
#include "dumper/plan.h"
#include "dumper/record.h"
#include "dumper/reuse.h"
#include "dumper/source.h"

namespace repo {

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
  std::string previous_is_bad;                // why, where it is known to be damaged; else empty
  Reuse reuse;                                // of previous
  bool accepted = false;                      // retention's doubts about this item are answered
  Progress* progress = nullptr;
  Allowance* room = nullptr;  // null: no limit
  ServerOptions servers{};
  // Told of the result once it is published, before retention removes anything.
  std::function<Status(const ItemResult&)> record = nullptr;
};

// Never throws but for want of memory; whatever fails is in the result, and then `current` is as it
// was and staging is empty of this item. The exceptions: a copy in which something is missing is
// published, and the result is kFailed with its generation (is_published()); where publishing
// itself fails (publish.h), `current` may be the new copy already, and the one before it lies in
// staging for the next run.
ItemResult dump_item(const PlanItem& item, const Survey& survey, const Dumper& dumper,
                     const ItemContext& context);

}  // namespace repo

// One item from its source to a published generation. The order of the steps is what makes a run
// safe: nothing of `current` is touched before its successor is verified and on disk.
//
//   open the source and see that it is what the manifest says → stage → copy → verify with the
//   kind's own tool → compare fingerprints → seal (hash, modes, times) → write SHA256SUMS, owners,
//   item.json → syncfs → publish → retention
#pragma once

#include <chrono>
#include <string>

#include "dumper/command_runner.h"
#include "dumper/dump_root.h"
#include "dumper/dumper.h"
#include "dumper/plan.h"
#include "dumper/record.h"

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
};

// Never throws but for want of memory; whatever fails is in the result, and then `current` is as it
// was and staging is empty of this item. The exception: where publishing itself fails (publish.h),
// `current` may be the new copy already, and the one before it lies in staging for the next run.
ItemResult dump_item(const PlanItem& item, const Dumper& dumper, const ItemContext& context);

// The directory of a repository, opened without following a link anywhere and compared with what
// the manifest says: device, inode, owner, kind. ENOENT or ENOTDIR where it has vanished.
Result<UniqueFd> open_source(const Repository& source);

}  // namespace repo

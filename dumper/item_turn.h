// An item's turn in a run: what becomes of it, told to the run's log.
#pragma once

#include <string>

#include "dumper/allowance.h"
#include "dumper/options.h"
#include "dumper/record.h"
#include "dumper/run_item.h"
#include "dumper/run_log.h"
#include "dumper/tools.h"

namespace repo {

// What the items of a run have in common. All of it outlives the turns.
struct TurnContext {
  const DumpOptions& options;
  const DumpRoot& root;
  const Tools& tools;
  const std::string& host;
  Progress* progress;
  const RunLog& log;
};

// Copies the item, or says why not; never throws. `worker`: of those that work at the same time no
// two have the same number; the sandbox's user is chosen by it. Threads: several at once.
ItemResult take_turn(const RunItem& item, int worker, Allowance* room, const TurnContext& context);

}  // namespace repo

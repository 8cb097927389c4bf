// The looks that a run takes before it copies anything: at every source, at the generation that
// each item has, and at the room on the target.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dumper/dump_root.h"
#include "dumper/run_item.h"

namespace repo {

// What is free for us on the target's file system.
Result<Room> room_in(const DumpRoot& root);

// Calls `work` for each item, several at once.
using ForEachItem = std::function<void(const std::function<void(RunItem&)>& work)>;

// Fills survey, or unreadable: such an item fails when its turn comes. Then the size is known, and
// with it the decision of the policy.
void survey_sources(const ForEachItem& for_each, const Policy& policy, const Patience& patience);

// Fills previous, previous_is_bad and reuse from the current generations and what is proven of
// them, and takes what they can stand for off what the item needs.
void find_reusable(const ForEachItem& for_each, const DumpRoot& root, const ReusePolicy& policy,
                   const Patience& patience);

// Refuses each item that alone is more than what is free: its owner must not be able to keep all
// others from being copied. The sentence says that the rest does not fit either, and that nothing
// is to be copied.
Result<std::optional<std::string>> find_room(const DumpRoot& root, std::vector<RunItem>& items,
                                             int jobs, int keep);

}  // namespace repo

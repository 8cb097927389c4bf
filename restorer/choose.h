// Which items a person, or the clock, means. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dumper/copies.h"

namespace repo {

// The items that `words` name by id or original path, of the kinds in `kinds` (empty: all); without
// words all of them. In the order of `items`. The error says which word names nothing, and the
// nearest names that there are.
Result<std::vector<const CopiedItem*>> choose_items(const std::vector<CopiedItem>& items,
                                                    const std::vector<std::string>& words,
                                                    const std::set<std::string>& kinds);

// Up to three of `names` that are most like `word`: by the fewest letters to change, where the last
// part of a path counts as much as all of it, which decides between two that are as near.
std::vector<std::string> nearest_names(const std::string& word,
                                       const std::vector<std::string>& names);

// Those without a passed drill in the last `stale`. A proof from the future counts as none.
std::vector<const CopiedItem*> without_proof(std::vector<const CopiedItem*> items,
                                             std::chrono::seconds stale, UtcTime now);

// In the order in which they are to be drilled: those never proven, then the oldest proof first.
// One that was tried since its proof goes by that time: what cannot be proven does not keep the
// others from their turn.
void oldest_proof_first(std::vector<const CopiedItem*>& items);

// How long a drill of it took the last time; nothing where that is not known.
std::optional<std::chrono::duration<double>> expected_time(const CopiedItem& item);

}  // namespace repo

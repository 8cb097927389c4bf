// The items of a report, counted: what every channel tells in numbers. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "reporter/report.h"

namespace repo {

struct Tally {
  std::size_t items = 0;   // but for those that are only listed
  std::size_t failed = 0;  // by the worst that is said of each
  std::size_t warned = 0;
  std::size_t good = 0;
  std::size_t unproven = 0;  // no drill has passed
  std::size_t listed = 0;    // by the policy, and in no copy
  std::uint64_t bytes = 0;   // of all current copies
  std::optional<UtcTime> oldest_proof;
};
Tally tally_of(const Report& report);

// By a rule of the policy, and in no copy.
inline bool is_only_listed(const ItemState& item) {
  return item.generation.empty() && !item.listed_by.empty();
}

}  // namespace repo

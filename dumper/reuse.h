// What of the current generation can stand for tonight's copy. Pure.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "dumper/record.h"

namespace repo {

struct ReusePolicy {
  bool full = false;                      // nothing is reused
  std::chrono::seconds verify_all_every;  // how long a verification of the whole is good for
  std::chrono::seconds full_every;        // how long files are shared before all are copied again
};

struct Reuse {
  bool unchanged = false;  // it is what a copy would be
  bool share = false;      // its immutable files may be shared
  bool verified = false;   // what is shared needs no second verification
  bool changed = false;    // the copy is not what was recorded: somebody or something changed it
};

// `source` is the look at the source, `copy` the digest of the current generation's own files as
// they are now (empty: they could not be looked at). A clock that went back makes everything due.
Reuse what_to_reuse(const GenerationSummary& current, const TreeLook& source,
                    const std::string& copy, const ReusePolicy& policy, UtcTime now);

// Why the generations before the new one must be left alone: what was so before, unless it was
// accepted; the kind's own alarm; a size that fell by more than half.
std::vector<std::string> reasons_to_freeze(const GenerationSummary& before, bool accepted,
                                           const std::optional<std::string>& alarm,
                                           std::uint64_t bytes_now);

}  // namespace repo

#include "dumper/reuse.h"

#include <fmt/format.h>

#include <algorithm>

#include "dumper/space.h"

namespace repo {

Reuse what_to_reuse(const GenerationSummary& current, const TreeLook& source,
                    const std::string& copy, const ReusePolicy& policy, UtcTime now) {
  Reuse reuse;
  reuse.changed = !policy.full && !current.copy_look.empty() && copy != current.copy_look;
  if (policy.full || copy.empty() || reuse.changed) return reuse;
  auto is_recent = [now](const std::optional<UtcTime>& time, std::chrono::seconds span) {
    return time && *time <= now && now - *time < span;
  };
  reuse.share = is_recent(current.copied_whole, policy.full_every);
  const bool is_verified = is_recent(current.verified_whole, policy.verify_all_every);
  reuse.verified = reuse.share && is_verified;
  // One that is due to be copied whole is copied even where nothing has changed.
  reuse.unchanged =
      reuse.verified && !current.source_look.empty() && current.source_look == source.digest;
  return reuse;
}

std::vector<std::string> reasons_to_freeze(const GenerationSummary& before, bool accepted,
                                           const std::optional<std::string>& alarm,
                                           std::uint64_t bytes_now) {
  std::vector<std::string> reasons;
  if (accepted) return reasons;
  reasons = before.frozen;
  auto add = [&](const std::string& reason) {
    if (std::find(reasons.begin(), reasons.end(), reason) == reasons.end()) {
      reasons.push_back(reason);
    }
  };
  if (alarm) add(*alarm);
  constexpr std::uint64_t kWorthAWord = std::uint64_t{1} << 20;
  if (before.bytes >= kWorthAWord && bytes_now * 2 < before.bytes) {
    add(fmt::format("it shrank from {} to {}", human_bytes(before.bytes), human_bytes(bytes_now)));
  }
  return reasons;
}

}  // namespace repo

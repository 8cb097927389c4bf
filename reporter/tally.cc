#include "reporter/tally.h"

namespace repo {

Tally tally_of(const Report& report) {
  Tally tally;
  for (const ItemState& item : report.items) {
    tally.bytes += item.bytes;
    if (is_only_listed(item)) {
      ++tally.listed;
      continue;
    }
    ++tally.items;
    const std::optional<Severity> severity = item.severity();
    if (severity == Severity::kFailure) {
      ++tally.failed;
    } else if (severity == Severity::kWarning) {
      ++tally.warned;
    } else {
      ++tally.good;
    }
    if (!item.proven) {
      ++tally.unproven;
    } else if (!tally.oldest_proof || *item.proven < *tally.oldest_proof) {
      tally.oldest_proof = item.proven;
    }
  }
  return tally;
}

}  // namespace repo

// DISASTER.md: what to do when the whole machine is lost, with the sizes of all that there is and
// the times that drills have measured. It lies at the top of the dump root, so that it is at hand
// where the copies are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dumper/dump_root.h"

namespace repo {

struct DisasterItem {
  std::string id;
  std::string kind;
  std::string path;  // raw bytes; empty: its record cannot be read
  std::string generation;
  std::uint64_t bytes = 0;
  std::optional<double> restore_seconds;  // as the last drill that passed has measured
  std::optional<UtcTime> proven;          // by a drill
  bool is_bad = false;
};

// Pure. What no drill has measured is estimated from those that were, by its size.
std::string disaster_text(std::vector<DisasterItem> items, const std::string& host, UtcTime now);

// Reads all records and proofs, and writes DIR/DISASTER.md whole or not at all. Needs no lock.
Status write_disaster_file(const DumpRoot& root, const std::string& host);

}  // namespace repo

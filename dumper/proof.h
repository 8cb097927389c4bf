// What is proven of an item's copies: by drills, which restore one and use it (docs/restore.md),
// and by scrubs, which read all of it again. One small document an item,
// control/proofs/<kind>/<id>.json (docs/schemas/proof.schema.json). repo-restore writes it;
// repo-dump only reads it, so that the two may run at the same time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace repo {

enum class DrillState {
  kPassed,  // restored, used, and compared: it is what the record says
  kFailed,  // the copy is not that
  kNotRun,  // it could not be tried, which says nothing of the copy
};
const char* name_of(DrillState state);

struct DrillResult {
  std::string id;
  std::string kind;
  std::string path;        // of the source, raw bytes
  std::string generation;  // that was drilled
  UtcTime time;            // when the drill ended
  DrillState state = DrillState::kNotRun;
  double seconds = 0;                 // in all
  double restore_seconds = 0;         // of these, until the copy was restored
  std::uint64_t bytes = 0;            // of the copy
  std::vector<std::string> compared;  // for people: what was done and found equal
  std::string error;                  // why it did not pass
  std::string tool_output;            // what a tool has said about that
  std::string whole_instead;          // an older generation that is whole by its digests
};

struct Proof {
  std::optional<DrillResult> passed;       // the last that did; without id, kind and path
  std::optional<DrillResult> last;         // the last one, however it ended
  std::map<std::string, std::string> bad;  // generations that are damaged, and why
  std::optional<UtcTime> scrubbed;         // when all generations were read and found whole

  // The last time that a restore of this generation, or of one before it, was proven.
  std::optional<UtcTime> proven() const {
    return passed ? std::optional(passed->time) : std::nullopt;
  }
  const std::string* why_bad(const std::string& generation) const {
    const auto found = bad.find(generation);
    return found == bad.end() ? nullptr : &found->second;
  }
};

std::string write_proof(const Proof& proof);
// An empty one where the text is none: then nothing is proven.
Proof read_proof(std::string_view text);

// `control` is the open folder DIR/control, or < 0: there is none. Empty where there is no proof.
Proof load_proof(int control, const std::string& kind, const std::string& id);
Status save_proof(int control, const std::string& kind, const std::string& id, const Proof& proof);
Status forget_proof(int control, const std::string& kind, const std::string& id);

// A line of the ledger, with its newline (docs/schemas/ledger.schema.json), and what
// repo-restore --drill --json prints.
std::string drill_line(const DrillResult& result);

}  // namespace repo

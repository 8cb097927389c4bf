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
  bool intact = false;                // kFailed: it is what was recorded, and cannot be used
  std::string tool_output;            // what a tool has said about that
  std::string whole_instead;          // an older generation that is whole by its digests
};

struct Proof {
  std::optional<DrillResult> passed;  // the last that did; without id, kind and path
  std::optional<DrillResult> last;    // the last one, however it ended
  // Generations that are damaged: they are not what was recorded; and why.
  std::map<std::string, std::string> bad;
  // Those that are what was recorded, and that a drill could not use; and why.
  std::map<std::string, std::string> unusable;
  std::optional<UtcTime> scrubbed;  // when all generations were read and found whole

  // The last time that a drill passed, where nothing has spoken against it since: no later drill
  // failed, and neither that generation nor one after it is known to be bad.
  std::optional<UtcTime> proven() const;
  // Damaged or unusable; null where nothing is known against the generation.
  const std::string* why_bad(const std::string& generation) const;
  // Of the generations from `oldest` on, one that is damaged; null: none.
  const std::string* why_bad_since(const std::string& oldest) const;
};

std::string write_proof(const Proof& proof);
// An error where the text is none: what was found against a copy may be lost with it.
Result<Proof> read_proof(std::string_view text);

// `control` is the open folder DIR/control, or < 0: there is none. Empty where there is no proof.
// The error's path is relative to control/.
Result<Proof> load_proof(int control, const std::string& kind, const std::string& id);
// On disk when this returns.
Status save_proof(int control, const std::string& kind, const std::string& id, const Proof& proof);
Status forget_proof(int control, const std::string& kind, const std::string& id);

// A line of the ledger, with its newline (docs/schemas/ledger.schema.json), and what
// repo-restore --drill --json prints.
std::string drill_line(const DrillResult& result);
std::optional<DrillResult> read_drill_line(std::string_view line);

}  // namespace repo

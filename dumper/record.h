// The documents that repo-dump writes: the record of a generation (item.json), the result lines of
// a run, and the record of a run. The only place of the dumper that knows JSON.
//
// Schemas: docs/schemas/item.schema.json, result.schema.json, run.schema.json, ledger.schema.json.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dumper/seal.h"
#include "scanner/repository.h"

namespace repo {

// A flag in the fingerprint of a copy that has less than its source's directory: a file-level
// backup must not leave that out.
inline constexpr const char* kIsPartial = "partial";

// item.json
struct ItemRecord {
  std::string id;
  Repository source;  // its detail is what the scan saw
  std::string host;
  std::string generation;                 // a stamp (clock.h)
  std::optional<UtcTime> verified_whole;  // the kind's tool has read all of it; a user's kind may
                                          // have no such tool
  std::optional<UtcTime> verified_new;    // … what was new in this generation
  UtcTime copied_whole;                   // nothing shared with an earlier generation
  std::string tool;                       // "svnadmin"
  std::string tool_version;
  Detail fingerprint;
  std::vector<std::string> notes;
  std::optional<double> lock_seconds;
  Totals totals;
  std::string checksums_sha256;      // of SHA256SUMS
  std::string owners_sha256;         // of owners
  std::string links_sha256;          // of the symbolic links (Sealed)
  TreeLook source_look;              // before the copy began
  TreeLook copy_look;                // of everything beside item.json, Changes::kContent
  std::vector<std::string> frozen;   // why retention leaves the generations before this one alone
  std::vector<std::string> missing;  // CopyFacts::missing
  std::string by_hand{};             // CopyFacts::by_hand: for RESTORE.md, and not in item.json
};
std::string write_item_record(const ItemRecord& record);

// What later runs, restores and drills need of item.json; the error says what is wrong with it.
// Empty or 0 where the record does not tell.
struct GenerationSummary {
  // Whether the record is what was written: it ends with a digest of itself. One that is from
  // before there was one counts as whole.
  bool is_intact = true;
  std::string id;
  std::string kind;
  std::string path;   // of the source, raw bytes
  std::string store;  // likewise
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string host;
  std::string generation;
  Totals totals;
  std::uint64_t bytes = 0;   // totals.bytes
  std::uint64_t shared = 0;  // of these, with the generation before
  Detail fingerprint;
  std::vector<std::string> notes;
  std::optional<UtcTime> verified_whole;
  std::optional<UtcTime> copied_whole;
  std::string source_look;       // digest; empty where the look cannot be relied on
  std::string copy_look;         // digest
  std::string checksums_sha256;  // of SHA256SUMS
  std::string owners_sha256;     // of owners
  std::string links_sha256;      // of the symbolic links (Sealed)
  std::vector<std::string> frozen;
  std::vector<std::string> missing;  // what should be in it, a sentence each
};
Result<GenerationSummary> read_item_record(std::string_view text);

enum class ItemStatus { kCopied, kUnchanged, kFailed, kVanished, kSkipped };
const char* name_of(ItemStatus status);

struct ItemResult {
  std::string id;
  std::string kind;
  std::string path;
  ItemStatus status = ItemStatus::kSkipped;
  double seconds = 0;
  std::uint64_t bytes = 0;          // of the copy
  std::uint64_t bytes_written = 0;  // of these, what no earlier generation has
  // Of a dry run: what a copy would need. Such an item is kSkipped, without an error.
  std::optional<std::uint64_t> bytes_needed;
  std::string generation;
  Detail fingerprint;
  std::optional<double> lock_seconds;
  std::vector<std::string> notes;
  bool is_unverified = false;  // kCopied: no tool has read it, since its kind names none
  bool is_alarming = false;    // a note says that somebody must look at it: shown with --quiet, too
  std::string listed_by;       // kSkipped: the rule of the policy
  std::optional<Error> error;
};

// A published copy whose source a complete scan did not find any more.
struct GoneCopy {
  std::string id;
  std::string kind;
  std::string path;
  std::uint64_t bytes = 0;  // of the current generation
  std::string generation;
  bool still_there = false;  // but its directory is: it may be damaged
  bool forgotten = false;    // by this run, or would be by it: --forget
};

struct RunSummary {
  bool scan_complete = true;  // what the manifest says of itself
  UtcTime started;
  UtcTime finished;
  std::map<ItemStatus, std::size_t> counts;
  std::size_t count(ItemStatus status) const {
    const auto found = counts.find(status);
    return found == counts.end() ? 0 : found->second;
  }
  std::size_t listed = 0;  // by the policy, and not among the skipped
  std::size_t gone = 0;
  std::size_t unverified = 0;  // of the copied ones
  std::uint64_t bytes = 0;
  std::uint64_t bytes_written = 0;
  std::optional<std::uint64_t> bytes_needed;  // of a dry run
  double seconds = 0;
  int exit_status = 0;
};

// One JSON line each, with its newline.
std::string result_line(const ItemResult& result);
std::string gone_line(const GoneCopy& gone);
std::string summary_line(const RunSummary& summary);

// control/runs/<stamp>.json; without a summary: a run that has begun.
struct RunRecord {
  std::string host;
  std::string tool;
  int pid = 0;
  UtcTime started;
  std::optional<RunSummary> summary;
  const std::vector<ItemResult>* results = nullptr;
  const std::vector<GoneCopy>* gone = nullptr;
  std::string manifest_sha256{};     // of what the run went by
  std::optional<UtcTime> scanned{};  // when that scan ended
};
std::string write_run_record(const RunRecord& record);
// The record of a run that says "running" and whose process is gone, with the result lines that it
// has left (what is no whole line is left out); nothing where the record says something else.
std::optional<std::string> died(std::string_view run_record,
                                const std::vector<std::string>& item_lines);

// control/ledger: one line each, with its newline. `run` is the stamp that the record is called by.
std::string ledger_line_began(const std::string& run, const RunRecord& record, std::size_t owed);
std::string ledger_line_ended(const std::string& run, const RunRecord& record);
std::string ledger_line_died(const std::string& run, UtcTime seen);

}  // namespace repo

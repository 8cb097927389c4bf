// The documents that repo-dump writes: the record of a generation (item.json), the result lines of
// a run, and the record of a run. The only place of the dumper that knows JSON.
//
// Schemas: docs/schemas/item.schema.json, result.schema.json, run.schema.json.
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

// item.json
struct ItemRecord {
  std::string id;
  Repository source;  // its detail is what the scan saw
  std::string host;
  std::string generation;  // a stamp (clock.h)
  UtcTime verified;
  std::string tool;  // "svnadmin"
  std::string tool_version;
  Detail fingerprint;
  std::vector<std::string> notes;
  std::optional<double> lock_seconds;
  Totals totals;
  std::string checksums_sha256;  // of SHA256SUMS
  std::string owners_sha256;     // of owners
};
std::string write_item_record(const ItemRecord& record);

// What later runs need of item.json; the error says what is wrong with it.
struct GenerationSummary {
  std::string generation;
  std::uint64_t bytes = 0;
};
Result<GenerationSummary> read_item_record(std::string_view text);

enum class ItemStatus { kCopied, kFailed, kVanished, kSkipped };
const char* name_of(ItemStatus status);

struct ItemResult {
  std::string id;
  std::string kind;
  std::string path;
  ItemStatus status = ItemStatus::kSkipped;
  double seconds = 0;
  std::uint64_t bytes = 0;
  std::string generation;
  Detail fingerprint;
  std::optional<double> lock_seconds;
  std::vector<std::string> notes;
  std::optional<Error> error;
};

struct RunSummary {
  bool scan_complete = true;  // what the manifest says of itself
  UtcTime started;
  UtcTime finished;
  std::map<ItemStatus, std::size_t> counts;
  std::uint64_t bytes = 0;
  double seconds = 0;
  int exit_status = 0;
};

// One JSON line each, with its newline.
std::string result_line(const ItemResult& result);
std::string summary_line(const RunSummary& summary);

// control/runs/<stamp>.json; without a summary: a run that has begun.
struct RunRecord {
  std::string host;
  std::string tool;
  int pid = 0;
  UtcTime started;
  std::optional<RunSummary> summary;
  const std::vector<ItemResult>* results = nullptr;
};
std::string write_run_record(const RunRecord& record);

}  // namespace repo

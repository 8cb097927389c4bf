// Records by hand, for tests of what is made of them.
#pragma once

#include <chrono>
#include <string>

#include "reporter/report.h"

namespace repo::test {

inline const UtcTime kNow = *parse_rfc3339("2026-03-10T06:00:00Z");
inline constexpr const char* kHost = "web1";

inline UtcTime ago(std::chrono::seconds age) { return kNow - age; }

// An item with a current copy that was made `age` ago, and proven since.
inline CopiedItem copied(const std::string& path, std::chrono::seconds age,
                         const std::string& kind = "svn") {
  CopiedItem item;
  item.kind = kind;
  item.id = path.substr(1) + "-id";
  item.path = path;
  Generation generation;
  generation.stamp = stamp(ago(age));
  generation.place = "current/" + kind + "/" + item.id;
  generation.record.emplace();
  generation.record->path = path;
  generation.record->store = path;
  generation.record->generation = generation.stamp;
  generation.record->bytes = 1000;
  item.generations.push_back(generation);
  DrillResult drill;
  drill.generation = generation.stamp;
  drill.time = ago(age / 2);
  drill.state = DrillState::kPassed;
  drill.restore_seconds = 0.5;
  item.proof.passed = drill;
  item.proof.last = drill;
  return item;
}

inline ItemResult result_of(const CopiedItem& item, ItemStatus status) {
  ItemResult result;
  result.id = item.id;
  result.kind = item.kind;
  result.path = item.path;
  result.status = status;
  result.bytes = 1000;
  result.seconds = 2;
  if (status == ItemStatus::kFailed)
    result.error = plain_error("", "", "svnadmin: E160004: broken");
  return result;
}

// A run that ended `age` ago.
inline ReportedRun run_of(std::chrono::seconds age, std::vector<ItemResult> items,
                          int exit_status = 0) {
  ReportedRun reported;
  reported.stamp = stamp(ago(age + std::chrono::seconds(60)));
  PastRun& run = reported.run;
  run.state = RunState::kEnded;
  run.host = kHost;
  run.started = ago(age + std::chrono::seconds(60));
  run.summary.emplace();
  run.summary->started = run.started;
  run.summary->finished = ago(age);
  run.summary->seconds = 60;
  run.summary->exit_status = exit_status;
  for (const ItemResult& item : items) ++run.summary->counts[item.status];
  run.items = std::move(items);
  return reported;
}

inline ManifestItem found(const std::string& path, const std::string& kind = "svn") {
  ManifestItem item;
  item.id = path.substr(1) + "-id";
  item.repository.kind = kind;
  item.repository.path = path;
  item.repository.store = path;
  return item;
}

inline Manifest manifest_of(std::chrono::seconds age, std::vector<ManifestItem> items) {
  Manifest manifest;
  manifest.host = kHost;
  manifest.roots = {"/"};
  manifest.complete = true;
  manifest.started = ago(age);
  manifest.finished = ago(age);
  manifest.items = std::move(items);
  return manifest;
}

// Two items that were copied two hours ago, and are proven: all is good.
inline Records good_records() {
  using namespace std::chrono_literals;
  Records records;
  records.dir = "/var/data_backup";
  records.items = {copied("/srv/a", 2h), copied("/srv/b", 2h, "hg")};
  records.runs = {run_of(2h, {result_of(records.items[0], ItemStatus::kCopied),
                              result_of(records.items[1], ItemStatus::kCopied)})};
  records.manifest = manifest_of(2h + 2min, {found("/srv/a"), found("/srv/b", "hg")});
  return records;
}

inline Report report_of(const Records& records, const StatusOptions& options = {}) {
  return make_report(records, options, kNow, kHost);
}

// "what severity", worst first: "failed FAILED".
inline std::vector<std::string> findings_of(const std::vector<Finding>& findings) {
  std::vector<std::string> words;
  for (const Finding& finding : findings) {
    const char* word = finding.severity == Severity::kNote ? "note" : word_of(finding.severity);
    words.push_back(finding.what + " " + word);
  }
  return words;
}

inline const ItemState& item_of(const Report& report, const std::string& path) {
  for (const ItemState& item : report.items) {
    if (item.path == path) return item;
  }
  static const ItemState kNone;
  return kNone;
}

}  // namespace repo::test

#include "reporter/report_coverage.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "base/bytes_path.h"
#include "base/text.h"
#include "reporter/report_items.h"
#include "scanner/diff.h"
#include "scanner/kinds.h"

namespace repo {
namespace {

bool is_acknowledged(const std::string& path, const StatusOptions& options) {
  return std::any_of(options.acknowledged.begin(), options.acknowledged.end(),
                     [&](const std::string& each) { return is_within(path, each); });
}

void compare_scans(const Manifest& before, const Manifest& now, Coverage& coverage) {
  for (const DifferenceItem& each : compare(before, now)) {
    switch (each.what) {
      case Difference::kNew:
        coverage.added.push_back(each.path);
        break;
      case Difference::kGone:
        coverage.gone.push_back(each.path);
        break;
      case Difference::kMoved:
        coverage.moved.emplace_back(each.from, each.path);
        break;
      case Difference::kChanged:
      case Difference::kReplaced:
        coverage.replaced.push_back(each.path);
        break;
      case Difference::kUnknown:
        break;
    }
  }
}

// Said where the item is.
bool is_of_an_item(const Error& error, const std::vector<ItemState>& items) {
  return std::any_of(items.begin(), items.end(), [&](const ItemState& item) {
    return !item.found && !item.is_gone && is_within(error.path, item.path);
  });
}

std::optional<Finding> judge_age(const Coverage& coverage, const StatusOptions& options,
                                 UtcTime now) {
  constexpr std::chrono::hours kOld{48};
  if (!coverage.scanned || *coverage.scanned > now + kClockMayDiffer) {
    return Finding{Severity::kWarning, "scan", "when the last scan ended is not known"};
  }
  if (now - *coverage.scanned <= std::max<std::chrono::seconds>(kOld, options.expect)) {
    return std::nullopt;
  }
  return Finding{Severity::kWarning, "scan",
                 "the last scan on record is " + age_text(*coverage.scanned, now) +
                     " old: repositories made since then are in no copy",
                 "scan again: scripts/nightly"};
}

Finding judge_error(const Error& error) {
  const std::string text = "cannot " + harmless(error);
  if (error.op != "probe") {
    return {Severity::kWarning, "unreadable", "the scan could not look at this: " + text,
            "make it readable, keep it out (exclude of [repo-scan]), or name it in acknowledge of "
            "[repo-report]"};
  }
  return {Severity::kFailure, "unreadable", "a repository that is broken: " + text,
          "look at it: there is no copy of it; or name it in acknowledge of [repo-report]"};
}

}  // namespace

std::vector<const Manifest*> manifests_of(const Records& records) {
  std::vector<const Manifest*> all;
  if (records.manifest) all.push_back(&*records.manifest);
  for (const Manifest& manifest : records.others) all.push_back(&manifest);
  return all;
}

const Manifest* newest_manifest_of(const Records& records, const std::string& path) {
  for (const Manifest* manifest : manifests_of(records)) {
    for (const std::string& root : manifest->roots) {
      if (is_within(path, root)) return manifest;
    }
  }
  return nullptr;
}

std::vector<Error> scan_errors_of(const Records& records) {
  std::vector<Error> errors;
  for (const Manifest* manifest : manifests_of(records)) {
    for (const Error& error : manifest->errors) {
      const bool is_newest = newest_manifest_of(records, error.path) == manifest;
      // Not all are about a path below the roots.
      if (is_newest || manifest == &*records.manifest) errors.push_back(error);
    }
  }
  return errors;
}

Coverage coverage_of(const Records& records, const StatusOptions& options,
                     const std::vector<ItemState>& items) {
  Coverage coverage;
  if (!records.manifest) return coverage;
  const Manifest& manifest = *records.manifest;
  coverage.scanned = manifest.finished;
  coverage.complete = manifest.complete;
  coverage.errors = scan_errors_of(records);
  for (const Error& error : coverage.errors) {
    if (!is_acknowledged(error.path, options)) coverage.unreadable.push_back(error);
  }
  if (records.manifest_before) compare_scans(*records.manifest_before, manifest, coverage);
  for (const Manifest* each : manifests_of(records)) {
    for (const Pruned& pruned : each->pruned) {
      if (!pruned.notable || is_acknowledged(pruned.path, options)) continue;
      if (newest_manifest_of(records, pruned.path) == each) {
        coverage.not_looked_at.push_back(pruned);
      }
    }
  }
  for (const ItemState& item : items) {
    if (item.generation.empty() && item.listed_by.empty()) {
      coverage.not_dumped.push_back(item.path);
    }
  }
  return coverage;
}

namespace {

// Copies of kinds that users have defined and that the scan of their place knows no more, or not
// there: no new ones are made, and the old ones stay good. A scan of chosen kinds says nothing.
void judge_kinds(const Records& records, const StatusOptions& options, const Report& report,
                 std::vector<Finding>& findings) {
  std::map<std::string, std::size_t> of_kind;
  for (const ItemState& item : report.items) {
    if (is_built_in(item.kind) || is_acknowledged(item.path, options)) continue;
    const Manifest* manifest = newest_manifest_of(records, item.path);
    if (!manifest || !manifest->kinds.empty()) continue;
    if (!looked_for(*manifest, item.kind, item.path)) ++of_kind[item.kind];
  }
  for (const auto& [kind, count] : of_kind) {
    findings.push_back({Severity::kWarning, "not looked for",
                        printable(kind) + " is not looked for any more where " +
                            counted(count, "item") + " of it " + (count == 1 ? "was" : "were") +
                            ": no new copies are made",
                        "look at its file and its \"paths\" (repo-scan --check-kinds), or name the "
                        "places in acknowledge of [repo-report]"});
  }
}

}  // namespace

std::vector<Finding> judge_coverage(const Records& records, const StatusOptions& options,
                                    const Report& report) {
  const Coverage& coverage = report.coverage;
  std::vector<Finding> findings;
  if (!records.manifest) {
    if (report.runs.empty()) return {};
    return {{Severity::kWarning, "coverage",
             "no manifest is on record: what is in no copy is not known",
             "the next run leaves one"}};
  }
  judge_kinds(records, options, report, findings);
  if (auto old = judge_age(coverage, options, report.time)) findings.push_back(*std::move(old));
  for (const Error& error : coverage.unreadable) {
    if (!is_of_an_item(error, report.items)) findings.push_back(judge_error(error));
  }
  if (!coverage.complete && records.manifest->errors.empty()) {
    findings.push_back({Severity::kWarning, "unreadable", "the last scan was not complete"});
  }
  for (const Pruned& pruned : coverage.not_looked_at) {
    findings.push_back(
        {Severity::kWarning, "not looked at",
         "not looked at: " + printable(pruned.path) + " (" + printable(pruned.why) + ")",
         "scan it (repo-scan --help: --network, --fs, --layers, or as a ROOT), or name it in "
         "acknowledge of [repo-report]"});
  }
  for (const std::string& path : coverage.replaced) {
    findings.push_back({Severity::kWarning, "replaced",
                        "another repository than before: " + printable(path),
                        "look at it; the copies of the former one are kept"});
  }
  for (const auto& [from, to] : coverage.moved) {
    findings.push_back(
        {Severity::kNote, "moved", "moved: " + printable(from) + " to " + printable(to)});
  }
  for (const std::string& path : coverage.added) {
    findings.push_back({Severity::kNote, "new", "new: " + printable(path)});
  }
  return findings;
}

}  // namespace repo

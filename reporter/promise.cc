#include "reporter/promise.h"

#include <algorithm>
#include <set>

#include "base/bytes_path.h"

namespace repo {
namespace {

std::string why_not(const ItemState& item, std::chrono::seconds max_age, UtcTime now) {
  if (item.generation.empty()) return item.listed_by.empty() ? "it is in no copy" : "only listed";
  if (item.is_partial) return "its copy has what its kind dumps, not all of the directory";
  if (!item.found) return "the last scan did not find it";
  if (!item.attempted || *item.attempted < *item.found) {
    return "no run has taken it on since the last scan";
  }
  const bool was_good =
      item.outcome == ItemStatus::kCopied || item.outcome == ItemStatus::kUnchanged;
  if (!was_good) return "it was not copied the last time";
  if (!item.succeeded || *item.succeeded > now + kClockMayDiffer) {
    return "when it was copied is not known";
  }
  if (now - *item.succeeded > max_age) {
    return "its copy is " + age_text(*item.succeeded, now) + " old";
  }
  for (const Finding& finding : item.findings) {
    // How fresh is fresh is said by max_age here.
    if (finding.severity == Severity::kFailure && finding.what != "old") return finding.text;
  }
  return "";
}

}  // namespace

std::vector<KnownRepository> known_repositories(const Report& report,
                                                std::chrono::seconds max_age) {
  std::vector<KnownRepository> known;
  std::string why_none;
  if (!report.is_of_this_host) why_none = "the records are of another machine";
  if (!report.has_newest_manifest) why_none = "what the last scan has found cannot be read";
  for (const ItemState& item : report.items) {
    if (item.is_gone || !is_canonical_path(item.path)) continue;
    std::string why = why_none.empty() ? why_not(item, max_age, report.time) : why_none;
    if (why.empty() && item.store.empty()) why = "where it lies is not known";
    const bool promised = why.empty();
    known.push_back(
        {item.path, item.store.empty() ? item.path : item.store, promised, std::move(why)});
  }
  for (const Error& error : report.coverage.errors) {
    if (!is_canonical_path(error.path)) continue;
    known.push_back({error.path, error.path, false, "the scan could not look at it"});
  }
  return known;
}

Promise make_promise(const std::vector<KnownRepository>& known) {
  std::vector<std::string> stores;
  for (const KnownRepository& each : known) {
    if (each.promised) stores.push_back(each.store);
  }
  std::sort(stores.begin(), stores.end());
  stores.erase(std::unique(stores.begin(), stores.end()), stores.end());
  Promise promise;
  std::set<std::string> refused;
  for (const ExcludeFinding& finding : audit_excludes(stores, known)) {
    refused.insert(finding.path);
    promise.others.push_back({finding.path, finding.path, false, describe(finding)});
  }
  for (std::string& store : stores) {
    if (!refused.contains(store)) promise.stores.push_back(std::move(store));
  }
  for (const KnownRepository& each : known) {
    if (!each.promised) promise.others.push_back(each);
  }
  return promise;
}

}  // namespace repo

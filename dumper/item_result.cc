#include "dumper/item_result.h"

#include <algorithm>
#include <cerrno>

#include "base/stop_signal.h"
#include "dumper/source.h"

namespace repo {

ItemResult blank_result(const PlanItem& item) {
  ItemResult result;
  result.id = item.id;
  result.kind = item.source.kind;
  result.path = item.source.path;
  result.status = ItemStatus::kFailed;
  return result;
}

ItemResult failed_item(const PlanItem& item, const Error& error) {
  ItemResult result = blank_result(item);
  const bool vanished = error.op == "open" && error.path == item.source.path &&
                        (error.code == ENOENT || error.code == ENOTDIR);
  if (vanished) result.status = ItemStatus::kVanished;
  if (stop_requested() != 0) result.status = ItemStatus::kSkipped;
  result.error = in_source(error, item.source);
  return result;
}

ItemResult unchanged_item(const PlanItem& item, const GenerationSummary& current,
                          const std::string& doubt) {
  ItemResult result = blank_result(item);
  result.status = ItemStatus::kUnchanged;
  result.bytes = current.bytes;
  result.generation = current.generation;
  result.fingerprint = current.fingerprint;
  result.is_alarming = !current.frozen.empty();
  for (const std::string& reason : current.frozen) {
    result.notes.push_back(told_of_freeze(reason, item.id));
  }
  if (!doubt.empty()) {
    result.is_alarming = true;
    result.notes.push_back("a drill could not use this copy, and a new one would be the same: " +
                           doubt);
  }
  return result;
}

ItemResult listed_item(const RunItem& item) {
  ItemResult result = blank_result(item.plan);
  result.status = ItemStatus::kSkipped;
  result.listed_by = item.decision.rule;
  result.notes = {item.decision.note};
  if (item.previous) {
    result.notes.push_back("its copy of " + item.previous->generation + " is not renewed");
  }
  return result;
}

ItemResult planned_item(const RunItem& item) {
  if (item.reuse.unchanged) return unchanged_item(item.plan, *item.previous, item.previous_is_bad);
  if (item.is_listed_only()) return listed_item(item);
  ItemResult result = blank_result(item.plan);
  result.error = item.plan.refused ? item.plan.refused : item.unreadable;
  if (result.error) return result;
  result.status = ItemStatus::kSkipped;
  result.bytes_needed = item.need.bytes;
  return result;
}

bool is_good(const ItemResult& result) {
  const bool is_there =
      result.status == ItemStatus::kCopied || result.status == ItemStatus::kUnchanged;
  return (is_there || !result.listed_by.empty()) && !result.error;
}

bool is_published(const ItemResult& result) {
  return result.status == ItemStatus::kCopied ||
         (result.status == ItemStatus::kFailed && !result.generation.empty());
}

Error told_of_missing(const std::vector<std::string>& missing) {
  constexpr std::size_t kShown = 10;
  std::string all;
  for (std::size_t i = 0; i < std::min(missing.size(), kShown); ++i) {
    all += (i > 0 ? "; " : "") + missing[i];
  }
  if (missing.size() > kShown) {
    all += "; and " + std::to_string(missing.size() - kShown) + " more, see item.json";
  }
  return plain_error("copy all of it", "", all);
}

void limit_notes(std::vector<std::string>& notes) {
  constexpr std::size_t kMost = 50;
  constexpr std::size_t kLongest = 2000;
  if (notes.size() > kMost) {
    notes.resize(kMost);
    notes.emplace_back("and more");
  }
  for (std::string& note : notes) note.resize(std::min(note.size(), kLongest));
}

std::string told_of_freeze(const std::string& reason, const std::string& id) {
  return "older copies are kept, since " + reason + " (--accept " + id + " ends it)";
}

}  // namespace repo

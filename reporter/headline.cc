#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "reporter/report.h"

namespace repo {
namespace {

// "all 214 items restorable, oldest proof 6 days", or what is wrong.
std::string headline_of(const Report& report) {
  std::size_t good = 0;
  std::size_t unproven = 0;
  std::size_t failed = 0;
  std::size_t warned = 0;
  std::size_t listed = 0;
  std::optional<UtcTime> oldest;
  for (const ItemState& item : report.items) {
    if (item.generation.empty() && !item.listed_by.empty()) {
      ++listed;
      continue;
    }
    const auto severity = item.severity();
    failed += severity == Severity::kFailure ? 1 : 0;
    warned += severity == Severity::kWarning ? 1 : 0;
    if (!item.is_good()) continue;
    ++good;
    if (!item.proven) {
      ++unproven;
    } else if (!oldest || *item.proven < *oldest) {
      oldest = item.proven;
    }
  }
  const std::size_t all = report.items.size() - listed;
  const char* which = all == 1 ? "" : "all ";
  std::string text;
  if (failed > 0) {
    text = fmt::format("{} of {} FAILED", failed, counted(all, "item"));
    if (warned > 0) text += fmt::format(", {} to be looked at", warned);
  } else if (warned > 0) {
    text = fmt::format("{} of {} to be looked at", warned, counted(all, "item"));
  } else if (all == 0) {
    text = "there is nothing to copy";
  } else if (unproven > 0) {
    text = fmt::format("{}{} copied, {} not drilled yet", which, counted(all, "item"), unproven);
  } else {
    text = fmt::format("{}{} restorable", which, counted(all, "item"));
  }
  if (oldest && failed == 0 && warned == 0) {
    text += ", oldest proof " + age_text(*oldest, report.time);
  }
  std::optional<Severity> worst;  // they are sorted
  if (!report.findings.empty()) worst = report.findings.front().severity;
  const bool is_failed = worst == Severity::kFailure;
  const bool is_warned = worst == Severity::kWarning;
  if (is_failed || (is_warned && failed == 0 && warned == 0)) {
    text = report.findings.front().text + "; " + text;
  }
  return text;
}

}  // namespace

void set_headline(Report& report) { report.headline = headline_of(report); }

}  // namespace repo

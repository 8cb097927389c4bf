#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "reporter/report.h"
#include "reporter/tally.h"

namespace repo {
namespace {

// "all 214 items restorable, oldest proof 6 days", or what is wrong.
std::string headline_of(const Report& report) {
  const Tally tally = tally_of(report);
  const std::size_t all = tally.items;
  const char* which = all == 1 ? "" : "all ";
  std::string text;
  if (tally.failed > 0) {
    text = fmt::format("{} of {} FAILED", tally.failed, counted(all, "item"));
    if (tally.warned > 0) text += fmt::format(", {} to be looked at", tally.warned);
  } else if (tally.warned > 0) {
    text = fmt::format("{} of {} to be looked at", tally.warned, counted(all, "item"));
  } else if (all == 0) {
    text = "there is nothing to copy";
  } else if (tally.unproven > 0) {
    text =
        fmt::format("{}{} copied, {} not drilled yet", which, counted(all, "item"), tally.unproven);
  } else {
    text = fmt::format("{}{} restorable", which, counted(all, "item"));
  }
  if (tally.oldest_proof && tally.failed == 0 && tally.warned == 0) {
    text += ", oldest proof " + age_text(*tally.oldest_proof, report.time);
  }
  std::optional<Severity> worst;  // they are sorted
  if (!report.findings.empty()) worst = report.findings.front().severity;
  const bool is_failed = worst == Severity::kFailure;
  const bool is_warned = worst == Severity::kWarning;
  if (is_failed || (is_warned && tally.failed == 0 && tally.warned == 0)) {
    text = report.findings.front().text + "; " + text;
  }
  return text;
}

}  // namespace

void set_headline(Report& report) { report.headline = headline_of(report); }

}  // namespace repo

#include "reporter/nagios.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "reporter/tally.h"
#include "reporter/text.h"

namespace repo {
namespace {

constexpr const char* kWords[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

// A bar would begin the performance data.
std::string plain(std::string text) {
  std::replace(text.begin(), text.end(), '|', '/');
  return text;
}

std::int64_t age_of(UtcTime time, UtcTime now) {
  return std::max<std::int64_t>((now - time).count(), 0);
}

}  // namespace

int nagios_status_of(const Report& report) {
  const bool is_unknown = std::any_of(report.findings.begin(), report.findings.end(),
                                      [](const Finding& each) { return each.what == "unknown"; });
  if (is_unknown) return kNagiosUnknown;
  if (report.severity() == Severity::kFailure) return 2;
  return report.severity() == Severity::kWarning ? 1 : 0;
}

std::string nagios_of(const Report& report, const StatusOptions& options) {
  const Tally tally = tally_of(report);
  std::string line = fmt::format(
      "REPO-BACKUP {} - {}{} | items={};;;0 failed={};;0;0 warnings={};0;;0 "
      "size={}B;;;0",
      kWords[nagios_status_of(report)], report.is_test ? "TEST: " : "", plain(report.headline),
      tally.items, tally.failed, tally.warned, tally.bytes);
  if (report.last_good) {
    line += fmt::format(" last_run={}s;;{};0", age_of(*report.last_good, report.time),
                        options.expect.count());
  }
  if (tally.oldest_proof && tally.unproven == 0) {
    line += fmt::format(" oldest_proof={}s;{};;0", age_of(*tally.oldest_proof, report.time),
                        options.proof_age.count());
  }
  line += "\n";
  const Troubles found = troubles_of(report);
  for (const Trouble& trouble : found.shown) {
    line += word_of(trouble.finding->severity) + std::string(": ");
    if (trouble.item != nullptr) {
      line += plain(trouble.item->kind + " " + printable(trouble.item->path)) + ": ";
    }
    line += plain(trouble.finding->text) + "\n";
  }
  if (found.more > 0) line += fmt::format("and {} more\n", found.more);
  return line;
}

}  // namespace repo

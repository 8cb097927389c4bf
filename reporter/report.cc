#include "reporter/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/text.h"
#include "dumper/space.h"
#include "reporter/report_coverage.h"
#include "reporter/report_items.h"

namespace repo {
namespace {

constexpr const char* kScan = "repo-scan";
constexpr const char* kDump = "repo-dump";

std::optional<Severity> worst_of(const std::vector<Finding>& findings) {
  std::optional<Severity> worst;
  for (const Finding& finding : findings) worst = std::max(worst, std::optional(finding.severity));
  return worst;
}

// "2 (usage or configuration error)"
std::string code_text(int code) {
  switch (code) {
    case exit_status(ExitCode::kFailed):
      return "1 (failed)";
    case exit_status(ExitCode::kUsage):
      return "2 (usage, configuration or manifest error)";
    case exit_status(ExitCode::kIncomplete):
      return "3 (incomplete)";
    case exit_status(ExitCode::kUndelivered):
      return "4 (an alert could not be delivered)";
    case exit_status(ExitCode::kLocked):
      return "11 (another run held the lock)";
    default:
      break;
  }
  constexpr int kSignal = exit_status(ExitCode::kSignal);
  return code > kSignal ? fmt::format("{} (stopped by signal {})", code, code - kSignal)
                        : std::to_string(code);
}

class Builder {
 public:
  Builder(const Records& records, const StatusOptions& options, UtcTime now)
      : records_(records), options_(options), now_(now) {}

  Report build() {
    report_.time = now_;
    report_.dir = records_.dir;
    report_.items = item_states(records_, options_, now_);
    report_.drills = records_.ledger.drills;
    add_runs();
    judge_records();
    judge_runs();
    judge_night();
    report_.coverage = coverage_of(records_, options_, report_.items);
    for (Finding& finding : judge_coverage(records_, options_, report_)) {
      report_.findings.push_back(std::move(finding));
    }
    sort_findings(report_.findings);
    std::stable_sort(
        report_.items.begin(), report_.items.end(),
        [](const ItemState& a, const ItemState& b) { return a.severity() > b.severity(); });
    return std::move(report_);
  }

 private:
  void add(Severity severity, const char* what, std::string text, std::string todo = "") {
    report_.findings.push_back({severity, what, std::move(text), std::move(todo)});
  }

  // From the ledger, which goes far back, and the records, which know of runs that were killed.
  void add_runs() {
    std::map<std::string, RunPoint> runs;
    for (const LedgerRun& run : records_.ledger.runs) {
      const std::optional<UtcTime> named = parse_stamp(run.run);
      if (!named || *named > now_ + kClockMayDiffer) continue;
      runs[run.run] = {run.run, run.state, run.began.value_or(*named), run.ended, run.summary};
    }
    for (const ReportedRun& each : records_.runs) {
      RunPoint& point = runs[each.stamp];
      point = {each.stamp, each.run.state, each.run.started, point.ended, each.run.summary};
      if (each.run.summary) point.ended = each.run.summary->finished;
    }
    for (auto& [stamp, run] : runs) report_.runs.push_back(std::move(run));
  }

  // What the newest record is about is known only where it could be read.
  void judge_records() {
    for (const Error& error : records_.unreadable) {
      add(Severity::kFailure, "records",
          "cannot " + harmless(error) + ": what it would have told is not known",
          "look at it in " + printable(records_.dir));
    }
    if (records_.future.empty()) return;
    add(Severity::kFailure, "clock",
        fmt::format("{} from the future ({}): the clock was wrong, or is; they count for nothing",
                    counted(records_.future.size(), "record"), printable(records_.future.front())),
        "set the clock; remove them once it is right");
  }

  void judge_runs() {
    for (const RunPoint& run : report_.runs) {
      const bool is_usable =
          run.summary && (run.summary->exit_status == exit_status(ExitCode::kOk) ||
                          run.summary->exit_status == exit_status(ExitCode::kIncomplete));
      if (run.state != RunState::kEnded || !is_usable || !run.ended) continue;
      if (*run.ended > now_ + kClockMayDiffer) continue;
      report_.last_good = std::max(report_.last_good, run.ended);
    }
    const std::string expected = "one every " + duration_text(options_.expect) + " is expected";
    const std::string look = "look at what started it: cron or the timer, and its log";
    if (report_.runs.empty()) {
      add(Severity::kFailure, "missed", "no run of repo-dump is on record: " + expected, look);
      return;
    }
    if (!report_.last_good) {
      add(Severity::kFailure, "missed", "of no run on record there is a usable result: " + expected,
          look);
    } else if (now_ - *report_.last_good > options_.expect) {
      add(Severity::kFailure, "missed",
          "the last run with a usable result ended " + age_text(*report_.last_good, now_) +
              " ago: " + expected,
          look);
    }
    judge_newest(report_.runs.back());
  }

  void judge_newest(const RunPoint& run) {
    const std::string when = rfc3339(run.began);
    if (run.state == RunState::kRunning) {
      const bool hangs = now_ - run.began > options_.expect;
      add(hangs ? Severity::kFailure : Severity::kNote, hangs ? "hangs" : "running",
          "a run is at work since " + age_text(run.began, now_) + " (" + when + ")",
          hangs ? "see what it waits for; a second one cannot begin" : "");
      return;
    }
    if (run.state == RunState::kDied) {
      add(Severity::kFailure, "died",
          "the run of " + when + " was killed, or the machine went down, before it ended",
          "run it again: scripts/nightly");
      return;
    }
    if (!run.summary) return;
    const int code = run.summary->exit_status;
    if (code > exit_status(ExitCode::kSignal)) {
      add(Severity::kFailure, "stopped", "the run of " + when + " ended with " + code_text(code),
          "run it again: scripts/nightly");
    } else if (code == exit_status(ExitCode::kIncomplete) && has_no_item_failed()) {
      add(Severity::kWarning, "incomplete",
          "the run of " + when + " ended with " + code_text(code) +
              (run.summary->scan_complete ? "" : ": its scan was not complete"),
          "its own messages say what is missing");
    } else if (code != 0 && code != exit_status(ExitCode::kIncomplete)) {
      add(Severity::kFailure, "incomplete", "the run of " + when + " ended with " + code_text(code),
          "its own messages say why");
    }
  }

  bool has_no_item_failed() const {
    return std::none_of(report_.items.begin(), report_.items.end(), [](const ItemState& item) {
      return item.severity() >= Severity::kWarning;
    });
  }

  // What ended before it left a record of its own is known from the script alone.
  void judge_night() {
    if (records_.ledger.nights.empty()) return;
    const LedgerNight& night = records_.ledger.nights.back();
    if (night.time > now_ + kClockMayDiffer) return;
    // What came after it says more.
    const bool is_newest = report_.runs.empty() || report_.runs.back().began <= night.time;
    if (!is_newest) return;
    for (const auto& [tool, code] : night.ended) {
      if (code == 0 || code == exit_status(ExitCode::kIncomplete)) continue;
      std::string text = printable(tool) + " ended with " + code_text(code) + " " +
                         age_text(night.time, now_) + " ago";
      if (tool == kScan) text += ": nothing was copied";
      if (tool == kDump && code != exit_status(ExitCode::kFailed)) text += ": nothing was copied";
      add(Severity::kFailure, "ended", text, "its own messages say why: see the log of that run");
    }
  }

  const Records& records_;
  const StatusOptions& options_;
  UtcTime now_;
  Report report_;
};

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
  const bool is_failed = worst_of(report.findings) == Severity::kFailure;
  const bool is_warned = worst_of(report.findings) == Severity::kWarning;
  if (is_failed || (is_warned && failed == 0 && warned == 0)) {
    text = report.findings.front().text + "; " + text;
  }
  return text;
}

}  // namespace

const char* word_of(std::optional<Severity> severity) {
  if (severity == Severity::kFailure) return "FAILED";
  return severity == Severity::kWarning ? "WARNING" : "OK";
}

std::optional<Severity> ItemState::severity() const { return worst_of(findings); }

std::optional<Severity> Report::severity() const {
  std::optional<Severity> worst = worst_of(findings);
  for (const ItemState& item : items) worst = std::max(worst, item.severity());
  return worst;
}

Report make_report(const Records& records, const StatusOptions& options, UtcTime now,
                   const std::string& host) {
  Report report = Builder(records, options, now).build();
  report.host = host;
  report.headline = headline_of(report);
  return report;
}

Report make_report(const Error& error, const std::string& dir, UtcTime now,
                   const std::string& host) {
  Report report;
  report.time = now;
  report.host = host;
  report.dir = dir;
  report.findings.push_back(
      {Severity::kFailure, "unknown",
       "cannot " + harmless(error) + ": whether there are copies is not known",
       "see that the disk is there and mounted"});
  report.headline = report.findings.front().text;
  return report;
}

std::map<std::string, std::string> state_of(const Report& report) {
  std::map<std::string, std::string> state;
  for (const Finding& finding : report.findings) {
    if (finding.what == "running") continue;
    // Those of the last scan are each about another path, which stands in the text.
    const bool is_of_path = finding.what == "unreadable" || finding.what == "not looked at" ||
                            finding.what == "replaced" || finding.what == "moved" ||
                            finding.what == "new";
    state[is_of_path ? finding.text : finding.what] = finding.text;
  }
  for (const ItemState& item : report.items) {
    for (const Finding& finding : item.findings) {
      state[item.kind + "/" + item.id + " " + finding.what] =
          printable(item.path) + ": " + finding.text;
    }
  }
  return state;
}

}  // namespace repo

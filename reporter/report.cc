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
constexpr int kSignals = exit_status(ExitCode::kSignal);

std::optional<Severity> worst_of(const std::vector<Finding>& findings) {
  std::optional<Severity> worst;
  for (const Finding& finding : findings) worst = std::max(worst, std::optional(finding.severity));
  return worst;
}

// "11 (another run held the lock)"
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
    report_.expect = options_.expect;
    report_.items = item_states(records_, options_, now_);
    report_.drills = records_.ledger.drills;
    report_.has_newest_manifest = records_.has_newest_manifest;
    add_runs();
    judge_runs();
    judge_records();
    judge_gone();
    judge_night();
    report_.coverage = coverage_of(records_, options_, report_.items);
    for (Finding& finding : judge_coverage(records_, options_, report_)) {
      report_.findings.push_back(std::move(finding));
    }
    judge_incomplete();
    sort_findings(report_.findings);
    std::stable_sort(
        report_.items.begin(), report_.items.end(),
        [](const ItemState& a, const ItemState& b) { return a.severity() > b.severity(); });
    return std::move(report_);
  }

 private:
  void add(Severity severity, std::string what, std::string text, std::string todo = "") {
    report_.findings.push_back({severity, std::move(what), std::move(text), std::move(todo)});
  }

  // From the ledger, which goes far back, and the records, which know of runs that were killed.
  void add_runs() {
    std::map<std::string, RunPoint> runs;
    for (const LedgerRun& run : records_.ledger.runs) {
      const std::optional<UtcTime> named = parse_stamp(run.run);
      if (!named) continue;
      if (*named > now_ + kClockMayDiffer) {
        sees_future_ = true;
        continue;
      }
      // Whether one is at work is said by its record alone.
      const RunState state = run.state == RunState::kRunning ? RunState::kDied : run.state;
      runs[run.run] = {run.run,   state,       run.began.value_or(*named),
                       run.ended, run.summary, run.owed};
    }
    for (const ReportedRun& each : records_.runs) {
      RunPoint& point = runs[each.stamp];
      point.stamp = each.stamp;
      point.state = each.run.state;
      point.began = each.run.started;
      point.summary = each.run.summary;
      if (each.run.state == RunState::kEnded) point.owed = each.run.items.size();
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
    for (const Error& error : records_.passed) {
      add(Severity::kNote, "records", "cannot " + harmless(error) + ": newer ones are read");
    }
    if (records_.future.empty() && !sees_future_) return;
    const std::string named =
        records_.future.empty() ? std::string("of the ledger") : printable(records_.future.front());
    add(Severity::kFailure, "clock",
        "records are from the future (" + named +
            "): the clock was wrong, or is; they count for nothing",
        "set the clock; remove them once it is right");
  }

  void judge_runs() {
    for (const RunPoint& run : report_.runs) {
      const bool is_usable =
          run.summary && (run.summary->exit_status == exit_status(ExitCode::kOk) ||
                          run.summary->exit_status == exit_status(ExitCode::kIncomplete));
      if (run.state != RunState::kEnded || !is_usable || !run.ended) continue;
      if (*run.ended > now_ + kClockMayDiffer) {
        sees_future_ = true;
        continue;
      }
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
    if (report_.runs.back().state == RunState::kRunning) judge_running(report_.runs.back());
    if (const RunPoint* run = newest_to_judge()) judge_newest(*run);
  }

  // A run of some items says nothing of those that a larger one before it has left; one that took
  // on all that are found now does.
  const RunPoint* newest_to_judge() const {
    const RunPoint* newest = newest_over();
    const auto there = static_cast<std::size_t>(
        std::count_if(report_.items.begin(), report_.items.end(),
                      [](const ItemState& item) { return item.found.has_value(); }));
    std::size_t owed = newest == nullptr ? 0 : newest->owed;
    for (auto run = report_.runs.rbegin(); run != report_.runs.rend(); ++run) {
      if (run->state == RunState::kRunning) continue;
      const bool was_cut =
          run->state == RunState::kDied || (run->summary && run->summary->exit_status > kSignals);
      if (was_cut && run->owed > owed) return &*run;
      owed = std::max(owed, run->owed);
      if (!was_cut && owed >= there) break;
    }
    return newest;
  }

  // One that is gone is a normal day; all at once are a disk that is not mounted.
  void judge_gone() {
    std::size_t gone = 0;
    std::size_t there = 0;
    for (const ItemState& item : report_.items) {
      gone += item.is_gone ? 1 : 0;
      there += item.found ? 1 : 0;
    }
    const std::string todo =
        "see that all disks are mounted; what is gone for good: scripts/nightly --forget ITEM";
    if (gone > 0 && there == 0) {
      add(Severity::kFailure, "gone",
          fmt::format("the last scan found nothing; copies that are here: {}", gone), todo);
    } else if (gone >= 2 && gone >= there) {
      add(Severity::kWarning, "gone",
          fmt::format("{} repositories are gone, and {} are left", gone, there), todo);
    } else if (there == 0 && records_.manifest && report_.items.empty()) {
      add(Severity::kWarning, "gone", "the last scan found no repository at all",
          "see that all disks are mounted, and that the ROOTs are the right ones");
    }
  }

  // What a run has left is true until the next one is over.
  const RunPoint* newest_over() const {
    const auto over =
        std::find_if(report_.runs.rbegin(), report_.runs.rend(),
                     [](const RunPoint& run) { return run.state != RunState::kRunning; });
    return over == report_.runs.rend() ? nullptr : &*over;
  }

  void judge_running(const RunPoint& run) {
    const bool hangs = now_ - run.began > options_.expect;
    add(hangs ? Severity::kFailure : Severity::kNote, hangs ? "hangs" : "running",
        "a run is at work since " + age_text(run.began, now_) + " (" + rfc3339(run.began) + ")",
        hangs ? "see what it waits for; a second one cannot begin" : "");
  }

  void judge_newest(const RunPoint& run) {
    const std::string when = rfc3339(run.began);
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
    } else if (code == exit_status(ExitCode::kIncomplete) && is_unexplained(run)) {
      add(Severity::kWarning, "incomplete",
          "the run of " + when + " ended with " + code_text(code) +
              (run.summary->scan_complete ? "" : ": its scan was not complete"),
          "its own messages say what is missing");
    } else if (code != 0 && code != exit_status(ExitCode::kIncomplete)) {
      add(Severity::kFailure, "incomplete", "the run of " + when + " ended with " + code_text(code),
          "its own messages say why");
    }
  }

  bool has_scan_errors() const { return !scan_errors_of(records_).empty(); }

  // Whether no item of the run says why it was incomplete.
  bool is_unexplained(const RunPoint& point) const {
    for (const ReportedRun& each : records_.runs) {
      if (each.stamp != point.stamp) continue;
      // What the scan could not look at is told, or acknowledged.
      if (point.summary && !point.summary->scan_complete) return !has_scan_errors();
      const auto& items = each.run.items;
      const auto& gone = each.run.gone;
      return std::none_of(items.begin(), items.end(),
                          [](const ItemResult& item) { return item.error.has_value(); }) &&
             std::none_of(gone.begin(), gone.end(),
                          [](const GoneCopy& copy) { return copy.still_there; });
    }
    return true;
  }

  // What ended before it left a record of its own is known from the script alone; so is what no
  // record is about.
  void judge_night() {
    if (records_.ledger.nights.empty()) return;
    const LedgerNight& night = records_.ledger.nights.back();
    if (night.time > now_ + kClockMayDiffer) return;
    const RunPoint* newest = newest_over();
    const bool is_superseded = newest != nullptr && newest->began > night.time;
    for (const auto& [tool, code] : night.ended) {
      if (code == 0 || (tool == kDump && is_superseded)) continue;
      const bool is_ours = tool.starts_with("repo-") || tool == "nightly";
      // What is missing is named by others; if none is, this is all that is known.
      const bool is_incomplete = is_ours && code == exit_status(ExitCode::kIncomplete);
      std::string text = printable(tool) + " ended with " +
                         (is_ours ? code_text(code) : std::to_string(code)) + " " +
                         age_text(night.time, now_) + " ago";
      if (!is_incomplete && tool == kScan) text += ": nothing was copied";
      if (is_incomplete) {
        incomplete_.push_back(std::move(text));
      } else {
        add(Severity::kFailure, "ended " + printable(tool), text,
            "its own messages say why: see the log of that run");
      }
    }
  }

  // Once all else is known.
  void judge_incomplete() {
    if (incomplete_.empty() || report_.severity() >= Severity::kWarning) return;
    if (has_scan_errors()) return;  // which are all acknowledged then
    for (std::string& text : incomplete_) {
      add(Severity::kWarning, "incomplete", std::move(text),
          "its own messages say what is missing: see the log of that run");
    }
  }

  const Records& records_;
  const StatusOptions& options_;
  UtcTime now_;
  Report report_;
  bool sees_future_ = false;
  std::vector<std::string> incomplete_;  // tools that ended so
};

}  // namespace

const char* word_of(std::optional<Severity> severity) {
  if (severity == Severity::kFailure) return "FAILED";
  return severity == Severity::kWarning ? "WARNING" : "OK";
}

const char* key_of(std::optional<Severity> severity) {
  if (severity == Severity::kFailure) return "failed";
  return severity == Severity::kWarning ? "warning" : "ok";
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
  // Of another machine's dump root, looked at here.
  const std::string& theirs = !records.runs.empty() ? records.runs.front().run.host
                              : records.manifest    ? records.manifest->host
                                                    : host;
  report.host = theirs.empty() ? host : theirs;
  report.is_of_this_host = theirs.empty() || theirs == host;
  set_headline(report);
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
  auto put = [&state](const Finding& finding, const std::string& key, const std::string& text) {
    state[(finding.severity == Severity::kNote ? kNoteKey : "") + key] = text;
  };
  for (const Finding& finding : report.findings) {
    if (finding.what == "running" || finding.what.starts_with(kOwed)) continue;
    // Those of the last scan are each about another path, which stands in the text.
    const bool is_of_path = finding.what == "unreadable" || finding.what == "not looked at" ||
                            finding.what == "replaced" || finding.what == "moved" ||
                            finding.what == "new" || finding.what == "records";
    put(finding, is_of_path ? finding.text : finding.what, finding.text);
  }
  for (const ItemState& item : report.items) {
    for (const Finding& finding : item.findings) {
      put(finding, item.kind + "/" + item.id + " " + finding.what,
          printable(item.path) + ": " + finding.text);
    }
  }
  return state;
}

}  // namespace repo

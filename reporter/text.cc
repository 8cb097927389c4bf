#include "reporter/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/last_lines.h"
#include "dumper/space.h"
#include "reporter/tally.h"

namespace repo {
namespace {

constexpr std::size_t kRunLines = 7;

void add_finding(std::string& text, const std::string& about, const Finding& finding) {
  text += fmt::format("  {:<8}{}{}\n", word_of(finding.severity), about, finding.text);
  for (const std::string& line : last_lines(finding.output, kOutputLines)) {
    text += "            | " + printable(line) + "\n";
  }
  if (!finding.todo.empty()) text += "          > " + finding.todo + "\n";
}

// What somebody must look at, and what to do about it.
void add_troubles(std::string& text, const Report& report) {
  const Troubles found = troubles_of(report);
  if (found.shown.empty()) return;
  text += "\nWhat to do:\n";
  for (const Trouble& trouble : found.shown) {
    std::string about;
    if (trouble.item != nullptr) {
      about = trouble.item->kind + "  " + printable(trouble.item->path) + "\n          ";
    }
    add_finding(text, about, *trouble.finding);
  }
  if (found.more > 0) text += fmt::format("  and {} more (--text lists all items)\n", found.more);
}

void add_notes(std::string& text, const Report& report) {
  std::string notes;
  std::size_t shown = 0;
  auto note = [&](const std::string& line) {
    if (++shown <= kMostLines) notes += "  " + line + "\n";
  };
  for (const Finding& finding : report.findings) {
    if (finding.severity != Severity::kNote) continue;
    note(finding.text);
    for (const std::string& line : last_lines(finding.output, kOutputLines)) {
      note("  | " + printable(line));
    }
  }
  std::uint64_t gone_bytes = 0;
  for (const ItemState& item : report.items) {
    if (!item.is_gone) continue;
    gone_bytes += item.bytes_all;
    note(fmt::format("its source is gone: {}  {}, {} (scripts/nightly --forget {})", item.kind,
                     printable(item.path), human_bytes(item.bytes_all), item.id));
  }
  if (notes.empty()) return;
  text += "\nTo be known:\n" + notes;
  if (shown > kMostLines) text += fmt::format("  and {} more\n", shown - kMostLines);
  if (gone_bytes > 0) text += "  copies of what is gone: " + human_bytes(gone_bytes) + "\n";
}

void add_runs(std::string& text, const Report& report) {
  if (report.runs.empty()) return;
  text += fmt::format("\n{:<22}{:>8}{:>8}{:>10}{:>8}{:>12}\n", "Runs", "ended", "copied",
                      "unchanged", "failed", "written");
  const std::size_t begin = report.runs.size() - std::min(report.runs.size(), kRunLines);
  for (std::size_t i = report.runs.size(); i-- > begin;) {
    const RunPoint& run = report.runs[i];
    const std::string when = rfc3339(run.began);
    if (!run.summary) {
      text += fmt::format("{:<22}{:>8}\n", when, run.state == RunState::kDied ? "DIED" : "at work");
      continue;
    }
    text += fmt::format(
        "{:<22}{:>8}{:>8}{:>10}{:>8}{:>12}\n", when, run.summary->exit_status,
        run.summary->count(ItemStatus::kCopied), run.summary->count(ItemStatus::kUnchanged),
        run.summary->count(ItemStatus::kFailed), human_bytes(run.summary->bytes_written));
  }
}

std::string age_or(const std::optional<UtcTime>& time, UtcTime now, const char* never) {
  return time ? age_text(*time, now) : never;
}

void add_items(std::string& text, const Report& report) {
  if (report.items.empty()) return;
  text += fmt::format("\n{:<9}{:<6}{:>12}{:>14}{:>14}  {}\n", "Items", "kind", "size", "last good",
                      "last proof", "path");
  for (const ItemState& item : report.items) {
    const bool is_listed = is_only_listed(item);
    text += fmt::format(
        "{:<9}{:<6}{:>12}{:>14}{:>14}  {}\n", is_listed ? "listed" : word_of(item.severity()),
        item.kind, item.generation.empty() ? "-" : human_bytes(item.bytes),
        is_listed ? "-" : age_or(item.succeeded, report.time, "never"),
        is_listed ? "-" : age_or(item.proven, report.time, "never"), printable(item.path));
  }
}

}  // namespace

std::string first_line_of(const Report& report) {
  return fmt::format("{}{} {}: {}", report.is_test ? "TEST of repo-report --self-test: " : "",
                     word_of(report.severity()), printable(report.host), report.headline);
}

std::string counts_of(const Report& report) {
  const Tally tally = tally_of(report);
  return fmt::format("{}{} {}: {} of {} failed, {} to be looked at", report.is_test ? "TEST: " : "",
                     word_of(report.severity()), printable(report.host), tally.failed,
                     counted(tally.items, "item"), tally.warned);
}

Troubles troubles_of(const Report& report) {
  Troubles found;
  auto add = [&found](const ItemState* item, const Finding& finding) {
    if (found.shown.size() < kMostLines) {
      found.shown.push_back({item, &finding});
    } else {
      ++found.more;
    }
  };
  for (const Severity severity : {Severity::kFailure, Severity::kWarning}) {
    for (const Finding& finding : report.findings) {
      if (finding.severity == severity) add(nullptr, finding);
    }
    for (const ItemState& item : report.items) {
      for (const Finding& finding : item.findings) {
        if (finding.severity == severity) add(&item, finding);
      }
    }
  }
  return found;
}

std::string text_of(const Report& report, bool brief) {
  std::string text = first_line_of(report) + "\n";
  add_troubles(text, report);
  add_notes(text, report);
  if (report.coverage.scanned) {
    text += "\nLast scan " + age_text(*report.coverage.scanned, report.time) + " ago" +
            (report.coverage.complete ? "" : ", not complete") + "; copies in " +
            printable(report.dir) + "\n";
  }
  add_runs(text, report);
  if (!brief) add_items(text, report);
  return text;
}

}  // namespace repo

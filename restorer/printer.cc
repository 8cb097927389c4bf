#include "restorer/printer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/text.h"
#include "dumper/damage.h"
#include "dumper/last_lines.h"
#include "dumper/space.h"

namespace repo {
namespace {

std::string name_for(const std::string& path, const std::string& id) {
  return printable(path.empty() ? id : path);
}

// What a tool has said, below the line of an item. The last of it stands in the line.
std::string said_below(const std::string& output) {
  constexpr std::size_t kShown = 6;
  std::vector<std::string> said = last_lines(output, kShown);
  if (!said.empty()) said.pop_back();
  std::string text;
  for (const std::string& each : said) text += "          | " + printable(each) + "\n";
  return text;
}

std::string proof_text(const CopiedItem& item, UtcTime now) {
  const std::string& current = item.generations.front().stamp;
  if (!item.unreadable_proof.empty())
    return "PROOF UNREADABLE: " + printable(item.unreadable_proof);
  if (const std::string* bad = item.proof.why_bad(current)) {
    return (item.proof.bad.contains(current) ? "DAMAGED: " : "NOT USABLE: ") + printable(*bad);
  }
  if (!item.proof.passed) return "never proven";
  if (!item.proof.proven()) return "not proven since a drill failed";
  const std::string of = item.proof.passed->generation == current
                             ? ""
                             : " (the copy of " + item.proof.passed->generation + ")";
  return "proven " + age_text(item.proof.passed->time, now) + " ago" + of;
}

std::string seconds_text(double seconds) { return fmt::format("{:.2f} s", seconds); }

}  // namespace

std::string list_text(const CopiedItem& item, UtcTime now) {
  const std::string head = fmt::format("{:<4} {}", item.kind, name_for(item.path, item.id));
  if (!item.has_current()) {
    return fmt::format("{}  NO CURRENT COPY; {}\n", head,
                       counted(item.generations.size(), "older one"));
  }
  const Generation& current = item.generations.front();
  if (!current.record) {
    return fmt::format("{}  UNREADABLE: {}\n", head, printable(current.unreadable));
  }
  const std::size_t missing = current.record->missing.size();
  return fmt::format("{}  {}  {}  {}{}\n", head, current.stamp, human_bytes(current.record->bytes),
                     proof_text(item, now),
                     missing > 0 ? fmt::format(", INCOMPLETE: lacks {}", missing) : "");
}

std::string show_text(const CopiedItem& item, const std::string& root, UtcTime now) {
  std::string text =
      fmt::format("{} {}\n  id       {}\n", item.kind, name_for(item.path, item.id), item.id);
  if (item.proof.passed) {
    const DrillResult& passed = *item.proof.passed;
    text += fmt::format("  proven   {} ({} ago), the copy of {}, restored in {}\n",
                        rfc3339(passed.time), age_text(passed.time, now), passed.generation,
                        seconds_text(passed.restore_seconds));
    for (const std::string& each : passed.compared) {
      text += "             " + printable(each) + "\n";
    }
  } else {
    text += "  proven   never (repo-restore --drill)\n";
  }
  if (item.proof.last && item.proof.last->state != DrillState::kPassed) {
    text += fmt::format("  drill    {} {}: {}\n", name_of(item.proof.last->state),
                        rfc3339(item.proof.last->time), printable(item.proof.last->error));
  }
  if (item.proof.scrubbed) {
    text += fmt::format("  scrubbed {}\n", rfc3339(*item.proof.scrubbed));
  }
  for (const Generation& each : item.generations) {
    text += fmt::format("  copy     {}  {}", printable(each.stamp),
                        printable(join_path(root, each.place)));
    if (!each.record) {
      text += ": UNREADABLE: " + printable(each.unreadable) + "\n";
      continue;
    }
    text += "  " + human_bytes(each.record->bytes);
    if (each.record->verified_whole) {
      text += ", verified " + rfc3339(*each.record->verified_whole);
    }
    if (const std::string* bad = item.proof.why_bad(each.stamp)) {
      text += (item.proof.bad.contains(each.stamp) ? ", DAMAGED: " : ", NOT USABLE: ") +
              printable(*bad);
    }
    text += "\n";
    for (const std::string& each_missing : each.record->missing) {
      text += "             MISSING: " + printable(each_missing) + "\n";
    }
    for (const std::string& note : each.record->notes) {
      text += "             " + printable(note) + "\n";
    }
  }
  return text;
}

std::string restore_text(const RestoreResult& result) {
  const char* word = result.is_in_the_way() ? "LEFT" : result.error ? "FAILED" : "restored";
  std::string line =
      fmt::format("{:<9} {:<4} {}", word, result.kind, name_for(result.path, result.id));
  if (result.error) return line + ": " + damage_text(*result.error) + "\n";
  line += fmt::format("  to {}  ({}, {}, {})", printable(result.target), result.generation,
                      human_bytes(result.bytes), seconds_text(result.seconds));
  if (!result.instead_of.empty()) line += "; an OLDER copy, since: " + result.instead_of;
  if (!result.doubt.empty()) line += "; a drill could not use it: " + printable(result.doubt);
  if (!result.made.empty()) line += "; made, and of this user: " + printable(result.made);
  for (const std::string& each : result.not_set) line += "; " + each;
  for (const std::string& each : result.notes) line += "; " + each;
  for (const std::string& each : result.missing) line += "; MISSING: " + printable(each);
  return line + "\n";
}

std::string drill_text(const DrillResult& result) {
  const char* word = result.state == DrillState::kPassed   ? "passed"
                     : result.state == DrillState::kFailed ? "FAILED"
                                                           : "NOT RUN";
  std::string line =
      fmt::format("{:<9} {:<4} {}", word, result.kind, name_for(result.path, result.id));
  if (result.state == DrillState::kPassed) {
    return line + fmt::format("  ({}, restored in {}, drilled in {})\n", human_bytes(result.bytes),
                              seconds_text(result.restore_seconds), seconds_text(result.seconds));
  }
  line += ": " + printable(result.error);
  if (!result.whole_instead.empty()) line += "; whole is the copy of " + result.whole_instead;
  return line + "\n" + said_below(result.tool_output);
}

std::string scrub_text(const ScrubResult& result) {
  const char* word = result.error.empty() ? "whole" : result.is_damaged ? "DAMAGED" : "NOT RUN";
  std::string line = fmt::format("{:<9} {:<4} {}  {}", word, result.kind,
                                 name_for(result.path, result.id), printable(result.generation));
  if (!result.error.empty()) return line + ": " + printable(result.error) + "\n";
  return line +
         fmt::format("  ({}, {})\n", human_bytes(result.bytes), seconds_text(result.seconds));
}

std::string restore_summary_text(const RestoreSummary& summary) {
  const std::string left =
      summary.left > 0 ? fmt::format(", {} left: something is there already", summary.left) : "";
  return fmt::format("{} restored, {} failed{}; {}, {:.1f} s\n", summary.good, summary.bad, left,
                     human_bytes(summary.bytes), summary.seconds);
}

std::string drill_summary_text(const RestoreSummary& summary, const std::vector<CopiedItem>& items,
                               UtcTime now) {
  std::string text =
      fmt::format("{} passed, {} failed, {} not run", summary.good, summary.bad, summary.not_run);
  if (summary.waiting > 0) text += fmt::format(", {} wait for the next budget", summary.waiting);
  std::size_t never = 0;
  std::optional<UtcTime> oldest;
  for (const CopiedItem& item : items) {
    const std::optional<UtcTime> proven = item.proof.proven();
    if (!proven) {
      ++never;
    } else if (!oldest || *proven < *oldest) {
      oldest = proven;
    }
  }
  if (never > 0) text += fmt::format("; {} of {} never proven", never, items.size());
  if (oldest) text += "; oldest proof " + age_text(*oldest, now);
  return text + fmt::format("; {:.1f} s\n", summary.seconds);
}

std::string scrub_summary_text(const RestoreSummary& summary) {
  return fmt::format("{} whole, {} damaged, {} not run, {}, {:.1f} s\n", summary.good, summary.bad,
                     summary.not_run, human_bytes(summary.bytes), summary.seconds);
}

}  // namespace repo

#include "dumper/result_printer.h"

#include <fmt/format.h>

#include <map>

#include "base/bytes_path.h"
#include "dumper/last_lines.h"
#include "dumper/space.h"

namespace repo {
namespace {

const char* word_of(ItemStatus status) {
  switch (status) {
    case ItemStatus::kCopied:
      return "copied";
    case ItemStatus::kUnchanged:
      return "unchanged";
    case ItemStatus::kFailed:
      return "FAILED";
    case ItemStatus::kVanished:
      return "VANISHED";
    case ItemStatus::kSkipped:
      return "skipped";
  }
  return "";
}

std::string state_of(const Detail& fingerprint) {
  for (const char* key : {"revision", "changesets"}) {
    if (const auto number = find_number(fingerprint, key)) {
      return std::string(key) == "revision"
                 ? fmt::format("r{}, ", *number)
                 : fmt::format("{} changeset{}, ", *number, *number == 1 ? "" : "s");
    }
  }
  return "";
}

}  // namespace

std::string text_line(const ItemResult& result) {
  std::string line = fmt::format("{:<9} {:<4} {}", word_of(result.status), printable(result.kind),
                                 printable(result.path));
  if (result.status == ItemStatus::kUnchanged) {
    line += fmt::format("  ({}{})", state_of(result.fingerprint), human_bytes(result.bytes));
  }
  if (result.status == ItemStatus::kCopied) {
    line += fmt::format("  ({}{}, {:.2f} s)", state_of(result.fingerprint),
                        human_bytes(result.bytes), result.seconds);
  }
  for (const std::string& note : result.notes) line += "; " + printable(note);
  if (result.error) {
    // Its path stands at the beginning of the line already.
    Error error = *result.error;
    if (error.path == result.path) error.path.clear();
    line += ": " + describe(error);
  }
  line += "\n";
  if (result.error) {
    // The last one stands in the message.
    constexpr std::size_t kShown = 6;
    std::vector<std::string> said = last_lines(result.error->output, kShown);
    if (!said.empty()) said.pop_back();
    for (const std::string& each : said) line += "          | " + printable(each) + "\n";
  }
  return line;
}

std::string plan_line(const ItemResult& result) {
  if (result.status == ItemStatus::kUnchanged || !result.listed_by.empty()) {
    return text_line(result);
  }
  const std::string item = fmt::format("{:<4} {}", printable(result.kind), printable(result.path));
  if (result.error) {
    return fmt::format("{:<8} {}: {}\n", "REFUSED", item, printable(result.error->message));
  }
  return fmt::format("would copy {}  ({})\n", item, human_bytes(result.bytes_needed.value_or(0)));
}

std::string text_line(const GoneCopy& gone) {
  return fmt::format("{:<9} {:<4} {}  ({} since {}); {}its copies stay until --forget {}\n",
                     gone.still_there ? "DAMAGED?" : "gone", printable(gone.kind),
                     printable(gone.path), human_bytes(gone.bytes), gone.generation,
                     gone.still_there ? "the directory is there, and no repository any more; " : "",
                     gone.id);
}

std::string plan_line(const GoneCopy& gone) {
  if (!gone.forgotten) return text_line(gone);
  return fmt::format("would forget {:<4} {}: all its copies\n", printable(gone.kind),
                     printable(gone.path));
}

std::string text_of_unseen(const std::vector<GoneCopy>& copies) {
  const std::string more = copies.size() > 1 ? fmt::format(" and {} more", copies.size() - 1) : "";
  return fmt::format("not looked at by the scan, so its copy of {} stays as it is: {}{}",
                     copies.front().generation, printable(copies.front().path), more);
}

std::string forgotten_line(const GoneCopy& gone) {
  return fmt::format("{:<9} {:<4} {}: all its copies are removed\n", "forgotten",
                     printable(gone.kind), printable(gone.path));
}

std::string text_table(const std::vector<ItemResult>& results) {
  struct Row {
    std::map<ItemStatus, std::size_t> counts;
    std::size_t listed = 0;
    std::uint64_t bytes = 0;
    std::uint64_t written = 0;
  };
  std::map<std::string, Row> rows;
  Row all;
  for (const ItemResult& result : results) {
    for (Row* row : {&rows[printable(result.kind)], &all}) {
      ++(result.listed_by.empty() ? row->counts[result.status] : row->listed);
      row->bytes += result.bytes;
      row->written += result.bytes_written;
    }
  }
  if (rows.size() < 2) return "";
  std::string text =
      fmt::format("\n{:<9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>11}\n", "", "copied",
                  "unchanged", "failed", "skipped", "listed", "in all", "written");
  auto add = [&text](const std::string& name, Row& row) {
    text += fmt::format("{:<9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>11}\n", name,
                        row.counts[ItemStatus::kCopied], row.counts[ItemStatus::kUnchanged],
                        row.counts[ItemStatus::kFailed] + row.counts[ItemStatus::kVanished],
                        row.counts[ItemStatus::kSkipped], row.listed, human_bytes(row.bytes),
                        human_bytes(row.written));
  };
  for (auto& [kind, row] : rows) add(kind, row);
  add("all", all);
  return text + "\n";
}

std::string progress_text(const ProgressCounts& counts) {
  if (counts.total == 0) return "looking at what there is to copy";
  std::string text =
      fmt::format("{} of {} items, {}", counts.done, counts.total, human_bytes(counts.bytes));
  if (counts.seconds >= 1) {
    const double rate = static_cast<double>(counts.bytes) / counts.seconds;
    text += fmt::format(", {}/s", human_bytes(static_cast<std::uint64_t>(rate)));
  }
  return text;
}

std::string text_summary(const RunSummary& summary, const std::string& target) {
  std::string text = fmt::format("{} copied and verified",
                                 summary.count(ItemStatus::kCopied) - summary.unverified);
  if (summary.unverified > 0) {
    text += fmt::format(", {} copied and NOT verified", summary.unverified);
  }
  if (summary.count(ItemStatus::kUnchanged) > 0) {
    text += fmt::format(", {} unchanged", summary.count(ItemStatus::kUnchanged));
  }
  for (const ItemStatus status :
       {ItemStatus::kFailed, ItemStatus::kVanished, ItemStatus::kSkipped}) {
    if (summary.count(status) > 0)
      text += fmt::format(", {} {}", summary.count(status), word_of(status));
  }
  if (summary.listed > 0) text += fmt::format(", {} listed only", summary.listed);
  if (summary.gone > 0) text += fmt::format(", {} gone", summary.gone);
  return text + fmt::format("; {} in {:.1f} s, in {}\n", human_bytes(summary.bytes),
                            summary.seconds, printable(target));
}

}  // namespace repo

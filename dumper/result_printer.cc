#include "dumper/result_printer.h"

#include <fmt/format.h>

#include "base/bytes_path.h"
#include "dumper/space.h"

namespace repo {
namespace {

const char* word_of(ItemStatus status) {
  switch (status) {
    case ItemStatus::kCopied:
      return "copied";
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
    const DetailValue* value = find_detail(fingerprint, key);
    const auto* number = value ? std::get_if<std::uint64_t>(value) : nullptr;
    if (number) {
      return std::string(key) == "revision"
                 ? fmt::format("r{}, ", *number)
                 : fmt::format("{} changeset{}, ", *number, *number == 1 ? "" : "s");
    }
  }
  return "";
}

}  // namespace

std::string text_line(const ItemResult& result) {
  std::string line = fmt::format("{:<8} {:<4} {}", word_of(result.status), printable(result.kind),
                                 printable(result.path));
  if (result.status == ItemStatus::kCopied) {
    line += fmt::format("  ({}{}, {:.2f} s)", state_of(result.fingerprint),
                        human_bytes(result.bytes), result.seconds);
    for (const std::string& note : result.notes) line += "; " + printable(note);
  }
  if (result.error) {
    // Its path stands at the beginning of the line already.
    Error error = *result.error;
    if (error.path == result.path) error.path.clear();
    line += ": " + describe(error);
  }
  return line + "\n";
}

std::string text_summary(const RunSummary& summary, const std::string& target) {
  auto count = [&](ItemStatus status) {
    const auto found = summary.counts.find(status);
    return found == summary.counts.end() ? std::size_t{0} : found->second;
  };
  std::string text = fmt::format("{} copied and verified", count(ItemStatus::kCopied));
  for (const ItemStatus status :
       {ItemStatus::kFailed, ItemStatus::kVanished, ItemStatus::kSkipped}) {
    if (count(status) > 0) text += fmt::format(", {} {}", count(status), word_of(status));
  }
  return text + fmt::format("; {} in {:.1f} s, in {}\n", human_bytes(summary.bytes),
                            summary.seconds, printable(target));
}

}  // namespace repo

#include "scanner/diff_print.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"

namespace repo {
std::string difference_text(const std::vector<DifferenceItem>& items) {
  std::string text;
  for (const DifferenceItem& item : items) {
    const auto* word =
        std::find_if(kDifferenceWords.begin(), kDifferenceWords.end(),
                     [&](const DifferenceWord& each) { return each.what == item.what; });
    const std::string path = printable(item.path);
    const std::string kind = printable(item.kind);
    text += fmt::format("{:<8} ", word->word);
    switch (item.what) {
      case Difference::kMoved:
        text += fmt::format("{:<4} {} -> {}\n", kind, printable(item.from), path);
        break;
      case Difference::kChanged:
        text += fmt::format("{} -> {}  {}\n", printable(item.was), kind, path);
        break;
      case Difference::kUnknown:
        text += fmt::format("{:<4} {} ({})\n", kind, path, printable(item.why));
        break;
      case Difference::kNew:
      case Difference::kGone:
      case Difference::kReplaced:
        text += fmt::format("{:<4} {}\n", kind, path);
    }
  }
  return text;
}

std::string difference_summary(const Manifest& older, const Manifest& now,
                               const std::vector<DifferenceItem>& items) {
  std::string text;
  for (const DifferenceWord& word : kDifferenceWords) {
    const auto count = std::count_if(items.begin(), items.end(), [&](const DifferenceItem& item) {
      return item.what == word.what;
    });
    if (count > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, word.counted);
  }
  if (text.empty()) text = "no difference";
  text += " since the scan of " +
          (older.finished ? rfc3339(*older.finished) : std::string("an unknown time"));
  if (older.host != now.host) text += ", of another host: " + printable(older.host);
  if (!older.complete) text += ", which was INCOMPLETE";
  return text;
}

}  // namespace repo

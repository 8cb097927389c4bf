#include "dumper/last_lines.h"

#include <algorithm>

namespace repo {
namespace {

std::string cut(std::string_view line) {
  if (line.size() <= kLongestLine) return std::string(line);
  // Not within a character of UTF-8: its further bytes are 10xxxxxx.
  constexpr unsigned kTopBits = 0xC0;
  constexpr unsigned kFurther = 0x80;
  constexpr std::size_t kMostFurther = 3;
  std::size_t end = kLongestLine;
  while (end > kLongestLine - kMostFurther &&
         (static_cast<unsigned char>(line[end]) & kTopBits) == kFurther) {
    --end;
  }
  return std::string(line.substr(0, end)) + "…";
}

}  // namespace

std::vector<std::string> last_lines(std::string_view text, std::size_t most) {
  std::vector<std::string> lines;
  while (!text.empty() && lines.size() < most) {
    const std::size_t newline = text.rfind('\n');
    const std::string_view line =
        newline == std::string_view::npos ? text : text.substr(newline + 1);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) lines.push_back(cut(line));
    text = newline == std::string_view::npos ? std::string_view() : text.substr(0, newline);
  }
  std::reverse(lines.begin(), lines.end());
  return lines;
}

}  // namespace repo

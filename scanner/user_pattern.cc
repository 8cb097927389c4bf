#include "scanner/user_pattern.h"

#include <string>

#include "base/text.h"

namespace repo {

bool pattern_matches(std::string_view pattern, std::string_view text) {
  // The usual greedy match: of the stars only the last one ever has to be tried again.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t after_star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_text = t;
      continue;
    }
    const bool is_escape = p + 1 < pattern.size() && pattern[p] == '\\';
    const std::size_t here = is_escape ? p + 1 : p;
    const bool fits =
        here < pattern.size() && (pattern[here] == text[t] || (!is_escape && pattern[here] == '?'));
    if (fits) {
      p = here + 1;
      ++t;
      continue;
    }
    if (after_star == std::string_view::npos) return false;
    p = after_star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<std::string> mistake_in_pattern(std::string_view pattern) {
  if (pattern.empty()) return "an empty pattern";
  if (pattern.size() > kLongestPattern) {
    return "longer than " + std::to_string(kLongestPattern) + " bytes";
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\0' || c == '\n') return "a NUL or a newline in it: it is for one name or line";
    if (c == '[') return "\"[\" is no special character here: write \"\\[\" for itself";
    if (c != '\\') continue;
    if (++i == pattern.size()) return "a backslash at its end";
  }
  return std::nullopt;
}

std::optional<std::string_view> find_line(std::string_view pattern, std::string_view output) {
  while (!output.empty()) {
    std::string_view line = take_line(output);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
      line.remove_suffix(1);
    }
    if (pattern_matches(pattern, line)) return line;
  }
  return std::nullopt;
}

}  // namespace repo

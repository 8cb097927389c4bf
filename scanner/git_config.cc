#include "scanner/git_config.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace repo {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

// Without quotes and what follows a comment sign outside of them.
std::string value_of(std::string_view text) {
  std::string value;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '#' || c == ';')) {
      break;
    } else {
      value += c;
    }
  }
  return quoted ? value : std::string(trimmed(value));
}

}  // namespace

std::map<std::string, std::string> read_git_extensions(std::string_view config) {
  std::map<std::string, std::string> extensions;
  bool in_section = false;
  while (!config.empty()) {
    std::string_view line = trimmed(take_line(config));
    if (line.starts_with('[')) {
      const std::size_t close = line.find(']');
      in_section = close != std::string_view::npos &&
                   lower(trimmed(line.substr(1, close - 1))) == "extensions";
      // A variable may stand on the section's own line.
      line = close == std::string_view::npos ? std::string_view() : trimmed(line.substr(close + 1));
    }
    if (!in_section || line.empty() || line[0] == '#' || line[0] == ';') continue;
    const std::size_t equals = line.find('=');
    const std::string key = lower(trimmed(line.substr(0, equals)));
    extensions[key] = equals == std::string_view::npos ? "true" : value_of(line.substr(equals + 1));
  }
  return extensions;
}

}  // namespace repo

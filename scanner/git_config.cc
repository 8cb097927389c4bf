#include "scanner/git_config.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <utility>

#include "base/number.h"
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

// As git_parse_maybe_bool() does; nothing where git would complain.
std::optional<bool> to_bool(const std::string& value) {
  const std::string word = lower(value);
  if (word == "true" || word == "yes" || word == "on") return true;
  if (word.empty() || word == "false" || word == "no" || word == "off") return false;
  const std::optional<std::uint64_t> number = to_number<std::uint64_t>(word);
  return number ? std::optional(*number != 0) : std::nullopt;
}

// The section that a line begins, in lower case, and whether a subsection is named behind it;
// `rest` is what stands behind its bracket. An empty name where the bracket is not closed.
struct Section {
  std::string name;
  bool has_subsection = false;
};

Section take_section(std::string_view line, std::string_view& rest) {
  rest = {};
  bool quoted = false;
  std::size_t close = 1;
  for (; close < line.size() && (quoted || line[close] != ']'); ++close) {
    if (line[close] == '"') quoted = !quoted;
    if (quoted && line[close] == '\\') ++close;
  }
  if (close >= line.size()) return {};
  rest = trimmed(line.substr(close + 1));
  const std::string_view title = trimmed(line.substr(1, close - 1));
  // "remote.origin" is an old way to write: remote "origin".
  const std::size_t end = title.find_first_of(" \t\".");
  return {lower(title.substr(0, end)), end != std::string_view::npos};
}

// Calls see(section, key, value) for each variable, the key in lower case.
template <typename See>
void each_variable(std::string_view config, See see) {
  Section section;
  while (!config.empty()) {
    std::string_view line = trimmed(take_line(config));
    if (line.starts_with('[')) {
      std::string_view rest;
      section = take_section(line, rest);
      line = rest;  // a variable may stand on the section's own line
    }
    if (section.name.empty() || line.empty() || line[0] == '#' || line[0] == ';') continue;
    const std::size_t equals = line.find('=');
    see(section, lower(trimmed(line.substr(0, equals))),
        equals == std::string_view::npos ? "true" : value_of(line.substr(equals + 1)));
  }
}

}  // namespace

GitConfig read_git_config(std::string_view config) {
  GitConfig result;
  each_variable(config, [&](const Section& section, const std::string& key, std::string value) {
    if (section.has_subsection) {
      if (section.name != "remote") return;
      if (key == "promisor" && to_bool(value) == true) result.has_promisor = true;
      if (key == "partialclonefilter") result.has_promisor = true;
      return;
    }
    if (section.name == "core" && key == "bare") result.bare = to_bool(value);
    if (section.name == "core" && key == "worktree") result.has_worktree = !value.empty();
    if (section.name == "extensions") result.extensions[key] = std::move(value);
  });
  if (result.extensions.contains("partialclone")) result.has_promisor = true;
  return result;
}

std::map<std::string, std::string> read_git_extensions(std::string_view config) {
  return read_git_config(config).extensions;
}

}  // namespace repo

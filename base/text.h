// Small things about text. Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace repo {

// The first line of `rest`, without its newline; `rest` is what comes after it.
inline std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  return line;
}

inline std::string first_line(std::string_view text) { return std::string(take_line(text)); }

// "1 item", "3 items"
inline std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

inline std::string quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace repo

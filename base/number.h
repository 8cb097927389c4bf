// Numbers as text.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace repo {

// All of `text` as a number; nothing where it is anything else, or too large. No sign before an
// unsigned one, no blanks.
template <typename Number>
std::optional<Number> to_number(std::string_view text, int base = 10) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// The number at the beginning, which ends with the text, its first line or a blank.
inline std::optional<std::uint64_t> leading_number(std::string_view text) {
  return to_number<std::uint64_t>(text.substr(0, text.find_first_of(" \n")));
}

}  // namespace repo

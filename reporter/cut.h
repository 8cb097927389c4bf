// The beginning of a text, for receivers that take no more. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace repo {

// At most `most` bytes of `text`, which is valid UTF-8, and no part of a character at the end.
inline std::string_view cut_at_character(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace repo

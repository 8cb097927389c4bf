// Printing that neither throws nor ends the program when nobody reads.
#pragma once

#include <cstdio>
#include <string_view>

namespace repo {

// False where not all of it could be written. What stdio still holds shows its error at the next
// flush.
inline bool put(std::FILE* stream, std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), stream) == text.size();
}

}  // namespace repo

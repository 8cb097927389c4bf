// The end of what a tool has printed. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace repo {

// The last `most` lines of `text` that are not blank, as raw bytes. Of a line that is longer than
// that only the beginning, and "…": a client that prints the statement which failed would put rows
// of a database into terminals, records and mails.
inline constexpr std::size_t kLongestLine = 300;
std::vector<std::string> last_lines(std::string_view text, std::size_t most);

}  // namespace repo

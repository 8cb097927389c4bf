// The end of what a tool has printed. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace repo {

// The last `most` lines of `text` that are not blank, as raw bytes.
std::vector<std::string> last_lines(std::string_view text, std::size_t most);

}  // namespace repo

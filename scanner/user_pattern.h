// Patterns of the kinds that users define: for names of files, and for lines that tools print.
//
// '*' stands for any bytes, also none, '?' for one byte, '\' makes the next byte itself. A pattern
// is for all of a name or line. There is nothing else: so the time is bounded by the product of the
// lengths, whatever a hostile owner's server prints (regcomp(3) and fnmatch(3) give no bound).
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace repo {

inline constexpr std::size_t kLongestPattern = 200;  // bytes

bool pattern_matches(std::string_view pattern, std::string_view text);

// Why `pattern` is none, or would not be what its writer meant.
std::optional<std::string> mistake_in_pattern(std::string_view pattern);

// The first line of `output` that `pattern` matches; blanks and carriage returns at its end do not
// count.
std::optional<std::string_view> find_line(std::string_view pattern, std::string_view output);

}  // namespace repo

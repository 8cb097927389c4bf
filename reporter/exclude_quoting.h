// One entry of an exclude list: how each dialect writes a path. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reporter/exclude_list.h"

namespace repo {

// The entry that matches `path` (canonical, not "/") and what lies below it, and nothing else;
// nothing where the dialect has none.
std::optional<std::string> exclude_entry(ExcludeDialect dialect, std::string_view path);

// The path whose exclude_entry() is `entry`; nothing where there is none.
std::optional<std::string> excluded_path(ExcludeDialect dialect, std::string_view entry);

}  // namespace repo

// Reading the configuration file.
#pragma once

#include <string>

#include "base/config.h"

namespace repo {

// Where the tools look when they are not told.
inline constexpr const char* kConfigPath = "/etc/repo-backup/config.toml";

// Opens `path` as open_trusted() does, so root takes no file that somebody else could have written,
// and parses it. A file that does not exist is an error where `must_exist`, else an empty
// configuration.
Result<Config> load_config(const std::string& path, bool must_exist);

}  // namespace repo

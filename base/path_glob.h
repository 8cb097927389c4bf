// Globs for paths, as --exclude and [policy] take them: fnmatch(3), in which '*' goes over '/', on
// the whole path; without '/' in it, on a name.
#pragma once

#include <optional>
#include <string>

namespace repo {

// Why `glob` can match nothing: paths are canonical (bytes_path.h), so that they begin with '/' and
// none ends with one. Nothing where it can, as far as that is seen without its brackets.
std::optional<std::string> mistake_in_glob(const std::string& glob);

}  // namespace repo

// The little of git's configuration that decides how a repository is to be read.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace repo {

// The section [extensions] of a repository's `config`, keys in lower case: "objectformat",
// "refstorage", "partialclone" … Includes are not followed, and what git would refuse is taken as
// far as it can be read. Source: git-config(1), "Syntax"; Documentation/technical/
// repository-version.txt in git's source.
std::map<std::string, std::string> read_git_extensions(std::string_view config);

}  // namespace repo

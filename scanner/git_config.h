// The little of git's configuration that decides how a repository is to be read, and what it is.
//
// Includes are not followed, and what git would refuse is taken as far as it can be read. Source:
// git-config(1), "Syntax" and "core.bare"; Documentation/technical/repository-version.txt and
// partial-clone.txt in git's source.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace repo {

struct GitConfig {
  // The section [extensions], keys in lower case: "objectformat", "refstorage" …
  std::map<std::string, std::string> extensions;
  std::optional<bool> bare;   // core.bare
  bool has_worktree = false;  // core.worktree is there
  bool has_promisor = false;  // a remote that is asked for objects that are not here
};

GitConfig read_git_config(std::string_view config);

// The extensions alone.
std::map<std::string, std::string> read_git_extensions(std::string_view config);

}  // namespace repo

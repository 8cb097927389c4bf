// What a git directory says of itself, told by a few cheap looks and no tool.
#pragma once

#include <string>
#include <string_view>

#include "scanner/fs.h"
#include "scanner/repository.h"

namespace repo {

// `head`, `bare`, `empty`, `object_format`, `ref_format`, `shallow`, `partial`, `alternates`,
// `worktrees` of the git directory `git`, whose HEAD says `head` (a ref, or the name of a commit)
// and whose config is `config`. `is_dot_git`: it is the folder `.git` of a directory, which decides
// whether it is bare where the config does not say. Never fails: what cannot be looked at is left
// out.
Detail read_git_facts(const Directory& git, const std::string& head, std::string_view config,
                      bool is_dot_git);

}  // namespace repo

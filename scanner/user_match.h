// Which files of a directory the signature of a user-defined kind matches.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "scanner/fs.h"
#include "scanner/user_kind.h"

namespace repo {

// Whether a regular file of that name may be one that the signature matches by a glob: none of what
// it excepts is. Pure.
bool matches_a_glob(const UserSignature& signature, std::string_view name);

// Names of regular files that may have a magic, by a glob of it: only these are opened. Pure.
bool may_have_magic(const UserSignature& signature, std::string_view name);

// Whether the file called `name` in `directory` has one of the signature's magics whose globs match
// that name. Links are not followed, FIFOs and devices not opened: they have none.
Result<bool> has_magic(const Directory& directory, const std::string& name,
                       const UserSignature& signature);

// The regular files that make the directory one of the kind, in the order of their bytes: those
// with a magic where the signature has magics, else those that match one of its globs, else
// its `files`. Nothing where the directory is not of the kind. Lists the directory once.
Result<std::optional<std::vector<std::string>>> match_user_kind(Directory& directory,
                                                                const UserSignature& signature);

// Those of these files that `directory` has, whether it is of the kind or not: a copy of one, say.
Result<std::vector<std::string>> matching_files(Directory& directory,
                                                const UserSignature& signature);

}  // namespace repo

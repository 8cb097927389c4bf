// repo-scan --check-kinds: the kinds that users have defined, explained, and what is wrong with
// them.
#pragma once

#include <cstdio>
#include <string>

namespace repo {

// `folder`: empty for the usual one, which need not be there. What is explained goes to `out`, what
// is wrong to `err`. Returns the exit status: 0, or 2 where a scan would refuse the files.
int check_kinds(const std::string& folder, std::FILE* out, std::FILE* err);

}  // namespace repo

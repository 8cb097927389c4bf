// An item's source: opened as what the manifest says it is, and looked at before anything of it is
// copied.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/dumper.h"
#include "dumper/plan.h"
#include "dumper/tree_look.h"

namespace repo {

// The directory of a repository, opened without following a link anywhere and compared with what
// the manifest says: device, inode, owner, kind. ENOENT or ENOTDIR where it has vanished.
// `user_kind`: what its kind is, where a user has defined it.
Result<UniqueFd> open_source(const Repository& source, const UserKind* user_kind = nullptr);

// What was seen of an item before anything of it was copied.
struct Survey {
  TreeLook look;
  std::vector<std::string> nested;  // repositories inside, relative to the source's path
  std::uint64_t entries = 0;        // files, directories and links
  // Of these, what a generation may share with the next: files, and their bytes on disk.
  std::uint64_t immutable_files = 0;
  std::uint64_t immutable_bytes = 0;
};

// Opens the source as open_source() does and looks at all of it.
Result<Survey> survey_item(const PlanItem& item, const Dumper& dumper, const Patience& patience);

// The error with a path that a person finds: those inside the copy and the source are alike.
Error in_source(Error error, const Repository& source);

}  // namespace repo

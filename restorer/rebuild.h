// A generation's data/ made anew in an empty directory: read back (read_back.h), hashed as it is
// copied, and given back its owners, modes, attributes and times.
//
// What the source had no entry for (alternates' objects) belongs to whom the folder above belongs
// to. Files may share their blocks with the copy where the file system can (reflink), never their
// inodes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/record.h"
#include "restorer/owner_map.h"

namespace repo {

struct RebuildOptions {
  bool owners = true;  // false: all is this process's, modes as the copy has them; for drills
  OwnerMap map{};
  Patience patience;
};

struct Rebuilt {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  // For people: what of owners, modes and attributes could not be set, with the first names.
  std::vector<std::string> not_set;
};

// `target` is an empty directory of ours that nobody else can enter: it becomes what data/ was at
// the source. On an error it is good for removal only. Errors: as read_back().
Result<Rebuilt> rebuild(int generation, const GenerationSummary& record, int target,
                        const RebuildOptions& options);

}  // namespace repo

// One restore, from a generation to its place.
#pragma once

#include <string>
#include <vector>

#include "dumper/copies.h"
#include "restorer/owner_map.h"
#include "restorer/place.h"

namespace repo {

struct RestoreResult {
  std::string id;
  std::string kind;
  std::string path;  // of the source
  std::string generation;
  std::string target;  // where it is now, or was to be
  double seconds = 0;
  std::uint64_t bytes = 0;
  std::string made;                  // the outermost folder above it that was made; mostly empty
  std::string instead_of;            // why it is not the current generation that was restored
  std::string doubt;                 // what a drill has found against it: it could not use it
  std::vector<std::string> not_set;  // of owners, modes and attributes (Rebuilt)
  std::vector<std::string> notes;    // what a person has to know of what was restored
  std::vector<std::string> missing;  // what should have been in the copy, a sentence each
  std::optional<Error> error;        // set: nothing was restored

  // Something is there already, and was left alone.
  bool is_in_the_way() const { return error && error->op == kInTheWay; }
  bool is_as_asked() const {
    return !error && instead_of.empty() && doubt.empty() && not_set.empty() && missing.empty();
  }
};

struct RestoreJob {
  const DumpRoot& root;
  const CopiedItem& item;
  const Generation& generation;
  int base = -1;  // an open directory, and its path
  std::string base_path;
  std::string rest;  // from there to the target
  bool with_files = false;
  const OwnerMap& owners;
  Patience patience;
  // Where a kind needs its tools for a restore: with walls, and under which user of the sandbox's.
  bool sandbox = true;
  std::uint32_t uid = 0;
};

RestoreResult restore_item(const RestoreJob& job);

// The generation with this stamp; without one the current one. The error: there is none, its record
// cannot be read, or it is known to be damaged (which a stamp overrides).
Result<const Generation*> generation_to_restore(const DumpRoot& root, const CopiedItem& item,
                                                const std::string& stamp);

}  // namespace repo

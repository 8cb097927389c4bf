// The one copier of trees: by descriptors, exact, in one pass or in two.
//
// Two passes copy a tree that its writers can be kept from for a moment only: copy_tree() takes
// the bulk while they work; update_tree(), called while they are locked out, brings the copy to
// the state of that moment and costs one look at each file.
//
// Copied     Directories, regular files (reflinked where the file system can, holes kept) and
//            symbolic links, as links. FIFOs, sockets and devices are in the look and are neither
//            opened nor copied. Extended attributes and owners are not put on the copy: see
//            owners.h.
// Modes      Directories 0700, files 0600 with the owner's x bit kept; setuid, setgid and sticky
//            never. With `readers` the group of that id may read too (0750, 0640), until seal.
// Times      Files, links and directories get the source's mtime.
// Racing     A file that grows or vanishes under the first pass is left to the second. What was
//            changed within a second before the first pass began, or later, is copied again by
//            the second, since a file system's clock ticks coarsely.
// Failures   The first error ends the pass; the target is then good for removal only.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "dumper/tree.h"

namespace repo {

struct CopyOptions {
  std::optional<std::uint32_t> readers;  // a group id; where this process is root
  Skip skip;                             // paths that are left out
  Patience patience;
  bool keep_existing = false;  // what `target` has already stays as it is
};

// What a pass has done: the look at the source that the copy corresponds to.
struct CopyPass {
  TreeLook look;
  struct timespec began = {};
};

// `target` is an open directory that takes what is in the top of `source`. It may have directories
// in it, and other files only with `keep_existing`.
Result<CopyPass> copy_tree(const TreeSource& source, int target, const CopyOptions& options);

// `target` holds what `first` has copied.
Result<CopyPass> update_tree(const TreeSource& source, int target, const CopyPass& first,
                             const CopyOptions& options);

}  // namespace repo

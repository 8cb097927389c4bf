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
//            never.
// Times      Files, links and directories get the source's mtime.
// Sharing    A file that its format never changes once it is written may be the previous copy's:
//            reflinked from there, or a hard link to it. Nothing of the previous copy is changed.
//            The same goes for a file with the same content in another item's copy.
// Racing     A file that grows or vanishes under the first pass is left to the second. What was
//            changed within a second before the first pass began, or later, is copied again by
//            the second, since a file system's clock ticks coarsely.
// Memory     That of one directory's names; not of the tree.
// Failures   The first error ends the pass; the target is then good for removal only.
#pragma once

#include <ctime>
#include <functional>
#include <optional>
#include <string>

#include "dumper/tree_look.h"

namespace repo {

// A copy that was made and verified before, laid out as the target is.
struct Shared {
  int previous = -1;  // its top; < 0: there is none
  // Whether a file at this path is never changed: one of the same size and mtime in the previous
  // copy is the same file.
  std::function<bool(const std::string& path)> immutable;
  // Set where such a file was copied from the source all the same: the target's file system has
  // neither clones nor links, say.
  bool* missed = nullptr;
};

// The same for a tree that lies at `folder` of this one. Nothing is shared where the previous copy
// does not have it.
class SharedBelow {
 public:
  SharedBelow(const Shared& above, const std::string& folder);
  Shared get() const { return {folder_.get(), immutable_, missed_}; }

 private:
  bool* missed_ = nullptr;
  UniqueFd folder_;
  std::function<bool(const std::string& path)> immutable_;
};

// The file of the previous copy that stands for one with this size and mtime.
bool is_same_file(const struct stat& previous, const struct stat& st);

// A copy of the same tree that belongs to another item. Its files are compared with the source's,
// byte by byte: so nothing is shared that whoever reads the source (TreeSource::as) may not read.
struct Twin {
  int top = -1;  // < 0: there is none
  // As Shared::immutable: no other file is shared.
  std::function<bool(const std::string& path)> immutable;
  bool* used = nullptr;  // set where a file is a clone of one there, or a hard link to it
};

struct CopyOptions {
  Skip skip;  // paths that are left out
  Patience patience;
  // The pass ends with its error where it has one for an entry that is not left out.
  std::function<std::optional<Error>(const TreeEntry& entry)> refuse;
  bool keep_existing = false;  // what `target` has already stays as it is
  Shared shared;
  Twin twin;
};

// `target` is an open directory that takes what is in the top of `source`. It may have directories
// in it, and other files only with `keep_existing`. The look is the one at the source that the copy
// corresponds to.
Result<TreeLook> copy_tree(const TreeSource& source, int target, const CopyOptions& options);

// `target` holds what a pass that began at `began` (TreeLook) has copied; what lies in it beside
// that and is not skipped is removed.
Result<TreeLook> update_tree(const TreeSource& source, int target, const struct timespec& began,
                             const CopyOptions& options);

}  // namespace repo

// An exact copy of a git directory while git works in it.
//
// Clones lose config, hooks, reflogs, stashes, the index, linked worktrees and LFS objects; only
// the files themselves are everything. They are copied in the order of git_layout.h, the packs
// until two looks at them agree. No lock is taken, nothing is written in the source.
//
// The refs of the copy are compared with those of the source before and after (git_state.h); where
// one has a value of neither time, the copy is tried again (EBUSY).
//
// Alternates (objects/info/alternates, of any depth that git allows) are copied into the copy's own
// objects, read with the rights of the repository's owner, so that the copy needs no other.
// Source: gitrepository-layout(5), "objects/info/alternates"; object-file.c,
// link_alt_odb_entries().
#pragma once

#include <string>
#include <vector>

#include "dumper/dumper.h"

namespace repo {

// As Dumper::copy. Runs no tool.
Result<CopyFacts> copy_git(const DumpJob& job);

// As Dumper::look.
Result<TreeLook> look_at_git(const DumpJob& job, const Seen& seen);

// A copy, to be verified.
struct CopiedGit {
  UniqueFd git;  // the git directory
  // Relative to it: itself (""), and those of submodules.
  std::vector<std::string> directories;
};
Result<CopiedGit> open_copied_git(const DumpJob& job);

// Of all its git directories; equal to that of CopyFacts.
Result<Detail> fingerprint_of(const CopiedGit& copied, const Patience& patience);

}  // namespace repo

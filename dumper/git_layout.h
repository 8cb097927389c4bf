// What lies where in a git directory, and so in which order it is safe to copy while git works in
// it: first all that names objects, then the objects, loose ones before packs. An object is always
// there before it is named, and `git gc` makes a pack before it removes what went into it.
//
// Sources: gitrepository-layout(5); git-worktree(1), "DETAILS"; builtin/gc.c and
// refs/files-backend.c in git's source (a loose ref is removed after packed-refs has it).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dumper/tree.h"

namespace repo {

// In the order of copying.
enum class GitPart {
  kRefs,        // HEAD, refs/, reftable/; also of linked worktrees
  kPackedRefs,  // after refs/: what moves there from refs/ meanwhile is not missed
  kNames,    // everything else that may name objects, and what names none: index, logs, config …
  kContent,  // loose objects; objects of LFS
  kPacks,    // objects/pack
  kLeftOut,  // locks, temporary files; alternates, whose objects come along instead
};

// Of a path relative to a git directory.
GitPart git_part(std::string_view path);

// Whether something of `part` can lie below the directory `path`.
bool leads_to(std::string_view path, GitPart part);

// logs/ or reftable/, of the repository or of a linked worktree, or what is in it.
bool is_git_log(std::string_view path);
bool is_reftable(std::string_view path);

// Finds the git directories inside one while that is walked.
class GitDirectories {
 public:
  void see(const TreeEntry& entry);
  // Itself ("") first, then those of submodules, parents before what is in them, relative to it. An
  // error where one has lost a part of what it must have, or where there are more of them than any
  // repository has that was not made for this.
  Result<std::vector<std::string>> found() const;

 private:
  static constexpr std::size_t kLargest = std::size_t{32} << 20;
  // Directories in modules/, and what each has of that which makes a git directory.
  std::map<std::string, unsigned> landmarks_;
  std::size_t size_ = 0;  // in memory, about
  bool is_too_large_ = false;
};

// Whether git fsck starts from the file at `path` of a git directory, or from something below it:
// all that names objects. Not submodules of a linked worktree, which are git directories
// themselves.
bool fsck_starts_from(std::string_view path);

// Whether a file in objects/pack says that its pack came from a remote that keeps what it refers
// to: a partial clone, which may lack objects. Source: Documentation/technical/partial-clone.txt.
bool is_promisor(std::string_view path);

// Files that are never changed once they are written: objects and packs, named by their content.
bool is_immutable_git(std::string_view path);

// `path` relative to the innermost of `directories` that it is in.
std::string in_git_directory(const std::string& path, const std::vector<std::string>& directories);

}  // namespace repo

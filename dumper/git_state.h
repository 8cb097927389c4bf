// What a git directory says of itself: every ref and what it names, and digests of the
// configuration that a verifying git does not look at.
//
// Read without git, as git reads it: a loose ref counts before a packed one.
// Sources: gitrepository-layout(5); git-pack-refs(1); refs/packed-backend.c (layout of
// packed-refs).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/tree.h"
#include "scanner/repository.h"

namespace repo {

// "HEAD", "refs/heads/main", "worktrees/NAME/HEAD" … → what it says: hex digits or "ref: NAME".
// "logs/REF" → what its last line says the ref became.
// "config", "hooks/NAME" …, and the files of a reftable → SHA-256 of the content. So it is of a ref
// that says more than 4096 bytes.
using GitState = std::map<std::string, std::string>;

// An error for a state that would take more than 256 MiB of memory: about a million refs.
Result<GitState> read_git_state(int git, const Patience& patience);

// Whether the copy's value of each key is what the source had before or after it was copied, or
// one that the reflog gained between. `reflog` gives the new values of a ref, oldest first. The
// keys of which it is not so.
std::vector<std::string> out_of_time(
    const GitState& before, const GitState& copy, const GitState& after,
    const std::function<std::vector<std::string>(const std::string& ref)>& reflog);

// The new values in logs/REF of a git directory, oldest first; of a log of many thousand entries
// the last ones; none where there is no log. `ref` may be that path, too.
std::vector<std::string> read_reflog(int git, const std::string& ref);

// For records: head, number of refs, and one digest over all of the state.
Detail git_fingerprint(const GitState& state);

}  // namespace repo

// The Dumper of a kind that a user has defined (scanner/user_kind.h): its commands make the copy,
// and its commands read it.
//
//   state → identity → dump → cleanup → identity again → how much is there → verify
//
// Source     The commands see its directory read-only, under the kind's account or, without one,
//            under the sandbox's own user, which may read everything in it and nothing else.
// Fingerprint  identity, state: what the commands printed; matches: how many files the signature
//            matches; bytes: of the copy; partial: unless the copy stands for all of the directory
//            and is verified.
// Unchanged  With UserKind::unchanged_by_files by a look at the files that the signature matches
//            and those whose names begin with theirs (write-ahead logs, journals), or at all of the
//            directory where none is matched by name, and as long as the kind's file and scripts
//            are the same (UserKind::digest). Else a source is never unchanged.
// Nested     Repositories in the directory are no business of its commands.
#pragma once

#include <memory>

#include "dumper/dumper.h"
#include "scanner/user_kind.h"

namespace repo {

std::unique_ptr<Dumper> make_user_dumper(UserKind kind);

}  // namespace repo

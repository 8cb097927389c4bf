// The drill of a kind that a user has defined: its own commands restore the copy and compare it.
//
//   drill → compare, twice → control → compare, which must fail now; where both of these are run
//   for each match, of each of them
//
// They see the scratch folder alone: {dest} is the copy, rebuilt and read by its SHA-256, {tmp}
// what they may use; they run under the sandbox's own user, with no network but, where the kind
// says so, a loopback device of its own. A kind without `compare` is proven by `drill` alone, and
// that is said; one without `drill` is not run.
#pragma once

#include <memory>

#include "restorer/drill.h"
#include "scanner/user_kind.h"

namespace repo {

std::unique_ptr<Drill> make_user_drill(UserKind kind);

}  // namespace repo

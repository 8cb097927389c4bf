// What Mercurial's changelog index says, read without Mercurial.
#pragma once

#include "base/result.h"
#include "scanner/fs.h"
#include "scanner/repository.h"

namespace repo {

// `changesets` (also hidden and secret ones) and, where there are any, `tip` (40 hex digits) of the
// store in `directory` (.hg/store, or .hg where there is none). Without an index there is no
// changeset yet. Empty where the index has a layout that this reader does not know. The error's
// path is relative to `directory`.
Result<Detail> read_hg_store(const Directory& directory);

}  // namespace repo

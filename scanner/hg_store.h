// What Mercurial's changelog index says, read without Mercurial.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "scanner/fs.h"
#include "scanner/repository.h"

namespace repo {

// `changesets` (also hidden and secret ones) and, where there are any, `tip` and `first` (the last
// and the first of them, 40 hex digits) of the store in `directory` (.hg/store, or .hg where there
// is none). Without an index there is no changeset yet. Empty where the index has a layout that
// this reader does not know. The error's path is relative to `directory`. Reads two records of an
// index that is not inline.
Result<Detail> read_hg_store(const Directory& directory);

// The first changeset, which tells one history from another, and those that have no child; hidden
// and secret ones count. Reads the whole index, in a bit of memory for each changeset.
struct HgEnds {
  std::string first;  // 40 hex digits; empty where there is no changeset, or of a layout that
                      // this reader does not know
  std::uint64_t heads = 0;
  std::string heads_sha256;  // of their 40 digits and a newline each, by number; empty with `first`
};
Result<HgEnds> read_hg_ends(const Directory& directory);

}  // namespace repo

// An exact copy of .hg, taken under Mercurial's own locks.
//
// Clones lose phases, secret and hidden changesets, mq, shelves, local tags and hgrc; only the
// files themselves are everything. Two passes: the first copies while writers work; then wlock
// and lock are taken, the second pass copies what has changed since, and the locks are freed. So
// the locks are held for one look at each file. Locks are made in the source (hg_lock.h) and
// removed on every way out; nothing else is written there.
//
// Where no lock can be made (read-only mount, no right to write, disk full,
// a lock that a dead process left) the copy counts only if
// a look before equals the look after, and nothing had changed in the two seconds before.
//
// A share (.hg/sharedpath) becomes self-contained: the store of its source comes along, read with
// the rights of the share's owner, and what said "shared" is taken out of the copy.
// Sources: mercurial/lock.py, localrepo.py; `hg help internals.requirements`.
#pragma once

#include <optional>

#include "dumper/dumper.h"
#include "dumper/identity.h"

namespace repo {

// As Dumper::copy. Runs no tool.
Result<CopyFacts> copy_hg(const DumpJob& job);

// What the repository says of itself: changesets and tip from the store, and digests of its
// bookmarks, phases and local tags. The arguments are open directories: .hg, the one that holds
// 00changelog.i, and the .hg whose bookmarks count; and as whom the latter two are read.
Result<Detail> hg_fingerprint(int hg, int store, const std::optional<Identity>& store_as,
                              int bookmarks, const std::optional<Identity>& bookmarks_as);

}  // namespace repo

// An exact copy of .hg, taken under Mercurial's own locks.
//
// Clones lose phases, secret and hidden changesets, mq, shelves, local tags and hgrc; only the
// files themselves are everything. Two passes: the first copies while writers work; then wlock
// and lock are taken, the second pass copies what has changed since, and the locks are freed. So
// the locks are held for one look at each file. Locks are made in the source (hg_lock.h) and
// removed on every way out; nothing else is written there.
//
// Where no lock can be made (read-only mount, no right to write, disk full, a lock that a dead
// process left) the copy counts only if a look before equals the look after, and nothing had
// changed in the two seconds before.
//
// A share (.hg/sharedpath) becomes self-contained: the store of its source comes along, read with
// the rights of the share's owner, and what said "shared" is taken out of the copy.
// Sources: mercurial/lock.py, localrepo.py; `hg help internals.requirements`.
#pragma once

#include "dumper/dumper.h"

namespace repo {

// As Dumper::copy. Runs no tool.
Result<CopyFacts> copy_hg(const DumpJob& job);

// As Dumper::look: of a share, the store and the bookmarks of its source are in it.
Result<TreeLook> look_at_hg(const DumpJob& job, const Seen& seen);

}  // namespace repo

// A copy of db/rep-cache.db, Subversion's index of contents that it has stored already.
//
// It is an SQLite database that every commit writes to, after db/current: its entries name no
// revision younger than that. Copied under SQLite's own shared lock, which keeps writers from the
// file as a reader of theirs does; they wait for the moment of the copy at most. The lock is this
// process's and goes with it; nothing is written to the source.
//
// It holds nothing that is not in the revisions (`svnadmin build-repcache` makes it anew): where it
// cannot be copied as a whole it is left out, and the copy is none the worse for it.
// Sources: sqlite.org/lockingv3.html; sqlite.org/fileformat2.html, 1.3; os_unix.c (the bytes that
// are locked); subversion/libsvn_fs_fs/rep-cache.c.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// From one db/ directory into another. The text says why it was left out; none where it was copied,
// or where there is none.
Result<std::optional<std::string>> copy_rep_cache(int from_db, int to_db, const Patience& patience);

}  // namespace repo

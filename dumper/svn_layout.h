// What lies where in a Subversion repository, and what of it makes up the state at one revision.
// FSFS in all its formats, and FSX.
//
//             FSFS                        FSX
//   revision  db/revs/SHARD/N             db/revs/SHARD/rN
//   its       db/revprops/SHARD/N,        db/revs/SHARD/pN,
//   properties db/revprops/SHARD.pack/…   db/revs/SHARD.pack/… beside `pack`
//   pack      db/revs/SHARD.pack/pack     db/revs/SHARD.pack/pack
//
// Without shards (FSFS before format 3, or by choice) SHARD is left out.
//
// A commit writes its revision file and its revision properties first and `db/current` last, and
// never changes either file again (properties of a revision may be edited: the file is replaced).
// So whoever reads `db/current` first finds all that belongs to that revision, whatever is
// committed meanwhile. `svnadmin pack` writes a shard into one file, then raises
// `db/min-unpacked-rev`, then removes the shard's directory. Sources:
// subversion/libsvn_fs_fs/structure; hotcopy.c, pack.c and transaction.c there; libsvn_fs_x/util.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "dumper/tree.h"

namespace repo {

enum class SvnPart {
  kRevisions,  // revisions and their packs, in db/revs
  kState,      // everything else that is copied
  kCurrent,    // db/current and db/txn-current: they change with every commit
  kRepCache,   // db/rep-cache.db, an SQLite database (svn_rep_cache.h)
  kLeftOut,  // transactions that are not committed; what SQLite keeps beside its database, and the
             // shared memory of Berkeley DB
};

// Of a path relative to the repository.
SvnPart svn_part(std::string_view path);

// Whether parts of several kinds may lie in the directory: those above the revisions. `shard`: of
// SvnExtent.
bool leads_to_parts(std::string_view path, std::uint64_t shard);

// How far a copy goes.
struct SvnExtent {
  std::uint64_t youngest = 0;
  std::uint64_t shard = 0;         // revisions in a directory; 0: all in one
  std::uint64_t min_unpacked = 0;  // the first revision that is in no pack
};

// Whether a path is of revisions that the extent does not have: younger ones; a shard's directory
// that is packed, or a pack that is not in use yet.
bool is_beyond(std::string_view path, const SvnExtent& extent);

// The number of "db/revs/N", "db/revs/SHARD/N" or "db/revs/SHARD/rN"; of nothing else.
std::optional<std::uint64_t> revision_of(std::string_view path);

// Files that are never changed once they are written: those of revisions and their packs. (The
// manifest of an FSX pack changes with the revision properties, and then has another mtime.)
bool is_immutable_svn(std::string_view path);

// The error of an entry among the data that is neither file nor directory.
std::optional<Error> odd_svn_data(const TreeEntry& entry);

// The shard size that db/format names ("layout sharded 1000").
std::uint64_t shard_size(std::string_view db_format);

}  // namespace repo

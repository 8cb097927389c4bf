// Subversion repositories in Berkeley DB.
//
// `svnadmin hotcopy` writes into such a source (it checkpoints it), so the files are copied by our
// own copier in the order of a hot backup: the databases first, the logs last, so that the logs
// tell of every change that the databases may lack or have by half; where a log was removed
// meanwhile, again. The environment's shared memory (db/__db.*) stays behind. `svnadmin recover`
// makes the copy whole.
// Sources: Berkeley DB Reference Guide, "Hot backup"; subversion/libsvn_fs_base/fs.c.
#pragma once

#include "dumper/dumper.h"

namespace repo {

// As Dumper::copy. The fingerprint has what can be told without Berkeley DB: the probe's detail and
// a digest of hooks and configuration.
Result<CopyFacts> copy_svn_bdb(const DumpJob& job);

// Recovers and verifies the copy in `data`, and adds its uuid and revision to the fingerprint.
Status verify_svn_bdb(const DumpJob& job, int data, CopyFacts& facts, const CommandRunner& runner);

}  // namespace repo

// The copy of a PostgreSQL cluster that was shut down: its files, with what lies outside of the
// data directory.
//
//   data/cluster              facts, as in postgres_copy.h
//   data/pgdata/              the data directory; pg_wal in it as a folder, wherever it lies
//   data/tablespaces/OID/     what pg_tblspc/OID leads to, of this major version
//   data/configuration/       the folder of postgresql.conf, where that lies elsewhere (Debian)
//
// Only the state "shut down" is taken, and only where nobody has started it by the end: files of a
// running or crashed cluster may start and have lost rows. What lies elsewhere is read with the
// rights of the cluster's owner.
// Sources: PostgreSQL's manual, "Database File Layout", "File System Level Backup".
#pragma once

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/dumper.h"

namespace repo {

// Whether it was shut down, as far as its files tell.
bool is_shut_down(int data_directory);

// The error names a part of the cluster that is behind a symbolic link: base/16384, say. Only the
// log and tablespaces are taken from behind one.
Status has_no_links(const DumpJob& job);

// All that a copy would be made of.
Result<TreeLook> look_at_postgres_files(const DumpJob& job, const Seen& seen);

Result<CopyFacts> copy_postgres_files(const DumpJob& job);

// pg_controldata, and pg_checksums where the cluster has checksums, read the copy; which of them it
// was, facts.tool says.
Status verify_postgres_files(const DumpJob& job, int data, CopyFacts& facts,
                             const CommandRunner& runner);

}  // namespace repo

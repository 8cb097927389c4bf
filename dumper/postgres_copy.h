// The copy of a running PostgreSQL cluster: what its server tells, database by database.
//
//   data/cluster          facts, a line each: "key value", values as files are called
//   data/globals.sql      roles and tablespaces, by pg_dumpall --globals-only
//   data/databases/FILE   a database, by pg_dump -Fd                 (FILE: postgres_name.h)
//   data/rows/FILE        the rows of its tables in the dump's snapshot, by postgres_rows.sql
//   data/files/, data/configuration/   what is in no dump (postgres_configuration.h)
//
// Each database is as of one moment, and different ones of different moments. Every database of
// pg_database but template0 is accounted for: one that cannot be dumped ends no other, and is in
// CopyFacts::missing, or where it was acknowledged in a note. Roles, tablespaces and the list of
// databases are asked for again at the end; what came meanwhile is dumped, too.
//
// Nothing is believed of an exit code alone: pg_dumpall ends in 0 with an empty file on a full
// disk. So the globals must have their last line and verify_postgres() reads every dump whole.
#pragma once

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/dumper.h"
#include "dumper/postgres_server.h"
#include "dumper/server_options.h"

namespace repo {

// `system_identifier` is the one in the cluster's own files: a server that has another one serves
// another cluster.
Result<CopyFacts> copy_postgres(const DumpJob& job, const CommandRunner& runner,
                                const PostgresServer& server, const ServerOptions& options,
                                const std::string& system_identifier);

// Reads all of it with pg_restore.
Status verify_postgres(const DumpJob& job, int data, const CopyFacts& facts,
                       const CommandRunner& runner);

}  // namespace repo

// The copy of a running PostgreSQL cluster as of one moment for all its databases: pg_basebackup.
//
//   data/cluster, data/pgdata/, data/tablespaces/OID/   as in postgres_files.h; links in pg_tblspc
//                                                       lead to the tablespaces of the copy
//
// It carries what is damaged in indexes along, can be restored by the same major version alone, and
// needs the right REPLICATION. Source: PostgreSQL's manual, "pg_basebackup", "pg_verifybackup".
#pragma once

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/dumper.h"
#include "dumper/postgres_server.h"

namespace repo {

Result<CopyFacts> copy_postgres_basebackup(const DumpJob& job, const CommandRunner& runner,
                                           const PostgresServer& server,
                                           const std::string& system_identifier);

// pg_verifybackup reads every file of it.
Status verify_postgres_basebackup(const DumpJob& job, int data, const CopyFacts& facts,
                                  const CommandRunner& runner);

}  // namespace repo

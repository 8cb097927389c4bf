// What belongs to a cluster and is in no dump: its configuration, keys, and what people have put
// into its data directory. A file-level backup may leave the directory out, so the copy has all of
// it.
//
//   data/files/           of the data directory, what its server has not made
//   data/configuration/   the folder of postgresql.conf, where that lies elsewhere (Debian)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dumper/dumper.h"

namespace repo {

// Whether a server makes an entry of that name in its data directory: base, global, pg_wal,
// PG_VERSION … but not pg_hba.conf. Source: PostgreSQL's manual, "Database File Layout".
bool is_of_the_server(std::string_view name);

// The folder of the configuration, outside of the data directory, that the server was started with
// last; nothing where it lies in there, or nobody knows.
std::optional<std::string> configuration_elsewhere(const DumpJob& job);

// Both folders. Repositories in the data directory are items of their own and left out. What lies
// elsewhere is read with the rights of the cluster's owner, and is a note where that cannot be.
Status copy_postgres_configuration(const DumpJob& job, int data, CopyFacts& facts);

}  // namespace repo

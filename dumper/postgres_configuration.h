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

// What the server has not made in its data directory, into data/files/. Repositories in there are
// items of their own and left out.
Status copy_postgres_files_of_people(const DumpJob& job, int data, CopyFacts& facts);

// The folder of postgresql.conf, where that is outside of the data directory, into
// data/configuration/. `config_file` is what the server says of it; empty: what the command says
// that started it last. It is read with the rights of the cluster's owner. A note where it cannot
// be found or taken, or lacks a file; an error where the copy cannot be written.
Status copy_postgres_configuration(const DumpJob& job, int data, const std::string& config_file,
                                   CopyFacts& facts);

// A look at that folder, as far as it can be looked at.
std::optional<TreeLook> look_at_postgres_configuration(const DumpJob& job, const Seen& seen);

}  // namespace repo

// Asking a cluster's server for its databases, and what every copy of a cluster says of it.
#pragma once

#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/dumper.h"
#include "dumper/postgres_answer.h"
#include "dumper/postgres_server.h"

namespace repo {

// The answer, of the cluster that it is asked of: a server with another system identifier than the
// cluster's own files have, another major version, or another data directory is refused, with both.
Result<PostgresAnswer> ask_postgres(const DumpJob& job, const CommandRunner& runner,
                                    const PostgresServer& server,
                                    const std::string& system_identifier);

// Whether a tool's end leaves no use in asking for anything more.
bool ends_everything(const CommandResult& result);

// data/cluster: a line for each text, "key value", the value as files are called (postgres_name.h).
std::string cluster_text(const Detail& facts);

}  // namespace repo

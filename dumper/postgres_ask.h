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

// Runs a script of sh(1) that reads a copy: `data` is /staging, read-only, for the sandbox's own
// user; $1 is the folder of the programs of its major version, $2 is `what`. `op`: what is
// attempted.
Result<std::string> run_on_copy(const DumpJob& job, int data, const CopyFacts& facts,
                                const CommandRunner& runner, const char* script,
                                const std::string& what, const std::string& op);

// data/cluster: a line for each text, "key value", the value as files are called (postgres_name.h).
std::string cluster_text(const Detail& facts);

}  // namespace repo

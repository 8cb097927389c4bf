#include "dumper/postgres_basebackup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.h"
#include "dumper/hand_over.h"
#include "dumper/postgres_ask.h"
#include "dumper/postgres_configuration.h"
#include "dumper/postgres_files.h"
#include "dumper/postgres_texts.h"
#include "dumper/tree.h"

namespace repo {

Result<CopyFacts> copy_postgres_basebackup(const DumpJob& job, const CommandRunner& runner,
                                           const PostgresServer& server,
                                           const std::string& system_identifier) {
  // pg_basebackup leaves out what is behind one, and so does the manifest that it is verified by.
  if (Status whole = has_no_links(job); !whole) return whole.error();
  const Result<PostgresAnswer> answer = ask_postgres(job, runner, server, system_identifier);
  if (!answer) return answer.error();
  if (mkdirat(job.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
  const UniqueFd data = open_directory(job.staging_fd, "data");
  if (!data) return system_error("open", "data", errno);
  const Account& account = server.account();
  if (Status given = hand_over(data.get(), {account.uid, account.gid}, job.patience); !given) {
    return given.error();
  }
  Command command = server.command("", job.patience);
  command.argv = {"sh",
                  "-c",
                  kPostgresBasebackupScript,
                  "dump",
                  server.programs(),
                  server.conninfo(answer->answered_at),
                  "/staging"};
  command.binds.push_back({data.get(), "/staging", true});
  const CommandResult result = runner.run(command);
  if (!result.ok()) return tool_error("pg_basebackup", result);

  CopyFacts facts;
  facts.is_told = true;
  facts.tool = "pg_verifybackup";
  facts.tool_version = answer->version;
  facts.elsewhere = Elsewhere{"pgdata", UniqueFd(fcntl(job.source_fd, F_DUPFD_CLOEXEC, 0)), {}};
  facts.fingerprint = {{"version", answer->version},
                       {"major", answer->major},
                       {"system_identifier", answer->system_identifier},
                       {"method", std::string("basebackup")},
                       {"databases", std::uint64_t{databases_to_dump(*answer).size()}}};
  // The folder is the tools': what is written here goes into it as their owner would see it.
  Status written = create_file(data.get(), "cluster", cluster_text(facts.fingerprint));
  if (!written) return written.error();
  Status configured = copy_postgres_configuration(job, data.get(), answer->config_file, facts);
  return configured ? std::move(facts) : Result<CopyFacts>(configured.error());
}

Status verify_postgres_basebackup(const DumpJob& job, int data, const CopyFacts& facts,
                                  const CommandRunner& runner) {
  const Result<std::string> read = run_on_copy(
      job, data, facts, runner, kPostgresVerifyBackupScript, "/staging", "pg_verifybackup");
  return read ? Status() : read.error();
}

}  // namespace repo

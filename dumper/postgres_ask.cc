#include "dumper/postgres_ask.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/identity.h"
#include "dumper/postgres_name.h"
#include "dumper/postgres_texts.h"

namespace repo {
namespace {

constexpr std::size_t kMostText = std::size_t{256} << 20;  // of names of databases

Status is_this_cluster(const DumpJob& job, const PostgresServer& server,
                       const PostgresAnswer& answer, const std::string& identifier) {
  if (answer.system_identifier != identifier) {
    return plain_error("dump", "",
                       fmt::format("the server at its socket serves another cluster: system "
                                   "identifier {}, and {} in the data directory",
                                   printable(answer.system_identifier), identifier));
  }
  if (answer.major != server.major()) {
    return plain_error("dump", "",
                       fmt::format("its server is of version {}, and the data directory of {}",
                                   printable(answer.version), server.major()));
  }
  if (answer.data_directory.empty()) return {};  // not for this role to see
  const Result<UniqueFd> directory =
      open_directory_as(AT_FDCWD, answer.data_directory, identity_of(server.account().uid));
  struct stat here = {};
  struct stat there = {};
  if (directory && fstat(directory->get(), &there) == 0 && fstat(job.source_fd, &here) == 0 &&
      here.st_ino == there.st_ino && here.st_dev == there.st_dev) {
    return {};
  }
  return plain_error("dump", "",
                     "the server at its socket has another data directory, " +
                         printable(answer.data_directory) +
                         ": this one is a copy of it, or was moved under a running server");
}

}  // namespace

bool ends_everything(const CommandResult& result) {
  using End = CommandResult::End;
  return result.end == End::kStopped || result.end == End::kOverdue || result.end == End::kNoRoom ||
         result.end == End::kNotStarted;
}

Result<PostgresAnswer> ask_postgres(const DumpJob& job, const CommandRunner& runner,
                                    const PostgresServer& server,
                                    const std::string& system_identifier) {
  CommandResult first;
  for (const char* database : {"postgres", "template1"}) {
    Command list = server.command("", job.patience);
    // By a pipe: before 15, psql -c prints the last answer alone.
    list.argv = {"sh",
                 "-c",
                 R"(printf '%s\n' "$3" | "$1/psql" -XAtqw -z -0 -v ON_ERROR_STOP=1 -d "$2")",
                 "list",
                 server.programs(),
                 server.conninfo(database),
                 kPostgresList};
    // The bytes of names as they are, in whatever encoding.
    list.environment.emplace_back("PGCLIENTENCODING", "SQL_ASCII");
    list.environment.emplace_back("PGOPTIONS", "-c search_path=pg_catalog");  // its own settings
    const UniqueFd said(memfd_create("answer", MFD_CLOEXEC));
    if (!said) return system_error("memfd_create", "", errno);
    list.output = said.get();
    CommandResult result = runner.run(list);
    if (result.ok()) {
      if (lseek(said.get(), 0, SEEK_SET) != 0) return system_error("seek", "", errno);
      const Result<std::string> text = read_to_end(said.get(), kMostText);
      if (!text) return text.error();
      Result<PostgresAnswer> answer = parse_postgres_answer(*text);
      if (!answer) return answer;
      answer->answered_at = database;
      Status same = is_this_cluster(job, server, *answer, system_identifier);
      if (!same) return same.error();
      return answer;
    }
    if (ends_everything(result)) return tool_error("psql", result);
    if (first.err.empty()) first = std::move(result);
  }
  return tool_error("connect to its server", first);
}

Result<std::string> run_on_copy(const DumpJob& job, int data, const CopyFacts& facts,
                                const CommandRunner& runner, const char* script,
                                const std::string& what, const std::string& op) {
  Command command;
  command.argv = {"sh",
                  "-c",
                  script,
                  "verify",
                  postgres_programs(find_text(facts.fingerprint, "major").value_or("")),
                  what};
  command.uid = job.uid;
  command.reads_any_file = true;
  command.binds = {{data, "/staging", false}};
  command.patience = job.patience;
  CommandResult result = runner.run(command);
  if (!result.ok()) return tool_error(op, result);
  return std::move(result.out);
}

std::string cluster_text(const Detail& facts) {
  std::string text;
  for (const auto& [key, value] : facts) {
    if (const auto* words = std::get_if<std::string>(&value)) {
      text += fmt::format("{} {}\n", key, postgres_file_name(*words));
    }
  }
  return text;
}

}  // namespace repo

// PostgreSQL: a new server of the copy's own major version takes the copy, and is asked for it.
//
// A dump     Roles, tablespaces (in place: never where the source has them) and databases are
// loaded;
//            the rows are counted as the dump has counted them in its snapshot; and what the new
//            server is dumped to must be what the copy holds: its data byte by byte, its schemas,
//            or what they are written like after a reload, its roles. It runs code of the source's
//            superusers, as any restore does; passwords are left out.
// Files      The server starts on them, with a configuration of the drill's own; every row of every
//            database is read, B-trees are compared with their tables, checksums are checked.
// Elsewhere  A server of another major version is not tried, nor where an extension, a locale or
//            a library is missing: that says nothing of the copy.
// Sources: PostgreSQL's manual, pg_restore, pg_dumpall, initdb, pg_amcheck, pg_checksums.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/damage.h"
#include "dumper/postgres_texts.h"
#include "dumper/tree.h"
#include "restorer/drill_script.h"
#include "restorer/drill_scripts.h"
#include "restorer/postgres_globals.h"
#include "restorer/postgres_read.h"

namespace repo {
namespace {

constexpr const char* kHelper = "repo-restore drill";  // drill_postgres.sh makes it

Result<Globals> globals_in(int folder, const std::string& name, const GlobalsOptions& options) {
  const Result<std::string> text = read_small_file(folder, name, kMostOfGlobals);
  if (!text) return text.error();
  return read_globals(*text, options);
}

class PostgresDrill final : public Drill {
 public:
  bool is_files_alone(const GenerationSummary& record) const override {
    return find_text(record.fingerprint, "method") != "dump";
  }

  // A dump is compressed: what counts are the databases and the log that is written while they are
  // loaded, and what initdb makes.
  Room room(const GenerationSummary& record) const override {
    constexpr std::uint64_t kNew = std::uint64_t{64} << 20;
    constexpr std::uint64_t kFiles = 1500;
    constexpr std::uint64_t kFilesOfOne = 400;
    Room room = Drill::room(record);
    const auto number = [&](const char* key) {
      return find_number(record.fingerprint, key).value_or(0);
    };
    room.bytes = std::max(room.bytes, record.totals.bytes + 2 * number("database_bytes")) + kNew;
    room.entries += kFiles + kFilesOfOne * number("databases");
    return room;
  }

  Result<std::vector<std::string>> run(const DrillJob& job,
                                       const CommandRunner& runner) const override {
    const Result<UniqueFd> data = open_data(job);
    if (!data) return data.error();
    const Result<PostgresCopy> copy = read_postgres_copy(data->get());
    if (!copy) return copy.error();
    if (Status same = expect_as_recorded(data->get(), *copy, job.record.fingerprint); !same) {
      return same.error();
    }
    const Result<std::string> binaries = postgres_binaries(*copy);
    if (!binaries) return binaries.error();
    Script script = postgres_script(*copy, *binaries, geteuid() == 0 ? job.uid : geteuid());
    if (Status put = put_file(job.scratch, "rows.sql", kPostgresRows); !put) return put.error();
    Result<std::vector<std::string>> steps = copy->is_dump()
                                                 ? of_dump(job, runner, *copy, data->get(), script)
                                                 : of_files(job, runner, script);
    if (steps) steps->insert(steps->begin(), "PostgreSQL " + copy->version);
    return steps;
  }

 private:
  static Result<std::vector<std::string>> of_dump(const DrillJob& job, const CommandRunner& runner,
                                                  const PostgresCopy& copy, int data,
                                                  Script& script) {
    const Result<Globals> globals = globals_in(data, "globals.sql", {copy.superuser, false});
    if (!globals) return unusable("globals.sql: " + describe(globals.error()));
    for (const auto& [name, text] : {std::pair("globals.sql", globals->text()),
                                     {"globals.last.sql", globals->last_text()},
                                     {"databases.sh", postgres_databases(copy)}}) {
      if (Status put = put_file(job.scratch, name, text); !put) return put.error();
    }
    if (!globals->tablespaces.empty()) script.environment.emplace_back("POSTGRES_IN_PLACE", "yes");
    const std::string text = std::string(kPostgresServer) + kPostgresDrillScript;
    script.text = text.c_str();
    Result<ScriptResult> done = run_script(job, runner, script);
    if (!done) return done.error();
    const Result<Globals> again =
        globals_in(job.scratch, "globals.now", {copy.superuser, false, kHelper});
    if (!again) return unusable("its roles, dumped again: " + describe(again.error()));
    const std::string differs = differing_statement(*globals, *again);
    if (!differs.empty()) {
      return unusable("its roles and tablespaces, dumped again, are others: " + printable(differs));
    }
    for (std::string& note : postgres_notes(*done)) done->steps.push_back(std::move(note));
    return std::move(done->steps);
  }

  static Result<std::vector<std::string>> of_files(const DrillJob& job, const CommandRunner& runner,
                                                   Script& script) {
    const std::string text = std::string(kPostgresServer) + kPostgresFilesDrillScript;
    script.text = text.c_str();
    Result<ScriptResult> done = run_script(job, runner, script);
    if (!done) return done.error();
    return std::move(done->steps);
  }
};

}  // namespace

std::unique_ptr<Drill> make_postgres_drill() { return std::make_unique<PostgresDrill>(); }

}  // namespace repo

#include "dumper/postgres_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/number.h"
#include "base/stop_signal.h"
#include "base/text.h"
#include "dumper/hand_over.h"
#include "dumper/postgres_answer.h"
#include "dumper/postgres_ask.h"
#include "dumper/postgres_configuration.h"
#include "dumper/postgres_globals.h"
#include "dumper/postgres_name.h"
#include "dumper/postgres_texts.h"
#include "dumper/tree.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;

// What postgres_dump.sh writes beside the counts of a database.
constexpr const char* kRolesBeside = ".roles";
constexpr const char* kLacksBeside = ".lacks";
constexpr const char* kGlobals = "globals.sql";
constexpr std::size_t kMostText = std::size_t{256} << 20;  // of globals, of counts
// A dump that failed sooner is tried again: somebody held a lock, or a table went meanwhile. As
// often as it takes to wait for a lock so many times, and at most kTries times.
constexpr std::chrono::minutes kSoon{5};
constexpr int kTurns = 3;
constexpr int kTries = 20;
constexpr int kFewTries = 3;
constexpr const char* kNoLock = "could not obtain lock on relation";  // pg_dump's own words
constexpr int kRounds = 4;

// Whether it could not write its files. What the server lacks is told in lines with ERROR.
bool lacks_room(const CommandResult& result) {
  if (result.ok()) return false;
  for (std::string_view rest = result.err; !rest.empty();) {
    const std::string_view line = take_line(rest);
    const bool is_full = line.find("No space left on device") != std::string_view::npos ||
                         line.find("Disk quota exceeded") != std::string_view::npos;
    if (is_full && line.find("ERROR:") == std::string_view::npos) return true;
  }
  return false;
}

// What somebody else does at the server, and will have done in a moment.
bool passes_by_itself(const std::string& words) {
  constexpr std::array kWords = {"lock timeout",     "statement timeout", "could not obtain lock",
                                 "deadlock",         "too many clients",  "too many connections",
                                 "connection slots", "invalid snapshot"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](const char* each) { return words.find(each) != std::string::npos; });
}

class ClusterDump {
 public:
  ClusterDump(const DumpJob& job, const CommandRunner& runner, const PostgresServer& server,
              const ServerOptions& options)
      : job_(job), runner_(runner), server_(server), options_(options) {}

  Result<CopyFacts> run(const std::string& system_identifier) {
    if (Status made = make_folders_for_tools(); !made) return made.error();
    Result<PostgresAnswer> answer = ask_postgres(job_, runner_, server_, system_identifier);
    if (!answer) return answer.error();
    constexpr int kOldest = 11;  // before, pg_dump leaves settings and rights of databases out
    if (to_number<int>(answer->major.substr(0, answer->major.find('.'))).value_or(0) < kOldest) {
      return plain_error(
          "dump", "",
          fmt::format("pg_dump {} leaves out what belongs to databases, as all before "
                      "{}: use --pg-method basebackup",
                      answer->major, kOldest));
    }
    answered_at_ = answer->answered_at;
    Result<std::string> globals = ask_globals();
    if (!globals) return globals.error();
    for (int round = 0;; ++round) {
      const std::set<std::string> names = names_of(*answer);
      if (Status dumped = dump_new_ones(*answer); !dumped) return dumped.error();
      Result<std::string> globals_now = ask_globals();
      if (!globals_now) return globals_now.error();
      // One that is gone may be named in the dumps.
      if (!keeps_tablespaces(*globals, *globals_now)) {
        return busy("", "a tablespace was dropped");
      }
      globals = *std::move(globals_now);
      answer = ask_postgres(job_, runner_, server_, system_identifier);
      if (!answer) return answer.error();
      if (names_of(*answer) == names) break;
      if (round == kRounds) return busy("", "databases come and go");
    }
    Result<CopyFacts> facts = finish(*answer, *globals);
    if (!facts) return facts;
    Status done = copy_postgres_files_of_people(job_, data_.get(), *facts);
    if (done) done = copy_postgres_configuration(job_, data_.get(), answer->config_file, *facts);
    return done ? std::move(facts) : Result<CopyFacts>(done.error());
  }

 private:
  // The tools are the owner's: they get the folders that they write to, and no other.
  Status make_folders_for_tools() {
    if (mkdirat(job_.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
    data_ = open_directory(job_.staging_fd, "data");
    if (!data_) return system_error("open", "data", errno);
    constexpr mode_t kPassable = 0711;  // until it is sealed
    if (fchmod(data_.get(), kPassable) != 0) return system_error("change the mode", "data", errno);
    for (const char* name : {"databases", "rows"}) {
      if (mkdirat(data_.get(), name, 0700) != 0) return system_error("create", name, errno);
      const UniqueFd folder = open_directory(data_.get(), name);
      if (!folder) return system_error("open", name, errno);
      const Account& account = server_.account();
      Status given = hand_over(folder.get(), {account.uid, account.gid}, job_.patience);
      if (!given) return given;
    }
    return {};
  }

  Command command(const std::string& program) const {
    Command command = server_.command(program, job_.patience);
    command.binds.push_back({data_.get(), "/staging", true});
    return command;
  }

  // A script of sh(1), with $1 the folder of the server's programs.
  Command script(const char* text, std::vector<std::string> arguments) const {
    Command made = command("");
    made.argv = {"sh", "-c", text, "dump", server_.programs()};
    made.argv.insert(made.argv.end(), arguments.begin(), arguments.end());
    return made;
  }

  Result<std::string> ask_globals() {
    if (unlinkat(data_.get(), kGlobals, 0) != 0 && errno != ENOENT) {
      return system_error("remove", kGlobals, errno);
    }
    const UniqueFd file(
        openat(data_.get(), kGlobals, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file) return system_error("create", kGlobals, errno);
    Command globals = command("pg_dumpall");
    globals.argv.insert(globals.argv.end(), {"--globals-only", "-w", "-l", answered_at_, "-d",
                                             server_.conninfo(answered_at_)});
    globals.output = file.get();
    const CommandResult result = runner_.run(globals);
    if (!result.ok()) return tool_error("pg_dumpall --globals-only", result);
    Result<std::string> text = read_small_file(data_.get(), kGlobals, kMostText);
    if (text && !is_whole_globals(*text)) {
      return plain_error("pg_dumpall --globals-only", "",
                         "what it has written is cut, though it told success: is the disk full?");
    }
    return text;
  }

  static std::set<std::string> names_of(const PostgresAnswer& answer) {
    std::set<std::string> names;
    for (const PostgresDatabase& each : databases_to_dump(answer)) names.insert(each.name);
    return names;
  }

  // What was not tried before.
  Status dump_new_ones(const PostgresAnswer& answer) {
    for (const PostgresDatabase& database : databases_to_dump(answer)) {
      if (dumped_.contains(database.name) || failed_.contains(database.name)) continue;
      if (std::string why = why_not_dumped(database); !why.empty()) {
        failed_[database.name] = std::move(why);
        continue;
      }
      Result<RowCounts> counts = dump_patiently(database.name);
      if (counts) {
        dumped_[database.name] = *counts;
        bytes_ += database.bytes.value_or(0);
        continue;
      }
      if (ended_ || counts.error().code != 0) return counts.error();
      failed_[database.name] = describe(counts.error());
    }
    return {};
  }

  Result<RowCounts> dump_patiently(const std::string& name) {
    const Clock::time_point start = Clock::now();
    int jobs = options_.jobs;
    for (int i = 1;; ++i) {
      const Clock::time_point began = Clock::now();
      Result<RowCounts> counts = dump(name, jobs);
      if (counts || ended_) return counts;
      const std::string& words = counts.error().output;
      // With several connections each locks its tables when it comes to them, and gives up at once
      // where somebody waits for one: with a single one all are locked at the beginning.
      const bool is_for_one = words.find(kNoLock) != std::string::npos && jobs > 1;
      if (is_for_one) jobs = 1;
      const bool is_soon =
          Clock::now() - began < kSoon && Clock::now() - start < kTurns * options_.lock_wait;
      const int tries = passes_by_itself(words) ? kTries : kFewTries;
      if (i >= tries || !(is_soon || is_for_one)) return counts;
      if (auto error = wait_a_moment(i)) {
        ended_ = true;
        return *error;
      }
    }
  }

  // Ends with a stop.
  std::optional<Error> wait_a_moment(int tried) const {
    constexpr int kFirst = 100;  // milliseconds
    constexpr int kLongest = 3000;
    struct pollfd stop = {stop_fd(), POLLIN, 0};
    poll(&stop, 1, std::min(kFirst << std::min(tried, 5), kLongest));
    return out_of_patience(job_.patience);
  }

  Result<RowCounts> dump(const std::string& name, int jobs) {
    const std::string file = postgres_file_name(name);
    const std::string counts_file = "rows/" + file;
    auto remove_what_there_is = [&]() -> Status {
      for (const char* parent : {"databases", "rows"}) {
        const UniqueFd folder = open_directory(data_.get(), parent);
        if (!folder) return system_error("open", parent, errno);
        for (const char* what : {"", kRolesBeside, kLacksBeside}) {
          if (Status removed = remove_tree(folder.get(), file + what); !removed) return removed;
        }
      }
      return {};
    };
    if (Status removed = remove_what_there_is(); !removed) return removed.error();
    const CommandResult result = runner_.run(
        script(kPostgresDumpScript, {server_.conninfo(name), file, std::to_string(jobs),
                                     std::to_string(options_.lock_wait.count()),
                                     "/staging/databases", "/staging/rows", kPostgresRows}));
    Result<RowCounts> counts = tool_error("pg_dump", result);
    if (result.ok()) {
      const Result<std::string> text = take_file(counts_file, false);
      counts = text ? count_rows(*text) : Result<RowCounts>(text.error());
      if (Status noted = note_beside(name, counts_file); !noted) counts = noted.error();
    }
    // Nothing that lacks room makes way for what has less in it.
    ended_ = ends_everything(result) || lacks_room(result);
    if (!counts) {
      if (Status removed = remove_what_there_is(); !removed) return removed.error();
    }
    return counts;
  }

  // What a tool has written, which may be there no longer than that.
  Result<std::string> take_file(const std::string& path, bool is_temporary) const {
    Result<std::string> text = read_small_file(data_.get(), path, kMostText);
    if (text && is_temporary && unlinkat(data_.get(), path.c_str(), 0) != 0) {
      return system_error("remove", path, errno);
    }
    return text;
  }

  // The roles that the snapshot saw, and what of the database was not for this role to see.
  Status note_beside(const std::string& name, const std::string& counts_file) {
    const Result<std::string> roles = take_file(counts_file + kRolesBeside, true);
    if (!roles) return roles.error();
    const Result<std::string> lacks = take_file(counts_file + kLacksBeside, true);
    if (!lacks) return lacks.error();
    for (std::string_view rest = *roles; !rest.empty();) roles_.emplace(take_line(rest));
    for (std::string_view rest = *lacks; !rest.empty();) {
      lacks_[name].emplace_back(take_line(rest));
    }
    return {};
  }

  Result<CopyFacts> finish(const PostgresAnswer& answer, const std::string& globals) {
    const std::set<std::string> names = names_of(answer);
    CopyFacts facts;
    facts.is_told = true;
    facts.tool = "pg_restore";
    facts.tool_version = answer.version;
    // Dropped meanwhile: a dump that there is of it is kept, and a failure is none.
    for (const auto& [name, why] : failed_) {
      const std::string told = "database " + printable(name) + " is not in this copy: " + why;
      if (!names.contains(name)) {
        facts.notes.push_back("database " + printable(name) + " was dropped during the dump");
      } else if (options_.is_acknowledged(name, job_.source.path)) {
        facts.notes.push_back(told + " (acknowledged)");
      } else {
        facts.missing.push_back(told);
      }
    }
    for (const auto& [name, what] : lacks_) {
      auto& told = options_.is_acknowledged(name, job_.source.path) ? facts.notes : facts.missing;
      for (const std::string& each : what) {
        told.push_back("database " + printable(name) + ": " + each +
                       " are for superusers alone, and not in this copy");
      }
    }
    if (!answer.of_all_roles.empty()) {
      facts.notes.push_back("settings of all roles (ALTER ROLE ALL SET) are in no dump: " +
                            printable(answer.of_all_roles));
    }
    if (dumped_.empty()) {
      return plain_error(
          "dump", "",
          facts.missing.empty() ? "none of its databases could be dumped" : facts.missing.front());
    }
    RowCounts all;
    for (const auto& [name, counts] : dumped_) {
      all.tables += counts.tables;
      all.rows += counts.rows;
    }
    facts.fingerprint = {{"version", answer.version},
                         {"major", answer.major},
                         {"system_identifier", answer.system_identifier},
                         {"method", std::string("dump")},
                         {"databases", std::uint64_t{dumped_.size()}},
                         {"tables", all.tables},
                         {"rows", all.rows},
                         {"database_bytes", bytes_}};
    if (globals.find("\nCREATE TABLESPACE ") != std::string::npos) {
      facts.notes.emplace_back("it has tablespaces: a restore puts them into its data directory");
    }
    std::size_t gone = 0;
    const std::string roles = with_roles(globals, roles_, gone);
    if (gone > 0) {
      facts.notes.push_back(counted(gone, "role") +
                            " that went during the dump come back without any right");
      if (unlinkat(data_.get(), kGlobals, 0) != 0) return system_error("remove", kGlobals, errno);
      Status replaced = create_file(data_.get(), kGlobals, roles);
      if (!replaced) return replaced.error();
    }
    const Detail cluster = {{"version", answer.version},
                            {"major", answer.major},
                            {"system_identifier", answer.system_identifier},
                            {"superuser", answer.superuser},
                            {"encoding", answer.encoding},
                            {"collate", answer.collate},
                            {"ctype", answer.ctype},
                            {"data_checksums", answer.checksums},
                            {"lc_monetary", answer.lc_monetary},
                            {"lc_numeric", answer.lc_numeric},
                            {"lc_time", answer.lc_time},
                            {"timezone", answer.timezone},
                            {"datestyle", answer.datestyle},
                            {"method", std::string("dump")}};
    Status written = create_file(data_.get(), "cluster", cluster_text(cluster));
    if (!written) return written.error();
    return facts;
  }

  const DumpJob& job_;
  const CommandRunner& runner_;
  const PostgresServer& server_;
  const ServerOptions& options_;
  UniqueFd data_;
  std::string answered_at_;
  std::map<std::string, RowCounts> dumped_;                // by name
  std::map<std::string, std::string> failed_;              // why
  std::map<std::string, std::vector<std::string>> lacks_;  // of databases that were dumped
  std::set<std::string> roles_;  // "CREATE ROLE …;", as the dumps' snapshots saw them
  std::uint64_t bytes_ = 0;      // that the dumped databases take at the server
  bool ended_ = false;           // by us, or there is no use in going on
};

}  // namespace

Result<CopyFacts> copy_postgres(const DumpJob& job, const CommandRunner& runner,
                                const PostgresServer& server, const ServerOptions& options,
                                const std::string& system_identifier) {
  return ClusterDump(job, runner, server, options).run(system_identifier);
}

Status verify_postgres(const DumpJob& job, int data, const CopyFacts& facts,
                       const CommandRunner& runner) {
  const Result<std::string> read = run_on_copy(job, data, facts, runner, kPostgresVerifyScript,
                                               "/staging/databases", "pg_restore");
  return read ? Status() : read.error();
}

}  // namespace repo

// PostgreSQL: a running cluster is dumped by its server (postgres_copy.h), or with --pg-method
// basebackup copied as of one moment (postgres_basebackup.h); one that was shut down is copied as
// files (postgres_files.h). One that crashed is refused: its files may start and have lost rows.
//
// Nothing is written to the source and no lock is taken but those of a reader of its tables.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.h"
#include "dumper/dumper.h"
#include "dumper/postgres_basebackup.h"
#include "dumper/postgres_copy.h"
#include "dumper/postgres_files.h"
#include "dumper/postgres_server.h"
#include "dumper/room_meter.h"
#include "dumper/tree.h"
#include "scanner/postgres_facts.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;
constexpr const char* kPrograms = "/usr/lib/postgresql";

// What the data directory says of a server that runs.
struct Running {
  PostmasterPid pid;
  PostgresVersion version;
  std::string system_identifier;
};

Result<Running> read_running(int data_directory) {
  const Result<std::string> pid = read_small_file(data_directory, "postmaster.pid", kSmall);
  if (!pid) return pid.error();
  const Result<std::string> version = read_small_file(data_directory, "PG_VERSION", kSmall);
  if (!version) return version.error();
  const Result<std::string> control = read_small_file(data_directory, "global/pg_control", kSmall);
  if (!control) return control.error();
  const auto server = parse_postmaster_pid(*pid);
  if (!server) return plain_error("read", "postmaster.pid", "it names no process");
  const auto number = parse_pg_version(*version);
  if (!number) return plain_error("read", "PG_VERSION", "it holds no version");
  const auto facts = parse_pg_control(control->substr(0, kControlBytes));
  if (!facts) {
    return plain_error("read", "global/pg_control", "it is of a layout that is not known here");
  }
  return Running{*server, *number, std::to_string(facts->system_identifier)};
}

bool has_pid(int data_directory) {
  return faccessat(data_directory, "postmaster.pid", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

// Not one that has ended and that nobody has asked for its end (a zombie).
bool is_running(std::uint64_t pid) {
  const UniqueFd stat(open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!stat) return errno != ENOENT;
  const Result<std::string> text = read_to_end(stat.get(), kSmall);
  if (!text) return text.error().code != ESRCH;
  const std::size_t end = text->rfind(") ");  // proc(5): of a name that may hold anything
  return end == std::string::npos || text->substr(end + 2, 1).find_first_of("ZX") != 0;
}

// The usual reason why a server does not answer: a crash leaves postmaster.pid behind.
Error with_reason(Error error, std::uint64_t pid) {
  if (!is_running(pid)) {
    error.message = fmt::format(
                        "its server crashed: process {} of its postmaster.pid is gone. Start it, "
                        "so that it recovers "
                        "(or it runs in a container: dump it in there): ",
                        pid) +
                    error.message;
  }
  return error;
}

class PostgresDumper final : public Dumper {
 public:
  std::string tool() const override { return "pg_dump"; }
  std::string package() const override { return "postgresql-client"; }

  // Of which version it must be is known of each cluster alone.
  std::optional<Error> missing_tool() const override {
    const UniqueFd folder(open(kPrograms, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const auto names = folder ? names_in(folder.get()) : Result<std::vector<std::string>>(Error());
    if (names) {
      for (const std::string& name : *names) {
        if (access((postgres_programs(name) + "/pg_dump").c_str(), X_OK) == 0) return {};
      }
    }
    return plain_error("run", "", "pg_dump is not installed: apt-get install " + package());
  }

  // Each copy says of what version its own was.
  Result<std::string> tool_version(const CommandRunner&, const Patience&) const override {
    return std::string();
  }

  Result<TreeLook> look(const DumpJob& job, const Seen& seen) const override {
    if (is_shut_down(job.source_fd)) return look_at_postgres_files(job, seen);
    const Skip log = [](const std::string& path) { return path == "pg_wal" || path == "pg_xlog"; };
    Result<TreeLook> look = look_at_tree({job.source_fd, std::nullopt}, log, job.patience, seen);
    if (!look) return look;
    // A server's files say nothing of whether its rows have changed.
    look->newest = look->began;
    // Dumps are compressed and have no indexes; what one takes beyond that, it must be given.
    constexpr std::uint64_t kOften = 4;
    look->of_copy = look->on_disk / kOften;
    return look;
  }

  bool is_immutable(std::string_view) const override { return false; }
  bool shares() const override { return false; }

  Result<CopyFacts> copy(const DumpJob& asked, const CommandRunner& runner) const override {
    if (!has_pid(asked.source_fd)) return copy_postgres_files(asked);
    const Result<Running> running = read_running(asked.source_fd);
    if (!running) return running.error();
    const Repository& source = asked.source;
    const Result<PostgresServer> server = PostgresServer::find(
        running->pid, running->version, source.uid, source.gid, asked.servers.role);
    if (!server) return with_reason(server.error(), running->pid.pid);
    RoomMeter meter(asked.staging_fd, asked.patience.room);
    DumpJob job = asked;
    job.patience.has_room = [&meter] { return meter.take(); };
    Result<CopyFacts> copied =
        asked.servers.method == ServerOptions::Method::kBasebackup
            ? copy_postgres_basebackup(job, runner, *server, running->system_identifier)
            : copy_postgres(job, runner, *server, asked.servers, running->system_identifier);
    return copied ? std::move(copied) : with_reason(copied.error(), running->pid.pid);
  }

  Result<Verified> verify(const DumpJob& job, CopyFacts& facts,
                          const CommandRunner& runner) const override {
    const UniqueFd data = open_directory(job.staging_fd, "data");
    if (!data) return system_error("open", "data", errno);
    const auto method = find_text(facts.fingerprint, "method");
    const Status read = method == "dump" ? verify_postgres(job, data.get(), facts, runner)
                        : method == "files"
                            ? verify_postgres_files(job, data.get(), facts, runner)
                            : verify_postgres_basebackup(job, data.get(), facts, runner);
    return read ? Result<Verified>(Verified::kWhole) : read.error();
  }

  std::optional<std::string> alarm(const Detail& before, const Detail& now) const override {
    const auto was = find_text(before, "system_identifier");
    const auto is = find_text(now, "system_identifier");
    if (was && is && *was != *is) {
      return "it is another cluster now: its system identifier changed";
    }
    for (const char* key : {"databases", "tables", "rows"}) {
      if (auto fell = shrunk(before, now, key)) return fell;
    }
    return std::nullopt;
  }
};

}  // namespace

std::unique_ptr<Dumper> make_postgres_dumper() { return std::make_unique<PostgresDumper>(); }

}  // namespace repo

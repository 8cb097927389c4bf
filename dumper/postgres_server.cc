#include "dumper/postgres_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bytes_path.h"
#include "dumper/account.h"
#include "dumper/identity.h"
#include "dumper/postgres_name.h"

namespace repo {
namespace {

constexpr const char* kPasswordFile = "/run/repo-backup/pgpass";

// Folders that the sandbox has of its own, or that stand for something in it.
bool is_taken(const std::string& folder) {
  constexpr std::array kTaken = {"/usr",    "/bin", "/sbin",   "/lib",     "/lib32", "/lib64",
                                 "/libx32", "/dev", "/source", "/staging", "/proc",  "/.mark"};
  return std::any_of(kTaken.begin(), kTaken.end(),
                     [&](const char* taken) { return is_within(folder, taken); });
}

}  // namespace

std::string major_of(const PostgresVersion& version) {
  constexpr std::uint32_t kOneNumber = 100000;  // before 10 the major version has two numbers
  return version.number >= kOneNumber ? std::to_string(version.number / 10000) : version.text;
}

std::string postgres_programs(const std::string& major) {
  return "/usr/lib/postgresql/" + major + "/bin";
}

Result<PostgresServer> PostgresServer::find(const PostmasterPid& pid,
                                            const PostgresVersion& version, std::uint32_t uid,
                                            std::uint32_t gid, const std::string& role) {
  PostgresServer server;
  server.major_ = major_of(version);
  server.programs_ = postgres_programs(server.major_);
  if (access((server.programs_ + "/pg_dump").c_str(), X_OK) != 0) {
    return plain_error("dump", "",
                       fmt::format("there is no pg_dump of its version in {}: apt-get install "
                                   "postgresql-client-{}",
                                   server.programs_, server.major_));
  }
  if (!pid.port || !pid.socket || pid.socket->empty()) {
    return plain_error("dump", "",
                       "its postmaster.pid names no socket: it listens to no Unix socket, or is "
                       "still starting");
  }
  const Identity identity = identity_of(uid);
  server.account_ = account_of(uid, gid);
  server.port_ = std::to_string(*pid.port);
  server.folder_ = *pid.socket;
  server.role_ = role;
  if (!is_canonical_path(server.folder_)) {
    return plain_error(
        "dump", "", "the folder of its socket has no absolute path: " + printable(server.folder_));
  }
  const std::string path = join_path(server.folder_, ".s.PGSQL." + server.port_);
  Result<UniqueFd> socket = open_as(AT_FDCWD, path, O_PATH, identity);
  if (!socket) {
    Error error = socket.error();
    error.message +=
        ": no server of it answers here. If it crashed, start it, so that it recovers; if it runs "
        "in "
        "a container, dump it in there";
    return error;
  }
  struct stat st = {};
  if (fstat(socket->get(), &st) != 0) return system_error("stat", path, errno);
  if (!S_ISSOCK(st.st_mode)) return plain_error("connect to", path, "it is no socket");
  server.socket_ = *std::move(socket);
  if (is_taken(server.folder_)) server.folder_ = "/run/repo-backup";
  if (const std::string home = home_of(uid); home.starts_with('/')) {
    Result<UniqueFd> file = open_as(AT_FDCWD, join_path(home, ".pgpass"), O_RDONLY, identity);
    const bool is_file = file && fstat(file->get(), &st) == 0 && S_ISREG(st.st_mode);
    if (is_file) server.password_file_ = *std::move(file);
  }
  return server;
}

std::string PostgresServer::conninfo(const std::string& database) const {
  return postgres_conninfo(database, folder_, port_, role_);
}

Command PostgresServer::command(const std::string& program, const Patience& patience) const {
  Command command;
  command.argv = {programs_ + "/" + program};
  command.account = account_;
  command.uid = account_.uid;
  command.sockets = Sockets::kUnix;
  command.binds = {{socket_.get(), join_path(folder_, ".s.PGSQL." + port_), false}};
  command.files = name_files(account_);
  command.environment = {{"PGAPPNAME", "repo-backup"},
                         {"PGCONNECT_TIMEOUT", "60"},
                         {"PGSYSCONFDIR", "/nonexistent"},
                         {"PGOPTIONS", kPostgresSession}};
  if (password_file_) {
    command.binds.push_back({password_file_.get(), kPasswordFile, false});
    command.environment.emplace_back("PGPASSFILE", kPasswordFile);
  } else {
    command.environment.emplace_back("PGPASSFILE", "/nonexistent");
  }
  command.patience = patience;
  return command;
}

}  // namespace repo

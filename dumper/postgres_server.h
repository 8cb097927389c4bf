// The server of a running cluster: how it is reached from inside the sandbox, and by whom.
//
// What the cluster's own files say is a hint of its owner's: the socket is opened with the owner's
// rights and is all that a tool sees of the folder that it lies in, the tools run as the owner, and
// what the server says of itself is compared with the data directory (postgres_answer.h).
//
// .pgpass     The owner's own, as libpq would take it; it says itself what is wrong with its mode.
// Environment None of the caller's: PGHOSTADDR, PGSERVICE, PGOPTIONS and ~/.psqlrc could lead
//             elsewhere (libpq's manual, "Environment Variables").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"
#include "scanner/postgres_facts.h"

namespace repo {

// Settings of each session, as PGOPTIONS: they win over those of databases and roles. Nobody's
// functions and operators but pg_catalog's are found by name (a superuser asks in databases where
// anybody may have made some); money and dates are written in one way, which a load must use, too.
inline constexpr const char* kPostgresSession =
    "-c search_path=pg_catalog -c lc_monetary=C -c timezone=UTC -c datestyle=ISO";

class PostgresServer {
 public:
  // `uid`, `gid`: of the data directory. Errors: the programs of this major version are not
  // installed; the socket is not there, or not for the owner to use.
  static Result<PostgresServer> find(const PostmasterPid& pid, const PostgresVersion& version,
                                     std::uint32_t uid, std::uint32_t gid, const std::string& role);

  // The folder of the programs of the server's major version.
  const std::string& programs() const { return programs_; }
  const Account& account() const { return account_; }
  std::string conninfo(const std::string& database) const;
  // Run by the owner, who reaches the server. `program` is one of programs().
  Command command(const std::string& program, const Patience& patience) const;
  // "15"
  const std::string& major() const { return major_; }

 private:
  std::string programs_;
  std::string major_;
  Account account_;
  std::string folder_;  // of the socket
  std::string port_;
  std::string role_;
  UniqueFd socket_;
  UniqueFd password_file_;
};

// "15", "9.6": what folders of programs are called by.
std::string major_of(const PostgresVersion& version);
// Where Debian has the programs of a major version.
std::string postgres_programs(const std::string& major);

}  // namespace repo

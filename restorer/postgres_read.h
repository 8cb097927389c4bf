// A copy of a PostgreSQL cluster, as it lies in data/:
//
//   cluster            what the cluster says of itself, a line a value
//   globals.sql        pg_dumpall --globals-only             of a dump
//   databases/NAME/    pg_dump -Fd of each database          of a dump
//   rows/NAME          how many rows each table has          of a dump (postgres_rows.sql)
//   pgdata/            the data directory                    of a copy of files
//   tablespaces/OID/   where its links lead                  of a copy of files
//   configuration/     what lies elsewhere                   of a copy of files
//
// NAME is postgres_file_name() of the database's name, and values in `cluster` are written like
// that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "restorer/drill_script.h"
#include "scanner/repository.h"

namespace repo {

// Where what a value is about is not known it is empty: older copies have fewer of them.
struct PostgresCopy {
  std::string version;  // "15.18"
  std::string major;    // "15", "9.6"
  std::string system_identifier;
  std::string superuser;  // the role that initdb has made (oid 10)
  std::string encoding;   // these three: of template1
  std::string collate;
  std::string ctype;
  std::string checksums;  // of data pages: "on", "off"
  // As the server had them set.
  std::string lc_monetary;
  std::string lc_numeric;
  std::string lc_time;
  std::string timezone;
  std::string datestyle;
  std::string method;                  // "dump", "files", "basebackup"
  std::vector<std::string> databases;  // of a dump: NAMEs, in the order of bytes

  bool is_dump() const { return method == "dump"; }
};

// `data` is the open data/ of a generation whose files are what was recorded. An error is damage:
// it is not what the words above say.
Result<PostgresCopy> read_postgres_copy(int data);

// "key value" lines; unknown keys are left alone.
Result<PostgresCopy> parse_postgres_cluster(std::string_view text);

// What the record's fingerprint must say of it. An error is damage.
Status expect_as_recorded(int data, const PostgresCopy& copy, const Detail& recorded);

// The folder of the programs of its major version. The error is no damage: which package to
// install.
Result<std::string> postgres_binaries(const PostgresCopy& copy);

// What a script that begins with postgres_server.sh is told; `uid` is whom it runs as. Servers ask
// for the name of their user, so there is a user database with that one.
Script postgres_script(const PostgresCopy& copy, const std::string& binaries, std::uint32_t uid);

// databases.sh of such a script, in its folder: a command line has no room for all names that there
// may be.
std::string postgres_databases(const PostgresCopy& copy);

// What such a script tells people beside its steps.
std::vector<std::string> postgres_notes(const ScriptResult& result);

}  // namespace repo

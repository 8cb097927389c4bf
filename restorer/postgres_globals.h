// What pg_dumpall --globals-only has written, as statements. Pure.
//
// psql would take a line that begins with a backslash, in a file that somebody has altered or from
// a name, for one of its own commands, which can start programs. So the file is read by the rules
// of SQL's own quotes, and handed on only where it has nothing else in it than pg_dumpall writes:
// statements that begin with known words, and outside of quotes no backslash, colon or dollar sign.
// Source: PostgreSQL's manual, "Lexical Structure"; pg_dumpall.c.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

struct GlobalsOptions {
  std::string superuser;  // initdb makes it: its CREATE ROLE is left out
  bool passwords = true;  // false: PASSWORD '…' is left out
};

struct Tablespace {
  std::string name;
  std::string location;  // of the source
};

struct Globals {
  std::vector<std::string> statements;  // without comments and semicolons
  // LOCATION is '' in the statements: in-place ones, inside the data directory. The places of the
  // source may be those of a server that runs.
  std::vector<Tablespace> tablespaces;

  std::string text() const;  // for psql
};

// The error: what is wrong with the file, which pg_dumpall did not write like that.
Result<Globals> read_globals(std::string_view text, const GlobalsOptions& options);

// A statement that one of them has and the other one has not; empty where they say the same, in
// whatever order.
std::string differing_statement(const Globals& a, const Globals& b);

}  // namespace repo

// What pg_dumpall --globals-only has written, as statements. Pure.
//
// psql would take a line that begins with a backslash, in a file that somebody has altered or from
// a name, for one of its own commands, which can start programs. So the file is read by the rules
// of SQL's own quotes, and handed on only where it has nothing else in it than pg_dumpall writes:
// statements that begin with known words, and outside of quotes no backslash, colon or dollar sign.
// Before 15.14 (CVE-2025-8715) pg_dumpall wrote a role's name into a comment as it is: what stands
// behind a line break in it would be a statement. Such a file is refused.
// Source: PostgreSQL's manual, "Lexical Structure"; pg_dumpall.c.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

// Bytes of a file that can be read here.
inline constexpr std::size_t kMostOfGlobals = std::size_t{1} << 28;

struct GlobalsOptions {
  std::string superuser;  // initdb makes it: its CREATE ROLE is left out
  bool passwords = true;  // false: PASSWORD '…' is left out
  std::string helper{};   // a role of ours, which is left out; empty: there is none
};

struct Tablespace {
  std::string name;
  std::string location;  // of the source
};

struct Globals {
  std::vector<std::string> statements;  // without comments and semicolons
  // ALTER ROLE of the superuser: who loads is he, and might not be let in any more (NOLOGIN).
  std::vector<std::string> of_superuser;
  // LOCATION is '' in the statements: in-place ones, inside the data directory. The places of the
  // source may be those of a server that runs.
  std::vector<Tablespace> tablespaces;

  std::string text() const;       // for psql: `statements`
  std::string last_text() const;  // for psql, when all is loaded: `of_superuser`
};

// The error: what is wrong with the file, which pg_dumpall did not write like that.
Result<Globals> read_globals(std::string_view text, const GlobalsOptions& options);

// A statement that one of them has and the other one has not; empty where they say the same, in
// whatever order. A GRANT of the source's that names no grantor (up to 15 he may have been dropped)
// is the same with any.
std::string differing_statement(const Globals& source, const Globals& restored);

}  // namespace repo

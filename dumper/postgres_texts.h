// The text of postgres_rows.sql, which the build puts into the program: dumps and drills count rows
// by it.
#pragma once

namespace repo {

extern const char* const kPostgresRows;

}  // namespace repo

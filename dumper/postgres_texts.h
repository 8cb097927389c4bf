// Queries and scripts of sh(1) for PostgreSQL's own programs, which the build puts into the
// program: what each does and takes stands at its own top.
#pragma once

namespace repo {

extern const char* const kPostgresRows;  // dumps and drills count by it
extern const char* const kPostgresList;
extern const char* const kPostgresDumpScript;
extern const char* const kPostgresVerifyScript;
extern const char* const kPostgresVerifyFilesScript;
extern const char* const kPostgresBasebackupScript;
extern const char* const kPostgresVerifyBackupScript;

}  // namespace repo

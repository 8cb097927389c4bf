// The texts of drill_*.sh, which the build puts into the program: the steps of a drill, as a person
// would type them. drill_script.h says how they talk to it.
#pragma once

namespace repo {

extern const char* const kDrillPrologue;
extern const char* const kSvnDrillScript;
extern const char* const kHgDrillScript;
extern const char* const kGitDrillScript;
extern const char* const kPostgresServer;  // before each of the following
extern const char* const kPostgresDrillScript;
extern const char* const kPostgresFilesDrillScript;
extern const char* const kPostgresRestoreScript;

}  // namespace repo

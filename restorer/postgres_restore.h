// A data directory made of a copy of a PostgreSQL cluster.
//
// A dump  is loaded into a new cluster, as a drill does it and with passwords: by a server in the
//         sandbox, under a user of the sandbox's, since a restore runs code of the source's
//         superusers. Then everything becomes the recorded owner's, 0700 and 0600; what no server
//         makes (a link, a FIFO, a file with a second name) is refused.
// Files   are put back as they were, with their owners.
// Notes   say what a person has to know or to do yet.
//
// Tablespaces become folders in tablespaces/ of the data directory, with links to them: nothing is
// known of the places that the source had for them. Not in-place ones: a server that has those and
// crashed does not come up again (PANIC: unexpected directory entry "16384" found in pg_tblspc/).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/record.h"
#include "restorer/owner_map.h"

namespace repo {

struct PostgresRestore {
  const GenerationSummary& record;
  // A folder of ours, which nobody else can enter, with the rebuilt data/ in copy/.
  int folder = -1;
  std::string target;  // where the data directory will be: absolute
  const OwnerMap& owners;
  bool sandbox = true;
  std::uint32_t uid = 0;  // for the sandbox: one that no concurrent restore has
  Patience patience;
};

struct RestoredPostgres {
  std::string place;  // of the data directory, relative to the folder
  std::vector<std::string> notes;
};

inline constexpr const char* kPostgresCopy = "copy";

// Whether what the record tells of is a dump: then owners are set here, else by rebuild().
bool is_postgres_dump(const GenerationSummary& record);

// is_damage(): the copy is at fault.
Result<RestoredPostgres> restore_postgres(const PostgresRestore& job);

}  // namespace repo

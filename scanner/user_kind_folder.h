// What lies in the folder of kinds' files besides them: it is bound as a whole where a script of
// it is run, so that any of it may be run or read.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace repo {

struct KindFolder {
  // What of it nobody may rely on; the path is the entry's.
  std::vector<Error> errors;
  // With `is_run`: SHA-256 in hex over the paths and contents of the files in it, but kinds' own
  // (*.json) and hidden ones.
  std::string digest;
};

// Looks at all entries at any depth, following links. Where this process is root each must be
// root's, and writable by nobody else (base/trust.h), and with `is_run`, where a kind has scripts
// in it, readable by everybody: the commands run as other users. Another user than root sees what
// he may. Kinds' files are left out: who reads them looks at them. Hidden ones, which are editors',
// need only be root's, and a link that leads nowhere (an editor's lock) is nothing.
KindFolder look_at_kind_folder(const std::string& folder, bool is_run);

}  // namespace repo

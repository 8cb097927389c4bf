// The ledger of a dump root, control/ledger: a line for each run that began and for its end, and
// for each drill. Lines are appended and never changed (docs/schemas/ledger.schema.json).
#pragma once

#include <string>

#include "base/result.h"

namespace repo {

// One line with its newline, on disk when this returns. Several processes may append at once: a
// line is one write(2). After a line that was cut, by a full disk or a kill, it begins anew.
// `control` is the open folder DIR/control.
Status append_to_ledger(int control, const std::string& line);

}  // namespace repo

// User-defined kinds from their files: *.json of one folder, docs/schemas/kind.schema.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "scanner/user_kind.h"

namespace repo {

inline constexpr const char* kUserKindsFolder = "/etc/repo-backup/kinds.d";

struct UserKinds {
  std::vector<UserKind> kinds;  // in the order of their files' names; each without a mistake
  // Of files that define none: `path` is the file, the message begins with the field. Nobody may
  // go on as if the kind were not there: its directories would be missing in silence.
  std::vector<Error> errors;
};

// Reads every *.json of `folder`. Where this process is root the folder and all that is in it must
// be root's, and writable by nobody else, with all that is above (base/trust.h): scripts of kinds
// see the folder as a whole. Where there are such scripts everybody must be able to read it. Two
// kinds of one name are an error. A folder that is not there has no kinds, unless it `must_exist`.
UserKinds load_user_kinds(const std::string& folder, bool must_exist);

// --kinds-dir: empty for the usual folder, which alone need not be there.
UserKinds load_chosen_user_kinds(const std::string& folder);

// One file's text; `file` is for the messages. Pure. An unknown field is an error, and so is one
// that stands twice.
UserKinds parse_user_kind(std::string_view text, const std::string& file);

}  // namespace repo

#include "scanner/check_kinds.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/exit_code.h"
#include "base/print.h"
#include "base/text.h"
#include "scanner/kind_notes.h"
#include "scanner/kind_text.h"
#include "scanner/kinds.h"
#include "scanner/user_kind_file.h"

namespace repo {

int check_kinds(const std::string& folder, std::FILE* out, std::FILE* err) {
  UserKinds user = load_chosen_user_kinds(folder);
  std::string text;
  for (const UserKind& kind : user.kinds) {
    text += kind_text(kind);
    for (const std::string& note : notes_on_kind(kind)) text += "  NOTE: " + note + "\n";
    text += "\n";
  }
  const std::size_t good = user.kinds.size();
  const Result<Kinds> together = Kinds::with(std::move(user.kinds));
  if (!together) user.errors.push_back(together.error());
  for (const Error& each : user.errors) {
    put(err, fmt::format("repo-scan: cannot {}\n", describe(each)));
  }
  const bool is_fine = user.errors.empty();
  text += is_fine ? counted(good, "kind") + ", and nothing wrong with them\n"
                  : counted(good, "kind") + " good, " + counted(user.errors.size(), "mistake") +
                        ": nothing is scanned or dumped before that is mended\n";
  if (!put(out, text) || std::fflush(out) != 0) {
    put(err, fmt::format("repo-scan: cannot {}\n",
                         describe(system_error("write", "standard output", errno))));
    return exit_status(ExitCode::kFailed);
  }
  return exit_status(is_fine ? ExitCode::kOk : ExitCode::kUsage);
}

}  // namespace repo

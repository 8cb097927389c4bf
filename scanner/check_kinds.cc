#include "scanner/check_kinds.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/print.h"
#include "base/text.h"
#include "scanner/kind_text.h"
#include "scanner/kinds.h"
#include "scanner/user_kind_file.h"

namespace repo {
namespace {

// A scan goes by real paths: through a link it never comes to a place.
std::string trouble_with(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) {
    return "is not there now: " + system_error("", "", errno).message;
  }
  if (path == real.get()) return "";
  return "leads through a symbolic link, and a scan does not come that way: name " +
         printable(real.get());
}

}  // namespace

int check_kinds(const std::string& folder, std::FILE* out, std::FILE* err) {
  UserKinds user = load_chosen_user_kinds(folder);
  std::string text;
  for (const UserKind& kind : user.kinds) {
    text += kind_text(kind);
    for (const std::string& path : kind.signature.paths) {
      const std::string trouble = trouble_with(path);
      if (!trouble.empty()) text += "  NOTE: " + printable(path) + " " + trouble + "\n";
    }
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

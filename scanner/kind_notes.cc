#include "scanner/kind_notes.h"

#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <set>

#include "base/bytes_path.h"
#include "base/trust.h"
#include "scanner/user_program.h"

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

bool is_no_directory(const std::string& path) {
  struct stat st = {};
  return stat(path.c_str(), &st) == 0 && !S_ISDIR(st.st_mode);
}

}  // namespace

std::vector<std::string> notes_on_kind(const UserKind& kind) {
  std::vector<std::string> notes;
  for (const std::string& path : kind.signature.paths) {
    const std::string trouble = trouble_with(path);
    if (!trouble.empty()) notes.push_back(printable(path) + " " + trouble);
  }
  std::set<std::string> programs;
  for (const UserCommands* commands :
       {&kind.version, &kind.identity, &kind.state, &kind.dump, &kind.cleanup, &kind.verify,
        &kind.drill, &kind.compare, &kind.control}) {
    for (const UserCommand& command : *commands) programs.insert(command.argv.front());
  }
  for (const std::string& program : programs) {
    const Result<std::string> found = find_program(kind, program);
    if (!found) notes.push_back("cannot " + describe(found.error()));
  }
  if (!kind.run_as.empty() && kind.run_as != "owner" && !getpwnam(kind.run_as.c_str())) {
    notes.push_back("run_as: there is no user " + printable(kind.run_as));
  }
  for (const auto& [field, folders] :
       {std::pair("folders", &kind.folders), {"programs", &kind.programs}}) {
    for (const std::string& path : *folders) {
      const Result<std::string> way = trusted_way(path);
      if (!way) {
        notes.push_back(std::string(field) + ": cannot " + describe(way.error()));
      } else if (is_no_directory(*way)) {
        notes.push_back(std::string(field) + ": " + printable(path) + " is no directory");
      }
    }
  }
  for (const UserSecret& secret : kind.secrets) {
    const Result<UniqueFd> file = open_secret(secret.file);
    if (!file) notes.push_back("secrets: cannot " + describe(file.error()));
  }
  if (kind.network == UserNetwork::kUnix && kind.folders.empty()) {
    notes.emplace_back(
        "network: \"unix\" without \"folders\": of all sockets none can be reached but one in the "
        "directory itself");
  }
  return notes;
}

}  // namespace repo

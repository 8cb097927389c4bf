#include "scanner/user_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/bytes_path.h"

namespace repo {
namespace {

// Where the machine has it; empty where a name is in neither folder.
std::string find_on_machine(const UserKind& kind, const std::string& program) {
  if (is_script(program)) return join_path(kind.folder, program.substr(2));
  if (program.starts_with('/')) return program;
  for (const char* folder : {"/usr/bin/", "/bin/"}) {
    if (access((folder + program).c_str(), F_OK) == 0) return folder + program;
  }
  return "";
}

// What every sandbox has, and the kind's folders of programs.
bool is_seen(const UserKind& kind, const std::string& path) {
  const auto is_in = [&](const std::string& folder) { return is_below(path, folder); };
  constexpr std::array<const char*, 6> kAlways = {"/usr", "/bin",   "/sbin",
                                                  "/lib", "/lib64", "/lib32"};
  return std::any_of(kAlways.begin(), kAlways.end(), is_in) ||
         std::any_of(kind.programs.begin(), kind.programs.end(), is_in);
}

}  // namespace

bool is_script(const std::string& program) { return program.starts_with("./"); }

Result<std::string> find_program(const UserKind& kind, const std::string& program) {
  const std::string path = find_on_machine(kind, program);
  const auto cannot = [&](const std::string& why) {
    return plain_error("run", path.empty() ? program : path, why);
  };
  const std::string install =
      kind.package.empty() ? std::string() : ": apt-get install " + kind.package;
  if (path.empty()) return cannot("not installed, it is not in /usr/bin" + install);
  if (!is_script(program) && !is_seen(kind, path)) {
    return cannot("the sandbox does not see it: name its folder in \"programs\" of " + kind.file);
  }
  struct stat st = {};
  if (stat(path.c_str(), &st) != 0) return cannot(system_error("", "", errno).message + install);
  if (!S_ISREG(st.st_mode)) return cannot("no file");
  if ((st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) return cannot("not executable");
  return path;
}

}  // namespace repo

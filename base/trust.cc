#include "base/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>

#include "base/bytes_path.h"

namespace repo {
namespace {

bool writable_by_others(const struct stat& st) {
  if (st.st_uid != 0) return true;
  const bool sticky_directory = S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0;
  if ((st.st_mode & S_IWOTH) != 0 && !sticky_directory) return true;
  return (st.st_mode & S_IWGRP) != 0 && st.st_gid != 0 && !sticky_directory;
}

Error distrust(const std::string& what, const std::string& path) {
  return plain_error("open", path,
                     what +
                         " could have been written by somebody else than root: make it "
                         "root's and not writable for group and others");
}

}  // namespace

Result<UniqueFd> open_trusted(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return system_error("open", path, errno);
  struct stat st = {};
  if (fstat(file.get(), &st) != 0) return system_error("stat", path, errno);
  if (S_ISDIR(st.st_mode)) return system_error("read", path, EISDIR);
  if (geteuid() != 0 || !S_ISREG(st.st_mode)) return file;
  if (writable_by_others(st)) return distrust("it", path);

  // The directories that lead to it: of the name as given (a link there could be exchanged) and
  // of the file that it led to.
  const std::unique_ptr<char, decltype(&free)> real(realpath(path.c_str(), nullptr), &free);
  if (!real) return system_error("resolve", path, errno);
  const std::unique_ptr<char, decltype(&free)> here(realpath(".", nullptr), &free);
  if (!here) return system_error("resolve", ".", errno);
  const std::string given = path.starts_with('/') ? path : join_path(here.get(), path);
  for (std::string each : {std::string(real.get()), given}) {
    while (true) {
      struct stat step = {};
      if (lstat(each.c_str(), &step) != 0) return system_error("stat", each, errno);
      const bool bad = S_ISLNK(step.st_mode) ? step.st_uid != 0 : writable_by_others(step);
      if (bad) return distrust(printable(each), path);
      if (each == "/") break;
      const std::size_t slash = each.rfind('/');
      each.resize(slash == 0 ? 1 : slash);
    }
  }
  return file;
}

}  // namespace repo

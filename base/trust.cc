#include "base/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <deque>
#include <memory>

#include "base/bytes_path.h"

namespace repo {
namespace {

// Write permission for a group counts: a group has members, and with an access control list these
// bits are the mask of all its entries (acl(5)).
bool writable_by_others(const struct stat& st) {
  if (S_ISLNK(st.st_mode)) return st.st_uid != 0;
  if (st.st_uid != 0) return true;
  const bool sticky_directory = S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0;
  return (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky_directory;
}

std::deque<std::string> components(const std::string& path) {
  std::deque<std::string> parts;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) parts.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

enum class Last { kTrusted, kAnybodys };

// Walks as the kernel would, and looks at every directory and link on the way and at the file,
// which may belong to anybody where `last` says so. Where it came to, without links.
Result<std::string> walk_way(const std::string& path, Last last) {
  auto distrust = [&](const std::string& at) {
    return plain_error("open", path,
                       at + " could have been written by somebody else than root: make "
                            "it root's and not writable for group and others");
  };
  std::deque<std::string> rest = components(path);
  std::string here = "/";
  int links = 0;
  while (true) {
    struct stat st = {};
    if (lstat(here.c_str(), &st) != 0) return system_error("stat", here, errno);
    const bool may_be_others = last == Last::kAnybodys && rest.empty() && !S_ISLNK(st.st_mode);
    if (!may_be_others && writable_by_others(st)) return distrust(here);
    if (S_ISLNK(st.st_mode)) {
      constexpr int kMostLinks = 40;  // as the kernel, path_resolution(7)
      std::array<char, PATH_MAX> target{};
      const ssize_t n = readlink(here.c_str(), target.data(), target.size() - 1);
      if (n < 0) return system_error("readlink", here, errno);
      if (++links > kMostLinks) return system_error("open", path, ELOOP);
      const std::deque<std::string> more = components(target.data());
      rest.insert(rest.begin(), more.begin(), more.end());
      const std::size_t slash = target[0] == '/' ? 0 : here.rfind('/');
      here.resize(slash == 0 ? 1 : slash);
    }
    while (!rest.empty() && (rest.front() == "." || rest.front() == "..")) {
      if (rest.front() == "..") {
        const std::size_t slash = here.rfind('/');
        here.resize(slash == 0 ? 1 : slash);
      }
      rest.pop_front();
    }
    if (rest.empty()) return here;
    here = join_path(here, rest.front());
    rest.pop_front();
  }
}

}  // namespace

Result<UniqueFd> open_trusted(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return system_error("open", path, errno);
  struct stat st = {};
  if (fstat(file.get(), &st) != 0) return system_error("stat", path, errno);
  if (S_ISDIR(st.st_mode)) return system_error("read", path, EISDIR);
  if (geteuid() != 0) return file;
  if (!S_ISREG(st.st_mode)) {  // a pipe or a terminal, but not one that somebody else has put there
    if (st.st_uid == 0) return file;
    return plain_error("open", path, "it belongs to somebody else than root");
  }
  if (Status trusted = check_trusted(path); !trusted) return trusted.error();
  return file;
}

Result<UniqueFd> open_secret(const std::string& path) {
  Result<UniqueFd> file = open_trusted(path);
  if (!file) return file;
  struct stat st = {};
  if (fstat(file->get(), &st) != 0) return system_error("stat", path, errno);
  constexpr mode_t kOthers = 077;
  if (S_ISREG(st.st_mode) && (st.st_mode & kOthers) == 0) return file;
  return plain_error("use", path,
                     "a secret must be a file that its owner alone can read: chmod 600");
}

Status check_trusted(const std::string& path) {
  if (geteuid() != 0) return {};
  std::string whole = path;
  if (!path.starts_with('/')) {
    std::array<char, PATH_MAX> here{};
    if (!getcwd(here.data(), here.size())) return system_error("resolve", ".", errno);
    whole = join_path(here.data(), path);
  }
  const Result<std::string> end = walk_way(whole, Last::kTrusted);
  return end ? Status() : Status(end.error());
}

Result<std::string> trusted_way(const std::string& path) {
  if (geteuid() == 0) return walk_way(path, Last::kAnybodys);
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return system_error("open", path, errno);
  return std::string(real.get());
}

}  // namespace repo

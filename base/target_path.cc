#include "base/target_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes_path.h"

namespace repo {

std::string TargetPath::full() const {
  return rest.empty() ? base_path : join_path(base_path, rest);
}

namespace {

// Whether nobody but root and this user could have made the entry `st` in the folder.
bool is_ours(int folder, const struct stat& st) {
  struct stat above = {};
  if (fstat(folder, &above) != 0) return false;
  const auto is_trusted = [](uid_t uid) { return uid == 0 || uid == geteuid(); };
  const bool others_write =
      (above.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (above.st_mode & S_ISVTX) == 0;
  return is_trusted(st.st_uid) && is_trusted(above.st_uid) && !others_write;
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : path + "/") {
    if (c != '/') {
      part += c;
    } else if (!part.empty() && part != ".") {
      parts.push_back(std::exchange(part, {}));
    } else {
      part.clear();
    }
  }
  return parts;
}

}  // namespace

Result<TargetPath> resolve_target(const std::string& target) {
  TargetPath path;
  path.base_path = "/";
  path.base = UniqueFd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!path.base) return system_error("open", "/", errno);
  std::string absolute = target;
  if (!target.starts_with('/')) {
    const std::unique_ptr<char, decltype(&free)> here(realpath(".", nullptr), &free);
    if (!here) return system_error("resolve", ".", errno);
    absolute = join_path(here.get(), target);
  }
  std::vector<std::string> parts = parts_of(absolute);
  std::reverse(parts.begin(), parts.end());  // the next one is at the end
  int links = 0;
  constexpr int kMostLinks = 40;  // as many as the kernel follows
  while (!parts.empty()) {
    const std::string name = parts.back();
    struct stat st = {};
    if (name == "..") {
      UniqueFd above(openat(path.base.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!above) return system_error("open", path.base_path + "/..", errno);
      path.base = std::move(above);
      const std::size_t slash = path.base_path.rfind('/');
      path.base_path = slash == 0 ? "/" : path.base_path.substr(0, slash);
      parts.pop_back();
      continue;
    }
    if (fstatat(path.base.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) break;
      return system_error("look at", join_path(path.base_path, name), errno);
    }
    if (S_ISLNK(st.st_mode)) {
      if (parts.size() == 1) break;  // the last part: nothing is written through a link
      const std::string full = join_path(path.base_path, name);
      if (!is_ours(path.base.get(), st)) {
        return plain_error("go through", full,
                           "it is a link that somebody else has made: name the place that it is "
                           "to be, without links");
      }
      std::array<char, PATH_MAX> text{};
      const ssize_t n = readlinkat(path.base.get(), name.c_str(), text.data(), text.size());
      if (n <= 0 || ++links > kMostLinks)
        return system_error("go through", full, n < 0 ? errno : ELOOP);
      const std::string leads_to(text.data(), static_cast<std::size_t>(n));
      parts.pop_back();
      std::vector<std::string> more = parts_of(leads_to);
      parts.insert(parts.end(), more.rbegin(), more.rend());
      if (leads_to.starts_with('/')) {
        path.base = UniqueFd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!path.base) return system_error("open", "/", errno);
        path.base_path = "/";
      }
      continue;
    }
    UniqueFd next(
        openat(path.base.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) {
      if (parts.size() == 1) break;  // whoever uses it says that it is in the way
      return system_error("open", join_path(path.base_path, name), errno);
    }
    path.base = std::move(next);
    path.base_path = join_path(path.base_path, name);
    parts.pop_back();
  }
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    if (*part == "..") {
      return plain_error("write to", target,
                         "a folder of it does not exist, and it goes on with ..");
    }
    path.rest = path.rest.empty() ? *part : join_path(path.rest, *part);
  }
  return path;
}

Result<TargetPath> resolve_place(const std::string& target) {
  Result<TargetPath> path = resolve_target(target);
  if (!path || !path->rest.empty()) return path;
  if (target.empty() || path->base_path == "/") {
    return plain_error("write to", target, "name a folder that does not exist or is empty");
  }
  // It is there: what is put in its place is put in the folder above.
  const std::size_t slash = path->base_path.rfind('/');
  path->rest = path->base_path.substr(slash + 1);
  path->base_path = slash == 0 ? "/" : path->base_path.substr(0, slash);
  UniqueFd above(openat(path->base.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above) return system_error("open", path->base_path, errno);
  path->base = std::move(above);
  return path;
}

}  // namespace repo

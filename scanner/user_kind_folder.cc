#include "scanner/user_kind_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/trust.h"
#include "base/unique_fd.h"

namespace repo {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileForAll = S_IROTH;
constexpr mode_t kFolderForAll = S_IROTH | S_IXOTH;

// Sorted; folders too. Links are not gone into.
std::vector<std::string> entries_below(const std::string& folder, std::error_code& error) {
  std::vector<std::string> paths;
  for (auto it = fs::recursive_directory_iterator(
           folder, fs::directory_options::skip_permission_denied, error);
       !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const fs::path relative = it->path().lexically_relative(folder);
    const bool is_kind = it.depth() == 0 && relative.native().ends_with(".json") &&
                         !relative.native().starts_with('.');
    if (!is_kind) paths.push_back(relative.native());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Of a regular file; anything else has no content.
Status add_content(const std::string& path, Sha256& digest) {
  // Not waiting for the writer of a FIFO.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return system_error("open", path, errno);
  std::array<char, std::size_t{64} << 10> buffer{};
  while (true) {
    const ssize_t n = read(file.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", path, errno);
    if (n == 0) return {};
    digest.update({buffer.data(), static_cast<std::size_t>(n)});
  }
}

Status for_everybody(const std::string& path, const struct stat& st) {
  const mode_t wanted = S_ISDIR(st.st_mode) ? kFolderForAll : kFileForAll;
  if ((st.st_mode & wanted) == wanted) return {};
  return plain_error("use", path,
                     S_ISDIR(st.st_mode)
                         ? "not everybody may enter it, and scripts in it run as other users: "
                           "chmod 755"
                         : "not everybody may read it, and scripts beside it, which run as other "
                           "users, might: chmod 644");
}

}  // namespace

KindFolder look_at_kind_folder(const std::string& folder, bool is_run) {
  KindFolder result;
  const bool is_root = geteuid() == 0;
  const auto keep = [&](const Status& status) {
    if (!status) result.errors.push_back(status.error());
    return static_cast<bool>(status);
  };
  struct stat top = {};
  if (stat(folder.c_str(), &top) != 0) {
    keep(system_error("stat", folder, errno));
    return result;
  }
  if (is_root && is_run) keep(for_everybody(folder, top));
  std::error_code error;
  Sha256 digest;
  for (const std::string& name : entries_below(folder, error)) {
    const std::string path = join_path(folder, name);
    struct stat st = {};
    if (stat(path.c_str(), &st) != 0) {
      if (errno != ENOENT && errno != ELOOP) keep(system_error("stat", path, errno));
      continue;
    }
    if (!keep(check_trusted(path))) continue;
    if (name.starts_with('.')) continue;
    if (is_root && is_run) keep(for_everybody(path, st));
    if (!is_run) continue;
    // A name has no NUL, so that no two folders come to the same.
    digest.update(name);
    digest.update({"\0", 1});
    if (!S_ISREG(st.st_mode)) continue;
    digest.update(std::to_string(st.st_size) + "\n");
    keep(add_content(path, digest));
  }
  if (error) keep(system_error("read", folder, error.value()));
  result.digest = digest.hex();
  return result;
}

}  // namespace repo

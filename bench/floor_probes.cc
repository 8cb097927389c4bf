#include "bench/floor_probes.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "scanner/signature.h"

namespace repo::bench {
namespace {

struct alignas(dirent64) Buffer : std::array<char, 65536> {};

// openat2, fstat. -1 where there is no such file.
int open_file(int fd, const char* name, off_t& size) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const int file = static_cast<int>(syscall(SYS_openat2, fd, name, &how, sizeof how));
  struct stat st = {};
  if (file >= 0) fstat(file, &st);
  size = st.st_size;
  return file;
}

// What is in it, as far as the buffer goes; one pread, or none where it is empty.
std::optional<std::string_view> read_file(int fd, const char* name, Buffer& buffer) {
  off_t size = 0;
  const int file = open_file(fd, name, size);
  if (file < 0) return std::nullopt;
  const ssize_t n = size == 0 ? 0 : pread(file, buffer.data(), buffer.size(), 0);
  close(file);
  return std::string_view(buffer.data(), n < 0 ? 0 : static_cast<std::size_t>(n));
}

bool exists(int fd, const char* name, int how = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) {
  struct statx st;
  return statx(fd, name, how | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &st) == 0;
}

int open_directory(int fd, const char* name) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return static_cast<int>(syscall(SYS_openat2, fd, name, &how, sizeof how));
}

// Calls see(entry) for each entry of a subdirectory, if there is one.
template <typename See>
void list(int fd, const char* name, Buffer& buffer, See see) {
  const int directory = open_directory(fd, name);
  if (directory < 0) return;
  long n = 0;
  while ((n = syscall(SYS_getdents64, directory, buffer.data(), buffer.size())) > 0) {
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += entry->d_reclen;
      if (std::string_view(entry->d_name) != "." && std::string_view(entry->d_name) != "..") {
        see(*entry);
      }
    }
  }
  close(directory);
}

bool call_svn(int fd, Buffer& buffer) {
  const auto format = read_file(fd, "format", buffer);
  if (format != "3\n" && format != "5\n") {
    read_file(fd, "db/fs-type", buffer);
    return false;
  }
  if (!exists(fd, "db")) return false;
  for (const char* name : {"db/fs-type", "db/format", "db/uuid", "db/current"}) {
    if (!read_file(fd, name, buffer)) return false;
  }
  return true;
}

// The beginning; then all of an inline index, or the last record of a split one.
void read_changelog(int store, Buffer& buffer) {
  off_t size = 0;
  const int file = open_file(store, "00changelog.i", size);
  if (file < 0) return;
  constexpr off_t kRecord = 64;
  pread(file, buffer.data(), kRecord, 0);
  const bool is_inline = (buffer[1] & 1) != 0;
  off_t at = is_inline ? 0 : size - kRecord;
  while (size > 0) {
    const ssize_t n = pread(file, buffer.data(), is_inline ? buffer.size() : kRecord, at);
    if (n <= 0 || !is_inline) break;
    at += n;
  }
  close(file);
}

bool call_hg(int fd, Buffer& buffer) {
  if (!exists(fd, ".hg")) return false;
  const int hg = open_directory(fd, ".hg");
  if (hg < 0) return false;
  exists(hg, "sharedpath");
  const bool is_one = exists(hg, "requires");
  if (is_one) {
    const auto needed = read_file(hg, "requires", buffer);
    const bool is_safe = needed && needed->find("share-safe") != std::string_view::npos;
    exists(hg, "store");
    const int store = open_directory(hg, "store");
    read_changelog(store, buffer);
    close(store);
    if (is_safe) read_file(hg, "store/requires", buffer);
  }
  close(hg);
  return is_one;
}

// HEAD's own ref: the folder that it is in is opened for it.
bool has_ref(int git, const std::string& head) {
  const std::size_t slash = head.rfind('/');
  struct open_how how = {};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  const std::string parent = head.substr(0, slash);
  const int fd = static_cast<int>(syscall(SYS_openat2, git, parent.c_str(), &how, sizeof how));
  if (fd < 0) return false;
  const bool found = exists(fd, head.c_str() + slash + 1);
  close(fd);
  return found;
}

// Until a ref is found, wherever: HEAD's own, packed-refs, below refs.
void look_for_refs(int git, const std::string& head, Buffer& buffer) {
  if (!head.starts_with("refs/") || has_ref(git, head)) return;
  off_t size = 0;
  if (const int packed = open_file(git, "packed-refs", size); packed >= 0) {
    const ssize_t n = pread(packed, buffer.data(), 4096, 0);
    if (n > 0 && n < 4096) pread(packed, buffer.data(), 4096, n);  // is that all?
    close(packed);
    if (size > 0) return;
  }
  bool found = false;
  std::vector<std::string> waiting = {"refs"};
  while (!waiting.empty() && !found) {
    const std::string path = std::move(waiting.back());
    waiting.pop_back();
    list(git, path.c_str(), buffer, [&](const dirent64& entry) {
      if (entry.d_type == DT_DIR) {
        waiting.push_back(path + '/' + entry.d_name);
      } else {
        found = true;
      }
    });
  }
}

bool call_git(int fd, Buffer& buffer) {
  if (exists(fd, "commondir") || !exists(fd, "HEAD")) return false;
  const auto text = read_file(fd, "HEAD", buffer);
  if (!text || text->empty()) return false;
  std::string head(text->substr(0, text->size() - 1));
  if (head.starts_with("ref: ")) head.erase(0, 5);
  if (!exists(fd, "objects") || !exists(fd, "refs")) return false;
  read_file(fd, "config", buffer);
  look_for_refs(fd, head, buffer);
  exists(fd, "shallow");
  read_file(fd, "objects/info/alternates", buffer);
  list(fd, "worktrees", buffer, [](const dirent64&) {});
  return true;
}

bool call_git_inside(int fd, Buffer& buffer) {
  if (!exists(fd, ".git")) return false;
  const int git = open_directory(fd, ".git");
  if (git < 0) return false;
  const bool is_one = call_git(git, buffer);
  close(git);
  return is_one;
}

bool call_probe(const Signature& signature, int fd, Buffer& buffer) {
  if (signature.kind == "svn") return call_svn(fd, buffer);
  if (signature.kind == "hg") return call_hg(fd, buffer);
  if (signature.kind == "postgres") return false;  // the trees have none
  return signature.inside.empty() ? call_git(fd, buffer) : call_git_inside(fd, buffer);
}

}  // namespace

NameBits bit_of(const dirent64& entry) {
  EntryType type = EntryType::kFile;
  if (entry.d_type == DT_DIR) type = EntryType::kDirectory;
  if (entry.d_type == DT_LNK) type = EntryType::kSymlink;
  return name_bit(entry.d_name, type);
}

void make_probe_calls(int fd, NameBits bits, bool is_dot_git, std::string& names) {
  Buffer buffer;
  for (const Signature& each : signatures()) {
    if ((bits & each.required) != each.required) continue;
    const bool is_known = is_dot_git && each.kind == "git" && each.inside.empty();
    if (!is_known) {
      if (!call_probe(each, fd, buffer)) continue;
      exists(fd, "", AT_EMPTY_PATH);  // its device, inode and owner
    }
    std::string kept;
    for (std::size_t at = 0; at < names.size();) {
      const std::string_view name = names.data() + at;
      at += name.size() + 1;
      const bool drop =
          std::find(each.pruned.begin(), each.pruned.end(), name) != each.pruned.end();
      if (!drop) kept.append(name) += '\0';
    }
    names = std::move(kept);
  }
}

}  // namespace repo::bench

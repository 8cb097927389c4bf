#include "scanner/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/file_io.h"
#include "base/unique_fd.h"
#include "scanner/btrfs.h"

namespace repo {
namespace {

EntryType type_of_dirent(unsigned char type) {
  switch (type) {
    case DT_DIR:
      return EntryType::kDirectory;
    case DT_REG:
      return EntryType::kFile;
    case DT_LNK:
      return EntryType::kSymlink;
    case DT_UNKNOWN:
      return EntryType::kUnknown;
    default:
      return EntryType::kOther;
  }
}

Metadata metadata_of(const struct stat& st) {
  EntryType type = EntryType::kOther;
  if (S_ISDIR(st.st_mode)) type = EntryType::kDirectory;
  if (S_ISREG(st.st_mode)) type = EntryType::kFile;
  if (S_ISLNK(st.st_mode)) type = EntryType::kSymlink;
  return {type,      st.st_dev, st.st_ino,         static_cast<std::uint64_t>(st.st_size),
          st.st_uid, st.st_gid, st.st_mode & 07777};
}

class RealFile final : public File {
 public:
  RealFile(UniqueFd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}

  std::uint64_t size() const override { return size_; }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) const override {
    std::size_t done = 0;
    while (done < buffer.size()) {
      const ssize_t n = pread(fd_.get(), buffer.data() + done, buffer.size() - done,
                              static_cast<off_t>(offset + done));
      if (n == 0) break;
      if (n < 0) {
        if (errno == EINTR) continue;
        return system_error("read", "", errno);
      }
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

 private:
  UniqueFd fd_;
  std::uint64_t size_;
};

class RealDirectory final : public Directory {
 public:
  RealDirectory(int fd, UniqueFd owned, bool on_btrfs)
      : fd_(fd), owned_(std::move(owned)), on_btrfs_(on_btrfs) {}

  Status list(EntrySink& sink) override {
    // As getdents64(2) lays it out; one buffer a thread, since list() does not nest.
    alignas(dirent64) static thread_local std::array<char, 65536> buffer;
    const bool fresh = owned_ && !listed_;
    listed_ = true;
    if (!fresh && lseek(fd_, 0, SEEK_SET) < 0) return system_error("read", "", errno);
    while (true) {
      const long n = syscall(SYS_getdents64, fd_, buffer.data(), buffer.size());
      if (n == 0) return {};
      if (n < 0) {
        if (errno == EINTR) continue;
        return system_error("read", "", errno);
      }
      for (long at = 0; at < n;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + at);
        at += entry->d_reclen;
        const char* name = entry->d_name;
        if (name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'))) continue;
        sink.on_entry(std::string_view(name, std::strlen(name)), type_of_dirent(entry->d_type));
      }
    }
  }

  Result<std::unique_ptr<Directory>> open_directory(const std::string& path,
                                                    bool cross_mount) const override {
    struct open_how how = {};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    if (!cross_mount) how.resolve |= RESOLVE_NO_XDEV;
    const long fd = syscall(SYS_openat2, fd_, path.c_str(), &how, sizeof how);
    if (fd < 0) return system_error("open", "", errno);
    UniqueFd owned(static_cast<int>(fd));
    const int raw = owned.get();
    const bool on_btrfs = cross_mount ? is_on_btrfs(raw) : on_btrfs_;
    return std::unique_ptr<Directory>(
        std::make_unique<RealDirectory>(raw, std::move(owned), on_btrfs));
  }

  bool is_read_only_snapshot() const override {
    return on_btrfs_ && is_btrfs_read_only_snapshot(fd_);
  }

  Result<std::unique_ptr<File>> open_file(const std::string& path) const override {
    Result<UniqueFd> fd = open_beneath(fd_, path, O_RDONLY);
    if (!fd) return fd.error();
    struct stat st = {};
    if (fstat(fd->get(), &st) != 0) return system_error("stat", path, errno);
    if (!S_ISREG(st.st_mode)) return system_error("read", path, EINVAL);
    return std::unique_ptr<File>(
        std::make_unique<RealFile>(*std::move(fd), static_cast<std::uint64_t>(st.st_size)));
  }

  Result<Metadata> stat_entry(const std::string& path) const override {
    Result<Place> place = place_of(path);
    if (!place) return place.error();
    struct stat st = {};
    if (fstatat(place->directory(), place->name.c_str(), &st,
                AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
      return system_error("stat", path, errno);
    }
    return metadata_of(st);
  }

  Result<std::string> read_link(const std::string& path) const override {
    Result<Place> place = place_of(path);
    if (!place) return place.error();
    std::array<char, PATH_MAX> target{};
    const ssize_t n =
        readlinkat(place->directory(), place->name.c_str(), target.data(), target.size());
    if (n < 0) return system_error("readlink", path, errno);
    return std::string(target.data(), static_cast<std::size_t>(n));
  }

  Result<Metadata> metadata() const override {
    struct stat st = {};
    if (fstat(fd_, &st) != 0) return system_error("stat", "", errno);
    return metadata_of(st);
  }

 private:
  // The last component of a path and the directory that it is in, reached without following a
  // link: the calls that take a path would follow those before the last.
  struct Place {
    UniqueFd parent;  // empty: this directory itself
    int self;
    std::string name;
    int directory() const { return parent ? parent.get() : self; }
  };

  Result<Place> place_of(const std::string& path) const {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return Place{UniqueFd(), fd_, path};
    Result<UniqueFd> parent = open_beneath(fd_, path.substr(0, slash), O_PATH | O_DIRECTORY);
    if (!parent) return parent.error();
    return Place{*std::move(parent), fd_, path.substr(slash + 1)};
  }

  int fd_;
  UniqueFd owned_;  // empty where the descriptor is somebody else's
  bool on_btrfs_;
  bool listed_ = false;
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<Directory>> open_root(const std::string& path) const override {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return system_error("open", path, errno);
    const int raw = fd.get();
    return std::unique_ptr<Directory>(
        std::make_unique<RealDirectory>(raw, std::move(fd), is_on_btrfs(raw)));
  }
};

}  // namespace

Result<std::string> Directory::read_file(const std::string& path, std::size_t limit) const {
  Result<std::unique_ptr<File>> file = open_file(path);
  if (!file) return file.error();
  if ((*file)->size() > limit) return system_error("read", path, EFBIG);
  std::string content((*file)->size(), '\0');
  Result<std::size_t> n = (*file)->read_at(0, content);
  if (!n) return system_error("read", path, n.error().code);
  content.resize(*n);
  return content;
}

const FileSystem& real_file_system() {
  static const RealFileSystem file_system;
  return file_system;
}

std::unique_ptr<Directory> borrow_directory(int fd) {
  return std::make_unique<RealDirectory>(fd, UniqueFd(), false);
}

}  // namespace repo

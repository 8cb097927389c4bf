#include "scanner/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <atomic>
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

Metadata metadata_of(const struct statx& st) {
  EntryType type = EntryType::kOther;
  if (S_ISDIR(st.stx_mode)) type = EntryType::kDirectory;
  if (S_ISREG(st.stx_mode)) type = EntryType::kFile;
  if (S_ISLNK(st.stx_mode)) type = EntryType::kSymlink;
  // Whoever makes a file system chooses the time, also one that no calendar has.
  constexpr std::int64_t kYear10000 = 253'402'300'800;
  const std::int64_t seconds = st.stx_btime.tv_sec;
  std::optional<UtcTime> born;
  if ((st.stx_mask & STATX_BTIME) != 0 && seconds >= 0 && seconds < kYear10000) {
    born = UtcTime(std::chrono::seconds(seconds));
  }
  return {type,
          makedev(st.stx_dev_major, st.stx_dev_minor),
          st.stx_ino,
          st.stx_size,
          st.stx_uid,
          st.stx_gid,
          st.stx_mode & 07777U,
          born};
}

// Whether it is the root of a mount that was looked at: kernels before 5.8 do not say so.
bool is_mount_root(const struct statx& st) {
  return (st.stx_attributes_mask & st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// Does not wait for the server of a mount that somebody has put there meanwhile: what is known of
// its root without asking is enough to turn away.
constexpr int kAskNobody = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;

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

// What a directory has from the file system that it is on.
struct Traits {
  bool on_btrfs = false;
  // A directory's links are its own "." and its name, and the ".." of each subdirectory. (btrfs and
  // overlay say 1 of all, FUSE what it likes; ext4 says 1 above 65,000.)
  bool counts_links = false;
};

Traits traits_of(int directory) {
  struct statfs fs = {};
  if (fstatfs(directory, &fs) != 0) return {};
  const auto type = static_cast<unsigned long>(fs.f_type);
  constexpr unsigned long kXfs = 0x58465342;  // XFS_SB_MAGIC, statfs(2)
  return {type == BTRFS_SUPER_MAGIC,
          type == EXT4_SUPER_MAGIC || type == kXfs || type == TMPFS_MAGIC};
}

class RealDirectory final : public Directory {
 public:
  RealDirectory(int fd, UniqueFd owned, Traits traits, bool crosses)
      : fd_(fd), owned_(std::move(owned)), traits_(traits), crosses_(crosses) {}

  void cross_mounts() override { crosses_ = true; }

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
    const bool crosses = cross_mount || crosses_;
    if (!crosses) how.resolve |= RESOLVE_NO_XDEV;
    const long fd = open_quietly(path, how);
    if (fd < 0) return system_error("open", "", errno);
    UniqueFd owned(static_cast<int>(fd));
    const int raw = owned.get();
    const Traits traits = crosses ? traits_of(raw) : traits_;
    return std::unique_ptr<Directory>(
        std::make_unique<RealDirectory>(raw, std::move(owned), traits, crosses_));
  }

  bool is_leaf(const std::string& name) const override {
    if (!traits_.counts_links) return false;
    struct statx st = {};
    if (statx(fd_, name.c_str(), kAskNobody, STATX_TYPE | STATX_NLINK, &st) != 0) return false;
    if ((st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 || is_mount_root(st)) return false;
    return S_ISDIR(st.stx_mode) && st.stx_nlink == 2;
  }

  bool is_read_only_snapshot() const override {
    return traits_.on_btrfs && is_btrfs_read_only_snapshot(fd_);
  }

  Result<std::unique_ptr<File>> open_file(const std::string& path) const override {
    Result<UniqueFd> fd = open_beneath(fd_, path, O_RDONLY, crosses_);
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
    struct statx st = {};
    const int how = crosses_ ? AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT : kAskNobody;
    if (statx(place->directory(), place->name.c_str(), how, STATX_BASIC_STATS, &st) != 0) {
      return system_error("stat", path, errno);
    }
    if (!crosses_ && is_mount_root(st)) return system_error("stat", path, EXDEV);
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
    struct statx st = {};
    if (statx(fd_, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &st) != 0) {
      return system_error("stat", "", errno);
    }
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
    Result<UniqueFd> parent =
        open_beneath(fd_, path.substr(0, slash), O_PATH | O_DIRECTORY, crosses_);
    if (!parent) return parent.error();
    return Place{*std::move(parent), fd_, path.substr(slash + 1)};
  }

  // Else the first look of a day at each directory would write its time of access to the disk. Only
  // its owner and root may ask for that, so others do not try.
  long open_quietly(const std::string& path, struct open_how& how) const {
    static std::atomic<bool> may_ask{geteuid() == 0};
    if (may_ask.load(std::memory_order_relaxed)) {
      how.flags |= O_NOATIME;
      const long fd = syscall(SYS_openat2, fd_, path.c_str(), &how, sizeof how);
      if (fd >= 0 || errno != EPERM) return fd;
      may_ask = false;  // a root without CAP_FOWNER
      how.flags &= ~static_cast<__u64>(O_NOATIME);
    }
    return syscall(SYS_openat2, fd_, path.c_str(), &how, sizeof how);
  }

  int fd_;
  UniqueFd owned_;  // empty where the descriptor is somebody else's
  Traits traits_;
  bool crosses_;
  bool listed_ = false;
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<Directory>> open_root(const std::string& path) const override {
    const RealDirectory nowhere(AT_FDCWD, UniqueFd(), Traits(), false);
    return nowhere.open_directory(path, true);
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
  return std::make_unique<RealDirectory>(fd, UniqueFd(), Traits(), true);
}

}  // namespace repo

// The scanner's only way to a file system: directories by descriptor, never by path.
//
// One implementation reads the kernel's tree (real_file_system); tests put another in its place.
//
// Links      No symbolic link is followed, in any component.
// Mounts     What has a mount on the way is EXDEV, and the mount is not touched, but with leave:
//            cross_mounts(), or `cross_mount` of open_directory.
// Blocking   FIFOs and devices are opened without waiting and never read.
// Threads    Different objects may be used by different threads; one object by one thread at a
//            time, but for open_directory and is_leaf, which are safe from several at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace repo {

enum class EntryType : std::uint8_t { kUnknown, kDirectory, kFile, kSymlink, kOther };

// What stat says of a directory or file.
struct Metadata {
  EntryType type = EntryType::kUnknown;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;                      // permission bits, 07777
  std::optional<UtcTime> born = std::nullopt;  // when it was made, where the file system tells
};

// Receives the entries of a directory, in the file system's order, without "." and "..".
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  // `name` is valid during the call and ends with a NUL behind its last byte.
  virtual void on_entry(std::string_view name, EntryType type) = 0;
};

// An open regular file.
class File {
 public:
  virtual ~File() = default;
  virtual std::uint64_t size() const = 0;
  // The bytes at `offset`, up to buffer.size(); fewer only at the end of the file.
  virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) const = 0;
};

class Directory {
 public:
  virtual ~Directory() = default;

  // From now on the calls below go into mounts, too, and directories opened here do so. Before the
  // directory is used by several threads.
  virtual void cross_mounts() = 0;

  // Every entry once. An error may come after some entries were delivered.
  virtual Status list(EntrySink& sink) = 0;

  // A directory below this one: `path` is a name or several joined with '/'. ELOOP or ENOTDIR where
  // a component is a link or no directory.
  virtual Result<std::unique_ptr<Directory>> open_directory(const std::string& path,
                                                            bool cross_mount) const = 0;

  // A regular file below this one; EINVAL where it is something else.
  virtual Result<std::unique_ptr<File>> open_file(const std::string& path) const = 0;

  // lstat of an entry below this one; the last component may be a link.
  virtual Result<Metadata> stat_entry(const std::string& path) const = 0;

  // The text of a symbolic link below this one.
  virtual Result<std::string> read_link(const std::string& path) const = 0;

  // Whether the entry `name` is a directory without a subdirectory, told from the number of its
  // links (each subdirectory's ".." is one) without opening it. False wherever that is not known:
  // on file systems that do not count, for the root of a mount, for what cannot be looked at. Safe
  // from several threads at once.
  virtual bool is_leaf(const std::string& name) const = 0;

  // Whether this is the top of a snapshot that cannot be written to, and that the mount table does
  // not show: a subvolume of btrfs. A file system in which there is no such thing says no.
  virtual bool is_read_only_snapshot() const { return false; }

  // fstat of this directory.
  virtual Result<Metadata> metadata() const = 0;

  // open_file and read it whole; EFBIG above `limit` bytes.
  Result<std::string> read_file(const std::string& path, std::size_t limit) const;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // `path` is absolute.
  virtual Result<std::unique_ptr<Directory>> open_root(const std::string& path) const = 0;
};

const FileSystem& real_file_system();

// Wraps a descriptor of a directory, which must stay open while the object lives. It crosses
// mounts.
std::unique_ptr<Directory> borrow_directory(int fd);

}  // namespace repo

// Small files read and written whole, relative to a directory's descriptor.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// Opens `path` below `dir` with openat2(2): no symbolic link in any component is followed and
// ".." does not leave `dir`. O_CLOEXEC, O_NONBLOCK and O_NOCTTY are added to `flags`.
// Errors: errno as openat2 gives it; ELOOP where a component is a link, EXDEV where one is the root
// of a mount and `cross_mounts` is false: it was not touched then.
Result<UniqueFd> open_beneath(int dir, const std::string& path, int flags,
                              bool cross_mounts = true);

// The content of a regular file below `dir`, opened as open_beneath does. A FIFO, device or
// directory is EINVAL, a file above `limit` bytes EFBIG; neither is read.
Result<std::string> read_small_file(int dir, const std::string& path, std::size_t limit);

// The rest of an open descriptor (a pipe, a file), EFBIG above `limit`, EINTR once a stop was
// requested.
Result<std::string> read_to_end(int fd, std::size_t limit);

// Writes all of `bytes`, whatever the chunks the kernel takes.
Status write_all(int fd, std::string_view bytes);

inline constexpr mode_t kPrivateFile = 0600;
inline constexpr mode_t kFileForAll = 0644;  // whatever the umask

// Creates `name` in `dir` (which must not exist) with `bytes`, and fsyncs it.
Status create_file(int dir, const std::string& name, std::string_view bytes,
                   mode_t mode = kPrivateFile);

// Writes `bytes` to `path` so that a reader sees the old file or the whole new one: temporary
// name beside it, fsync, rename, fsync of the directory. What exists and is no regular file
// (/dev/stdout, a FIFO) is written to directly.
Status replace_file(const std::string& path, std::string_view bytes, mode_t mode = kPrivateFile);

// Whether replace_file() could write there, as far as that can be told before: the folder is there
// and may be written to, and `path` is no folder.
Status check_replaceable(const std::string& path);

// The same for a regular file `name` in an open directory.
Status replace_file_at(int dir, const std::string& name, std::string_view bytes,
                       mode_t mode = kPrivateFile);

// Whether a file is called as the two above call theirs until the rename: one that a process has
// left when it was killed.
bool is_temporary(std::string_view name);

}  // namespace repo

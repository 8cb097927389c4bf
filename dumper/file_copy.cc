#include "dumper/file_copy.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "dumper/tree.h"

namespace repo {
namespace {

Status copy_by_hand(int from, int to, off_t at, off_t end, const Patience& patience) {
  std::array<char, 1 << 17> buffer;  // NOLINT: written before it is read
  while (at < end) {
    if (auto error = out_of_patience(patience)) return *error;
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<off_t>(end - at, static_cast<off_t>(buffer.size())));
    const ssize_t n = pread(from, buffer.data(), wanted, at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", "", errno);
    if (n == 0) return {};  // it has shrunk
    for (ssize_t done = 0; done < n;) {
      const ssize_t written =
          pwrite(to, buffer.data() + done, static_cast<std::size_t>(n - done), at + done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("write", "", errno);
      done += written;
    }
    if (Status room = take_room(patience, {static_cast<std::uint64_t>(n), 0}); !room) return room;
    tell_progress(patience, static_cast<std::uint64_t>(n));
    at += n;
  }
  return {};
}

Status copy_range(int from, int to, off_t at, off_t end, const Patience& patience) {
  constexpr off_t kChunk = off_t{16} << 20;  // between two looks at the clock
  while (at < end) {
    if (auto error = out_of_patience(patience)) return *error;
    off_t in = at;
    off_t out = at;
    const ssize_t n = copy_file_range(from, &in, to, &out,
                                      static_cast<std::size_t>(std::min(end - at, kChunk)), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
      return copy_by_hand(from, to, at, end, patience);
    }
    if (n < 0) return system_error("copy", "", errno);
    // The end, or a file system that says 0 for what it cannot copy.
    if (n == 0) return copy_by_hand(from, to, at, end, patience);
    if (Status room = take_room(patience, {static_cast<std::uint64_t>(n), 0}); !room) return room;
    tell_progress(patience, static_cast<std::uint64_t>(n));
    at += n;
  }
  return {};
}

}  // namespace

bool clone_file(int from, int to) { return ioctl(to, FICLONE, from) == 0; }

Status copy_content(int from, int to, off_t size, const Patience& patience) {
  if (size == 0) return {};
  if (clone_file(from, to)) {
    // A clone takes all there is now; the look says `size`.
    return ftruncate(to, size) == 0 ? Status() : system_error("truncate", "", errno);
  }
  if (ftruncate(to, size) != 0) return system_error("truncate", "", errno);
  for (off_t at = 0; at < size;) {
    off_t data = lseek(from, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // nothing but a hole is left
    off_t end = size;
    if (data < 0) {
      data = at;  // the file system does not tell: all of it is data
    } else {
      end = lseek(from, data, SEEK_HOLE);
      if (end < 0 && errno == ENXIO) break;  // cut meanwhile
      if (end < 0) return system_error("seek", "", errno);
      end = std::min(end, size);
    }
    if (data >= size) break;
    if (Status done = copy_range(from, to, data, end, patience); !done) return done;
    at = end;
  }
  return {};
}

Result<bool> have_equal_content(int a, int b, const Patience& patience) {
  std::array<char, 1 << 16> of_a;  // NOLINT: written before they are read
  std::array<char, 1 << 16> of_b;  // NOLINT
  for (off_t at = 0;;) {
    if (auto error = out_of_patience(patience)) return *error;
    const ssize_t n = pread(a, of_a.data(), of_a.size(), at);
    if (n < 0) return system_error("read", "", errno);
    // An end of either is an end of both where they are equal.
    const std::size_t wanted = n == 0 ? 1 : static_cast<std::size_t>(n);
    for (std::size_t have = 0; have < wanted;) {
      const ssize_t m = pread(b, of_b.data() + have, wanted - have, at + static_cast<off_t>(have));
      if (m < 0) return system_error("read", "", errno);
      if (m == 0) return n == 0;
      have += static_cast<std::size_t>(m);
    }
    if (n == 0 || std::memcmp(of_a.data(), of_b.data(), wanted) != 0) return false;
    tell_progress(patience, static_cast<std::uint64_t>(n));
    at += n;
  }
}

}  // namespace repo

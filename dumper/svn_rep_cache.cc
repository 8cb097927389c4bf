#include "dumper/svn_rep_cache.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/file_io.h"
#include "base/stop_signal.h"
#include "dumper/tree_copier.h"
#include "dumper/tree_look.h"

namespace repo {
namespace {

constexpr const char* kName = "rep-cache.db";
constexpr const char* kJournal = "rep-cache.db-journal";

constexpr off_t kPendingByte = 0x40000000;
constexpr off_t kReservedByte = kPendingByte + 1;
constexpr off_t kSharedFirst = kPendingByte + 2;
constexpr off_t kSharedSize = 510;

// Locks of the open file, which another descriptor of this process does not drop.
int lock_bytes(int fd, int command, int type, off_t at, off_t size) {
  struct flock lock = {};
  lock.l_type = static_cast<short>(type);
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = size;
  const int done = fcntl(fd, command, &lock);
  return done != 0 ? -1 : lock.l_type;
}

bool take_shared_lock(int fd) {
  // Through the pending byte, so that a writer who waits for his turn gets it.
  if (lock_bytes(fd, F_OFD_SETLK, F_RDLCK, kPendingByte, 1) < 0) return false;
  const bool taken = lock_bytes(fd, F_OFD_SETLK, F_RDLCK, kSharedFirst, kSharedSize) >= 0;
  const int error = errno;
  lock_bytes(fd, F_OFD_SETLK, F_UNLCK, kPendingByte, 1);
  errno = error;
  return taken;
}

// A journal beside a database that nobody is writing to: its writer died, and the database is good
// only with what the journal says.
bool has_hot_journal(int db_directory, int fd) {
  struct stat st = {};
  if (fstatat(db_directory, kJournal, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_size == 0)
    return false;
  return lock_bytes(fd, F_OFD_GETLK, F_RDLCK, kReservedByte, 1) == F_UNLCK;
}

// Of an SQLite database that is not in WAL mode, whose writers lock otherwise.
bool has_good_header(int fd) {
  std::array<char, 100> header = {};
  if (pread(fd, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())) {
    return false;
  }
  constexpr std::string_view kMagic("SQLite format 3\0", 16);
  constexpr std::size_t kWriteVersion = 18;
  return std::string_view(header.data(), kMagic.size()) == kMagic && header[kWriteVersion] == 1;
}

}  // namespace

Result<std::optional<std::string>> copy_rep_cache(int from_db, int to_db,
                                                  const Patience& patience) {
  const std::string left_out =
      "db/rep-cache.db is left out (svnadmin build-repcache makes it anew): ";
  const Result<UniqueFd> file = open_beneath(from_db, kName, O_RDONLY);
  if (!file && file.error().code == ENOENT) return std::optional<std::string>();
  struct stat st = {};
  if (!file || fstat(file->get(), &st) != 0) {
    return system_error("open", kName, file ? errno : file.error().code);
  }
  if (!S_ISREG(st.st_mode)) return {left_out + "it is no file"};
  if (st.st_size == 0) return std::optional<std::string>();  // made by the next commit

  constexpr int kTries = 250;
  constexpr int kMoment = 20;  // milliseconds
  for (int i = 0; !take_shared_lock(file->get()); ++i) {
    if (auto error = out_of_patience(patience)) return *error;
    const bool held = errno == EAGAIN || errno == EACCES;
    if (!held) return {left_out + std::strerror(errno)};
    if (i == kTries) return {left_out + "it was locked all the time"};
    struct pollfd stop = {stop_fd(), POLLIN, 0};
    poll(&stop, 1, kMoment);
  }
  if (!has_good_header(file->get())) return {left_out + "it is damaged"};
  if (has_hot_journal(from_db, file->get())) return {left_out + "its last writer died"};

  // The one file, by the one copier.
  CopyOptions options;
  options.patience = patience;
  options.skip = [](const std::string& path) { return path != kName; };
  const Result<TreeLook> copied = copy_tree({from_db, std::nullopt}, to_db, options);
  if (!copied) return copied.error();
  return std::optional<std::string>();
}

}  // namespace repo

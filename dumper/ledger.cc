#include "dumper/ledger.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file_io.h"
#include "base/unique_fd.h"

namespace repo {

Status append_to_ledger(int control, const std::string& line) {
  constexpr const char* kLedger = "ledger";
  const UniqueFd ledger(
      openat(control, kLedger, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!ledger) return system_error("open", kLedger, errno);
  const off_t end = lseek(ledger.get(), 0, SEEK_END);
  char last = '\n';
  if (end > 0 && pread(ledger.get(), &last, 1, end - 1) != 1) {
    return system_error("read", kLedger, errno);
  }
  if (Status written = write_all(ledger.get(), last == '\n' ? line : "\n" + line); !written) {
    return system_error("write", kLedger, written.error().code);
  }
  if (fdatasync(ledger.get()) != 0) return system_error("fsync", kLedger, errno);
  return {};
}

}  // namespace repo

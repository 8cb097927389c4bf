#include "base/priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace repo {
namespace {

// ioprio_set(2). Not from <linux/ioprio.h>, which some releases of it make no C++.
constexpr int kWhoProcess = 1;
constexpr int kClassIdle = 3;
constexpr int kClassShift = 13;

}  // namespace

Status lower_priority() {
  if (setpriority(PRIO_PROCESS, 0, 19) != 0) return system_error("setpriority", "", errno);
  if (syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift) != 0) {
    return system_error("ioprio_set", "", errno);
  }
  return {};
}

}  // namespace repo

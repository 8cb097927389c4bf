#include "base/priority.h"

#include <linux/ioprio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace repo {

Status lower_priority() {
  if (setpriority(PRIO_PROCESS, 0, 19) != 0) return system_error("setpriority", "", errno);
  const int idle = IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0);
  if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, idle) != 0) {
    return system_error("ioprio_set", "", errno);
  }
  return {};
}

}  // namespace repo

// --nice: run only when nobody else wants the processor or the disk.
#pragma once

#include "base/result.h"

namespace repo {

// CPU niceness 19 and the idle I/O class (ioprio_set(2)) for the calling thread and all threads
// and processes that it starts from then on: call it first in main.
Status lower_priority();

}  // namespace repo

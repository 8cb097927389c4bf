// The content of one file, between open descriptors.
#pragma once

#include <sys/types.h>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// Makes the empty file `to` a clone of `from` (ioctl_ficlone(2)); false where the file systems
// cannot.
bool clone_file(int from, int to);

// Copies the first `size` bytes of `from` into the empty file `to`: cloned where that can be, holes
// kept as holes. A file that has shrunk meanwhile gives what is left. Takes room as tree.h says.
Status copy_content(int from, int to, off_t size, const Patience& patience);

// Whether two files have the same bytes, to the end of both.
Result<bool> have_equal_content(int a, int b, const Patience& patience);

}  // namespace repo

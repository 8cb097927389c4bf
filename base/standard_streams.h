// Descriptors 0, 1 and 2, whatever the caller has left of them.
#pragma once

namespace repo {

// To be called first in main. A closed one is opened on /dev/null, the wrong way round: else the
// next file that is opened would get its number, and what is printed would land in it. Reading
// from such a stdin and writing to such a stdout fails with EBADF, and is reported as such.
void fill_standard_streams();

}  // namespace repo

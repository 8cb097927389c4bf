// RESTORE.md: how to bring one generation back with nothing but a shell and the tools of its kind.
// Pure. The text lies beside the copy and is published with it.
#pragma once

#include <string>

#include "dumper/record.h"

namespace repo {

// A word of sh(1) that stands for these bytes, whatever they are, and is harmless on a terminal.
// (A trailing newline is kept, too.)
std::string shell_word(const std::string& bytes);

// The indented blocks are commands of sh, to be run one after the other in the folder of the
// generation; nothing in them has to be filled in. `as_root`: whether root made the copy, and will
// bring it back.
std::string restore_by_hand(const ItemRecord& record, bool as_root);

}  // namespace repo

// RESTORE.md: how to bring one generation back with nothing but a shell and the tools of its kind.
// Pure. The text lies beside the copy and is published with it.
#pragma once

#include <string>

#include "dumper/record.h"

namespace repo {

// What NAME= is set to in sh(1) so that it has these bytes, whatever they are; harmless on a
// terminal. Where it begins with a dollar sign a dot comes behind them, which keeps newlines at
// their end: ${NAME%.} takes it away.
std::string shell_word(const std::string& bytes);

// The indented blocks are commands of sh, to be run one after the other in the folder of the
// generation; nothing in them has to be filled in. `as_root`: whether root made the copy, and will
// bring it back.
std::string restore_by_hand(const ItemRecord& record, bool as_root);

}  // namespace repo

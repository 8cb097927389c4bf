// A tree of ours, handed to the user of a sandbox whose tool must change it (hg recover, svnadmin
// recover). What comes of it is that user's work: seal() takes it back, and looks at it as at
// anything foreign.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// Everything in the open directory, itself among it, gets `user` as owner and group; links are not
// followed. Modes stay. Where this process is not root the tool runs as its own user, and nothing
// is done.
Status hand_over(int directory, std::uint32_t user, const Patience& patience);

}  // namespace repo

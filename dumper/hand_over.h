// A tree of ours, handed to the user of a sandbox whose tool must change it (hg recover, svnadmin
// recover) or make it (pg_dump). What comes of it is that user's work: seal() takes it back, and
// looks at it as at anything foreign.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// Everything in the open directory, itself among it, gets the owner and the group; links are not
// followed. Modes stay. Where this process is not root the tool runs as its own user, and nothing
// is done.
struct NewOwner {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};
Status hand_over(int directory, const NewOwner& to, const Patience& patience);

}  // namespace repo

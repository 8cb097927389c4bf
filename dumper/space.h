// How much room a run needs on the target. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace repo {

// Of a file system: what is free there, or what something takes.
struct Room {
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;  // inodes
};

struct SpaceNeed {
  std::uint64_t bytes = 0;    // that the new copy takes
  std::uint64_t freed = 0;    // that retention gives back once it is published
  std::uint64_t entries = 0;  // inodes that the new copy takes
};

// An upper estimate for `jobs` items at a time: what stays, and what the largest copies in flight
// need before retention has given anything back.
std::uint64_t bytes_needed(const std::vector<SpaceNeed>& items, int jobs);

// "1.2 GiB"
std::string human_bytes(std::uint64_t bytes);

}  // namespace repo

// What a scrub has found of one generation.
#pragma once

#include <cstdint>
#include <string>

namespace repo {

struct ScrubResult {
  std::string id;
  std::string kind;
  std::string path;
  std::string generation;
  std::string place;        // relative to the dump root
  std::uint64_t bytes = 0;  // that were read
  double seconds = 0;
  bool is_damaged = false;
  std::string error;  // why it is damaged, or could not be read; empty: it is whole
};

}  // namespace repo

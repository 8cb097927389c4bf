// Signatures: the names that a directory of a kind must hold, matched by set intersection on bits.
//
// Every name of any signature has one bit. The entries of a directory OR into one word; a
// signature matches when (word & required) == required. A name that is in no signature costs one
// comparison of its length and first byte. Here stands the one table of kinds; the second look at
// a match is a probe (probe.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/fs.h"

namespace repo {

// What of a matched directory is not entered by the walk: only what cannot hold another
// repository, since people do put repositories into repositories.
struct Signature {
  std::string_view kind;
  std::string_view inside;  // what is copied: this folder of the directory; empty: all of it
  std::uint32_t required;
  std::vector<std::string_view> pruned;
};

// Whether no directory can match that has no subdirectory: one of its names always stands for a
// directory. `.git` counts, since as a file it is no repository but a pointer. A scan may then tell
// a directory without subdirectories from its metadata and miss nothing but pointers, and what has
// symbolic links in place of its directories.
bool needs_a_subdirectory(const Signature& signature);

// A kind may have several rows, each with another `inside`.
std::span<const Signature> signatures();

// Bits of the names; kMarker is no signature's: it marks a dump root.
inline constexpr std::uint32_t kBitFormat = 1U << 0;
inline constexpr std::uint32_t kBitDb = 1U << 1;
inline constexpr std::uint32_t kBitHg = 1U << 2;
inline constexpr std::uint32_t kBitGit = 1U << 3;  // ".git", also the file of a pointer
inline constexpr std::uint32_t kBitHead = 1U << 4;
inline constexpr std::uint32_t kBitObjects = 1U << 5;
inline constexpr std::uint32_t kBitMarker = 1U << 6;

inline constexpr std::string_view kDumpRootMarker = ".repo-backup";

// The bit of an entry, or 0. An entry of a type that cannot be what the name stands for has none;
// a symbolic link, and a FIFO or device for a file, count, so that the probe can tell.
std::uint32_t name_bit(std::string_view name, EntryType type);

}  // namespace repo

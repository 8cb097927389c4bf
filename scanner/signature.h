// Signatures: the names that a directory of a kind must hold, matched by set intersection on bits.
//
// Every name of any signature has one bit. The entries of a directory OR into one word; a
// signature matches when (word & required) == required. A name that is in no signature costs one
// look at its length and first byte. Here stands the one table of kinds; the second look at
// a match is a probe (probe.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/fs.h"

namespace repo {

// A set of names, a bit each.
using NameBits = std::uint64_t;

// What of a matched directory is not entered by the walk: only what cannot hold another
// repository, since people do put repositories into repositories.
struct Signature {
  std::string kind;
  std::string inside;  // what is copied: this folder of the directory; empty: all of it
  NameBits required = 0;
  std::vector<std::string> pruned;
};

// Whether no directory can match that has no subdirectory: one of its names always stands for a
// directory. `.git` counts, since as a file it is no repository but a pointer. A scan may then tell
// a directory without subdirectories from its metadata and miss nothing but pointers, and what has
// symbolic links in place of its directories.
bool needs_a_subdirectory(const Signature& signature);

// A kind may have several rows, each with another `inside`.
std::span<const Signature> signatures();

// Bits of the names; kMarker is no signature's: it marks a dump root.
inline constexpr NameBits kBitFormat = NameBits{1} << 0;
inline constexpr NameBits kBitDb = NameBits{1} << 1;
inline constexpr NameBits kBitHg = NameBits{1} << 2;
inline constexpr NameBits kBitGit = NameBits{1} << 3;  // ".git", also the file of a pointer
inline constexpr NameBits kBitHead = NameBits{1} << 4;
inline constexpr NameBits kBitObjects = NameBits{1} << 5;
inline constexpr NameBits kBitMarker = NameBits{1} << 6;
inline constexpr NameBits kBitPgVersion = NameBits{1} << 7;
inline constexpr NameBits kBitBase = NameBits{1} << 8;
inline constexpr NameBits kBitGlobal = NameBits{1} << 9;

inline constexpr int kBuiltInNames = 10;  // bits from there on are for names of users' kinds

inline constexpr std::string_view kDumpRootMarker = ".repo-backup";

// The bit of an entry, or 0. An entry of a type that cannot be what the name stands for has none;
// a symbolic link, and a FIFO or device for a file, count, so that the probe can tell.
NameBits name_bit(std::string_view name, EntryType type);

}  // namespace repo

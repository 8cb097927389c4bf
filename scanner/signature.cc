#include "scanner/signature.h"

#include <array>

namespace repo {
namespace {

struct Name {
  std::string_view name;
  bool file;
  bool directory;
  std::uint32_t bit;
};

constexpr std::array<Name, 7> kNames = {{
    {"format", true, false, kBitFormat},
    {"db", false, true, kBitDb},
    {".hg", false, true, kBitHg},
    {".git", true, true, kBitGit},
    {"HEAD", true, false, kBitHead},
    {"objects", false, true, kBitObjects},
    {kDumpRootMarker, true, false, kBitMarker},
}};

// The lengths that a name in the table can have: most names end here.
constexpr std::uint64_t kLengths = [] {
  std::uint64_t lengths = 0;
  for (const Name& each : kNames) lengths |= std::uint64_t{1} << each.name.size();
  return lengths;
}();

// Of the names that can be a directory: no name but `.git` can be a file as well.
constexpr std::uint32_t kDirectories = [] {
  std::uint32_t bits = 0;
  for (const Name& each : kNames) bits |= each.directory ? each.bit : 0;
  return bits;
}();

}  // namespace

bool needs_a_subdirectory(const Signature& signature) {
  return (signature.required & kDirectories) != 0;
}

std::span<const Signature> signatures() {
  static const std::array<Signature, 4> table = {{
      {"svn", "", kBitFormat | kBitDb, {"db", "conf", "hooks", "locks", "dav"}},
      {"hg", ".hg", kBitHg, {".hg"}},
      {"git", ".git", kBitGit, {}},
      // Not `refs` too: empty directories get lost, and a repository without it must be told of.
      {"git", "", kBitHead | kBitObjects, {"objects", "refs", "hooks", "info", "logs"}},
  }};
  return table;
}

std::uint32_t name_bit(std::string_view name, EntryType type) {
  if (name.size() >= 64 || (kLengths >> name.size() & 1) == 0) return 0;
  for (const Name& each : kNames) {
    if (name != each.name) continue;
    switch (type) {
      case EntryType::kDirectory:
        return each.directory ? each.bit : 0;
      case EntryType::kFile:
      case EntryType::kOther:
        return each.file ? each.bit : 0;
      case EntryType::kSymlink:
      case EntryType::kUnknown:
        return each.bit;
    }
  }
  return 0;
}

}  // namespace repo

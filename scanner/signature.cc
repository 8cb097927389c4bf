#include "scanner/signature.h"

#include <array>

namespace repo {
namespace {

struct Name {
  std::string_view name;
  EntryType type;
  std::uint32_t bit;
};

constexpr std::array<Name, 4> kNames = {{
    {"format", EntryType::kFile, kBitFormat},
    {"db", EntryType::kDirectory, kBitDb},
    {".hg", EntryType::kDirectory, kBitHg},
    {kDumpRootMarker, EntryType::kFile, kBitMarker},
}};

}  // namespace

std::span<const Signature> signatures() {
  static const std::array<Signature, 2> table = {{
      {"svn", kBitFormat | kBitDb, {"db", "conf", "hooks", "locks", "dav"}},
      {"hg", kBitHg, {".hg"}},
  }};
  return table;
}

std::uint32_t name_bit(std::string_view name, EntryType type) {
  for (const Name& each : kNames) {
    if (name.size() == each.name.size() && name[0] == each.name[0] && name == each.name) {
      // Whatever stands where a file should be is for the probe to tell.
      const bool possible = type == each.type || type == EntryType::kSymlink ||
                            type == EntryType::kUnknown ||
                            (each.type == EntryType::kFile && type == EntryType::kOther);
      return possible ? each.bit : 0;
    }
  }
  return 0;
}

}  // namespace repo

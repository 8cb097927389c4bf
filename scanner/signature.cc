#include "scanner/signature.h"

#include <array>

namespace repo {
namespace {

struct Name {
  std::string_view name;
  bool file;
  bool directory;
  NameBits bit;
};

constexpr std::array<Name, kBuiltInNames> kNames = {{
    {"format", true, false, kBitFormat},
    {"db", false, true, kBitDb},
    {".hg", false, true, kBitHg},
    {".git", true, true, kBitGit},
    {"HEAD", true, false, kBitHead},
    {"objects", false, true, kBitObjects},
    {kDumpRootMarker, true, false, kBitMarker},
    {"PG_VERSION", true, false, kBitPgVersion},
    {"base", false, true, kBitBase},
    {"global", false, true, kBitGlobal},
}};

constexpr std::uint64_t first_byte_bit(char first) {
  return std::uint64_t{1} << (static_cast<unsigned char>(first) & 63U);
}

// The first bytes that a name in the table can have, for each length: most names end here.
constexpr std::size_t kLengths = 16;
constexpr std::array<std::uint64_t, kLengths> kFirstBytes = [] {
  std::array<std::uint64_t, kLengths> bytes{};
  for (const Name& each : kNames) bytes.at(each.name.size()) |= first_byte_bit(each.name[0]);
  return bytes;
}();

// Of the names that can be a directory: no name but `.git` can be a file as well.
constexpr NameBits kDirectories = [] {
  NameBits bits = 0;
  for (const Name& each : kNames) bits |= each.directory ? each.bit : 0;
  return bits;
}();

}  // namespace

bool needs_a_subdirectory(const Signature& signature) {
  return (signature.required & kDirectories) != 0;
}

std::span<const Signature> signatures() {
  static const std::array<Signature, 5> table = {{
      {"svn", "", kBitFormat | kBitDb, {"db", "conf", "hooks", "locks", "dav"}},
      {"hg", ".hg", kBitHg, {".hg"}},
      {"git", ".git", kBitGit, {}},
      // Not `refs` too: empty directories get lost, and a repository without it must be told of.
      {"git", "", kBitHead | kBitObjects, {"objects", "refs", "hooks", "info", "logs"}},
      // What PostgreSQL makes, of all versions; what else is in a data directory is its owner's.
      {"postgres",
       "",
       kBitPgVersion | kBitBase | kBitGlobal,
       {"base", "global", "pg_clog", "pg_commit_ts", "pg_dynshmem", "pg_logical", "pg_multixact",
        "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots", "pg_stat", "pg_stat_tmp",
        "pg_subtrans", "pg_tblspc", "pg_twophase", "pg_wal", "pg_xact", "pg_xlog"}},
  }};
  return table;
}

NameBits name_bit(std::string_view name, EntryType type) {
  if (name.empty() || name.size() >= kLengths) return 0;
  if ((kFirstBytes[name.size()] & first_byte_bit(name[0])) == 0) return 0;
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

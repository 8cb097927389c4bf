#include "dumper/svn_layout.h"

#include "base/bytes_path.h"
#include "base/number.h"

namespace repo {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  return to_number<std::uint64_t>(text);
}

// "12/12345" of "db/revs/12/12345"; empty for what is not in `folder`.
std::string_view within(std::string_view path, std::string_view folder) {
  return is_below(path, folder) ? path.substr(folder.size() + 1) : std::string_view();
}

constexpr std::string_view kPack = ".pack";

// 12 of "12", and of "r12" or "p12" where such letters are allowed.
std::optional<std::uint64_t> number_behind(std::string_view name, std::string_view letters) {
  if (!name.empty() && letters.find(name[0]) != std::string_view::npos) name.remove_prefix(1);
  return number(name);
}

// Of "SHARD/pN" or "SHARD.pack/…".
bool is_property_of_fsx(std::string_view inside) {
  const std::size_t slash = inside.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view name = inside.substr(slash + 1);
  if (inside.substr(0, slash).ends_with(kPack)) return name != "pack";
  return name.starts_with('p') && number(name.substr(1));
}

// Of "SHARD", "SHARD/N", "N", "SHARD.pack", "SHARD.pack/…".
bool is_beyond_in(std::string_view inside, const SvnExtent& extent, bool packs_count) {
  const std::size_t slash = inside.find('/');
  const std::string_view first = inside.substr(0, slash);
  if (extent.shard == 0) {
    const auto revision = number(first);
    return revision && *revision > extent.youngest;
  }
  if (first.ends_with(kPack)) {
    const auto shard = number(first.substr(0, first.size() - kPack.size()));
    return packs_count && shard && (*shard + 1) * extent.shard > extent.min_unpacked;
  }
  const auto shard = number(first);
  if (!shard) return false;
  if (*shard * extent.shard > extent.youngest) return true;
  if (packs_count && (*shard + 1) * extent.shard <= extent.min_unpacked) return true;
  if (slash == std::string_view::npos) return false;
  const auto revision = number_behind(inside.substr(slash + 1), "rp");
  return revision && *revision > extent.youngest;
}

}  // namespace

SvnPart svn_part(std::string_view path) {
  if (path == "db/current" || path == "db/txn-current") return SvnPart::kCurrent;
  if (path == "db/rep-cache.db") return SvnPart::kRepCache;
  if (path.starts_with("db/rep-cache.db-") || path.starts_with("db/__db.")) {
    return SvnPart::kLeftOut;
  }
  if (is_below(path, "db/transactions") || is_below(path, "db/txn-protorevs")) {
    return SvnPart::kLeftOut;
  }
  if (!is_within(path, "db/revs")) return SvnPart::kState;
  return is_property_of_fsx(within(path, "db/revs")) ? SvnPart::kState : SvnPart::kRevisions;
}

bool leads_to_parts(std::string_view path, std::uint64_t shard) {
  if (path.empty() || path == "db" || path == "db/revs") return true;
  const std::string_view inside = within(path, "db/revs");
  return shard != 0 && !inside.empty() && inside.find('/') == std::string_view::npos;
}

bool is_beyond(std::string_view path, const SvnExtent& extent) {
  if (const std::string_view inside = within(path, "db/revs"); !inside.empty()) {
    return is_beyond_in(inside, extent, true);
  }
  // Revision properties are packed by some formats only; what is there of older ones is theirs.
  if (const std::string_view inside = within(path, "db/revprops"); !inside.empty()) {
    return is_beyond_in(inside, extent, false);
  }
  return false;
}

std::optional<std::uint64_t> revision_of(std::string_view path) {
  std::string_view inside = within(path, "db/revs");
  const std::size_t slash = inside.find('/');
  if (slash != std::string_view::npos) {
    if (!number(inside.substr(0, slash))) return std::nullopt;
    inside = inside.substr(slash + 1);
  }
  return number_behind(inside, "r");
}

bool is_immutable_svn(std::string_view path) {
  const std::string_view inside = within(path, "db/revs");
  return revision_of(path) || inside.ends_with(".pack/pack") || inside.ends_with(".pack/manifest");
}

std::optional<Error> odd_svn_data(const TreeEntry& entry) {
  if (!entry.path.starts_with("db/") || entry.is_directory() || entry.is_file()) return {};
  if (svn_part(entry.path) == SvnPart::kLeftOut) return {};
  return plain_error("copy", entry.path,
                     entry.is_link()
                         ? "data behind a symbolic link is not copied: it leads to " + entry.link
                         : "a FIFO, socket or device among the data");
}

std::uint64_t shard_size(std::string_view db_format) {
  constexpr std::string_view kSharded = "layout sharded ";
  const std::size_t at = db_format.find(kSharded);
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = db_format.substr(at + kSharded.size());
  return number(rest.substr(0, rest.find('\n'))).value_or(0);
}

}  // namespace repo

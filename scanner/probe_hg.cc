// Sources: mercurial/localrepo.py, makelocalrepository() (any directory `.hg` is a repository;
// `sharedpath` names the .hg whose store is used); mercurial/revlogutils/constants.py (layout of
// the revlog index, version 1); `hg help internals.revlogs`.
//
// Revlog index v1: records of 64 bytes, big-endian: u48 offset, u16 flags, u32 compressed length,
// u32 length, u32 base, u32 link, u32 parent 1, u32 parent 2, 20 bytes node, 12 bytes padding. The
// first 4 bytes of the file are flags (bit 0: inline, each record is followed by its data) and
// version instead of the first record's offset.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "scanner/hg_store.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::uint64_t kRecord = 64;
constexpr std::size_t kSmall = 65536;

struct ChangelogFacts {
  bool known = false;  // false: a layout that this reader does not know
  std::uint64_t count = 0;
  std::string tip;  // hex; empty where there is no changeset
};

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string node_hex(const char* record) {
  std::string hex;
  for (int i = 32; i < 52; ++i) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(record[i]));
  }
  return hex;
}

// The state at one moment: a writer that appends meanwhile is seen up to a whole record.
Result<ChangelogFacts> read_changelog(const File& file) {
  std::array<char, kRecord> record{};
  Result<std::size_t> n = file.read_at(0, record);
  if (!n) return n.error();
  if (*n == 0) return ChangelogFacts{true, 0, ""};
  const std::uint32_t header = *n >= 4 ? big_endian(record.data()) : 0;
  const std::uint32_t version = header & 0xFFFF;
  if (*n < kRecord || version != 1) return ChangelogFacts{};  // the "dummy" of new formats, v2 …
  const bool is_inline = (header >> 16 & 1) != 0;

  // Mercurial splits an inline index long before this; hopping through terabytes of holes would
  // take for ever.
  constexpr std::uint64_t kLargestInline = std::uint64_t{64} << 20;
  if (is_inline && file.size() > kLargestInline) return ChangelogFacts{};

  ChangelogFacts facts{true, 0, ""};
  if (!is_inline) {
    facts.count = file.size() / kRecord;
    n = file.read_at((facts.count - 1) * kRecord, record);
    if (!n) return n.error();
    if (*n < kRecord) return plain_error("read", "", "the index was cut while it was read");
    facts.tip = node_hex(record.data());
    return facts;
  }
  // Inline: hop from record to record, through a window so that it costs few reads.
  std::string window(std::size_t{256} << 10, '\0');
  std::uint64_t start = 0;
  std::size_t filled = 0;
  for (std::uint64_t at = 0; at + kRecord <= file.size();) {
    if (at < start || at + kRecord > start + filled) {
      start = at;
      n = file.read_at(start, window);
      if (!n) return n.error();
      filled = *n;
      if (filled < kRecord) break;
    }
    const char* here = window.data() + (at - start);
    const std::uint64_t length = big_endian(here + 8);
    if (at + kRecord + length > file.size()) break;  // appended to at this moment
    facts.tip = node_hex(here);
    ++facts.count;
    at += kRecord + length;
  }
  return facts;
}

// The lines of .hg/requires; none where it cannot be read (ancient repositories have none).
std::set<std::string> requirements(const Directory& hg) {
  std::set<std::string> lines;
  const Result<std::string> text = hg.read_file("requires", kSmall);
  if (!text) return lines;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    lines.insert(text->substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

bool has(const Directory& directory, const std::string& path) {
  return static_cast<bool>(directory.stat_entry(path));
}

}  // namespace

ProbeResult probe_hg(const Directory& directory) {
  const Result<Metadata> top = directory.stat_entry(".hg");
  if (!top)
    return top.error().code == ENOENT ? ProbeResult()
                                      : broken(".hg", top.error().code, "cannot look at it");
  if (top->type == EntryType::kSymlink) {
    const Result<std::string> target = directory.read_link(".hg");
    return broken(".hg", ELOOP,
                  "hg repository behind a symbolic link" +
                      (target ? " to " + *target : std::string()) + ", which is not followed");
  }
  if (top->type != EntryType::kDirectory) return {};
  // A folder that cannot be entered says EACCES for everything in it.
  const Result<std::unique_ptr<Directory>> opened = directory.open_directory(".hg", true);
  if (!opened) return broken(".hg", opened.error().code, "hg repository that cannot be read");
  const Directory& hg = **opened;

  const bool shared = has(hg, "sharedpath");
  if (!shared && !has(hg, "requires") && !has(hg, "store") && !has(hg, "00changelog.i") &&
      !has(hg, "data")) {
    return broken(".hg", 0, "empty .hg: a repository whose content is gone, or that never had any");
  }
  if (shared) {
    Result<std::string> target = hg.read_file("sharedpath", kSmall);
    if (!target) {
      return broken(".hg/sharedpath", target.error().code, "hg share whose source cannot be read");
    }
    while (target->ends_with('\n')) target->pop_back();
    std::string from_here = target->starts_with('/') ? *target : ".hg/" + *target;
    return {.detail = Detail{{"shared", *std::move(target)}},
            .target = Target{std::move(from_here), "share"}};
  }

  const std::set<std::string> needed = requirements(hg);
  if (needed.contains("shared") || needed.contains("relshared")) {
    return broken(".hg/sharedpath", ENOENT, "hg share that does not say of what");
  }
  const Result<Metadata> store = hg.stat_entry("store");
  if (!store && store.error().code != ENOENT) {
    return broken(".hg/store", store.error().code, "hg repository whose store cannot be read");
  }
  if (!store && (needed.contains("store") || needed.contains("share-safe"))) {
    return broken(".hg/store", ENOENT, "hg repository whose store is gone");
  }
  if (store && store->type == EntryType::kSymlink) {
    return broken(".hg/store", ELOOP, "hg repository whose store is a symbolic link");
  }
  Result<Detail> facts = Detail();
  if (store) {
    const Result<std::unique_ptr<Directory>> inside = hg.open_directory("store", true);
    facts = inside ? read_hg_store(**inside) : Result<Detail>(inside.error());
  } else {
    facts = read_hg_store(hg);
  }
  if (!facts) {
    return broken(store ? ".hg/store/00changelog.i" : ".hg/00changelog.i", facts.error().code,
                  facts.error().code == 0 ? "hg repository: " + facts.error().message
                                          : "hg repository whose changelog cannot be read");
  }
  return {.detail = *std::move(facts)};
}

Result<Detail> read_hg_store(const Directory& directory) {
  const std::string index = "00changelog.i";
  const Result<std::unique_ptr<File>> file = directory.open_file(index);
  if (!file) {
    if (file.error().code == ENOENT) return Detail{{"changesets", std::uint64_t{0}}};
    return file.error();
  }
  const Result<ChangelogFacts> facts = read_changelog(**file);
  if (!facts) {
    Error error = facts.error();
    error.path = index;
    return error;
  }
  Detail detail;
  if (facts->known) detail.emplace_back("changesets", facts->count);
  if (facts->known && facts->count > 0) detail.emplace_back("tip", facts->tip);
  return detail;
}

}  // namespace repo

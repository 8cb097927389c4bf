// Sources: mercurial/revlogutils/constants.py (layout of the revlog index, version 1);
// `hg help internals.revlogs`.
//
// Records of 64 bytes, big-endian: u48 offset, u16 flags, u32 compressed length, u32 length, u32
// base, u32 link, u32 parent 1, u32 parent 2 (-1: none), 20 bytes node, 12 bytes padding. The first
// 4 bytes of the file are flags (bit 0: inline, each record is followed by its data) and version
// instead of the first record's offset.
#include "scanner/hg_store.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <optional>
#include <vector>

#include "base/digest.h"

namespace repo {
namespace {

constexpr const char* kIndex = "00changelog.i";
constexpr std::uint64_t kRecord = 64;
constexpr std::size_t kWindow = std::size_t{256} << 10;

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string node_of(const char* record) {
  std::string hex;
  for (int i = 32; i < 52; ++i) {
    hex += fmt::format("{:02x}", static_cast<unsigned char>(record[i]));
  }
  return hex;
}

// The parents of a record; nothing for -1.
std::array<std::optional<std::uint32_t>, 2> parents_of(const char* record) {
  std::array<std::optional<std::uint32_t>, 2> parents;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const std::uint32_t parent = big_endian(record + 24 + 4 * i);
    if (parent != UINT32_MAX) parents[i] = parent;
  }
  return parents;
}

enum class Layout { kEmpty, kInline, kSplit, kUnknown };

// What the first record tells.
struct Beginning {
  Layout layout = Layout::kEmpty;
  std::string first;  // node of the first changeset, of a layout that is known
};

Result<Beginning> beginning_of(const File& file) {
  std::array<char, kRecord> record{};
  const Result<std::size_t> n = file.read_at(0, record);
  if (!n) return n.error();
  if (*n == 0) return Beginning();
  const std::uint32_t header = *n >= 4 ? big_endian(record.data()) : 0;
  const std::uint32_t version = header & 0xFFFF;
  const Beginning unknown{Layout::kUnknown, ""};
  if (*n < kRecord || version != 1) return unknown;  // the "dummy" of new formats, v2 …
  // Mercurial splits an inline index long before this, and nobody has so many changesets; hopping
  // through terabytes of holes would take for ever.
  constexpr std::uint64_t kLargestInline = std::uint64_t{64} << 20;
  constexpr std::uint64_t kLargestSplit = std::uint64_t{4} << 30;
  const bool is_inline = (header >> 16 & 1) != 0;
  if (file.size() > (is_inline ? kLargestInline : kLargestSplit)) return unknown;
  return Beginning{is_inline ? Layout::kInline : Layout::kSplit, node_of(record.data())};
}

// Calls `see` with each record, through a window so that it costs few reads. The state at one
// moment: a writer that appends meanwhile is seen up to a whole record.
template <typename See>
Status each_record(const File& file, Layout layout, See see) {
  std::string window(kWindow, '\0');
  std::uint64_t start = 0;
  std::size_t filled = 0;
  for (std::uint64_t at = 0; at + kRecord <= file.size();) {
    if (at < start || at + kRecord > start + filled) {
      start = at;
      const Result<std::size_t> n = file.read_at(start, window);
      if (!n) return n.error();
      filled = *n;
      if (filled < kRecord) break;
    }
    const char* record = window.data() + (at - start);
    const std::uint64_t data = layout == Layout::kInline ? big_endian(record + 8) : 0;
    if (at + kRecord + data > file.size()) break;  // appended to at this moment
    see(record);
    at += kRecord + data;
  }
  return {};
}

// The record of a split index.
Result<std::string> last_node(const File& file) {
  std::array<char, kRecord> record{};
  const Result<std::size_t> n = file.read_at((file.size() / kRecord - 1) * kRecord, record);
  if (!n) return n.error();
  if (*n < kRecord) return plain_error("read", "", "the index was cut while it was read");
  return node_of(record.data());
}

Result<Detail> read_detail(const File& file) {
  const Result<Beginning> beginning = beginning_of(file);
  if (!beginning) return beginning.error();
  const Layout layout = beginning->layout;
  if (layout == Layout::kUnknown) return Detail();
  std::uint64_t count = 0;
  std::string tip;
  if (layout == Layout::kSplit) {
    count = file.size() / kRecord;
    Result<std::string> node = last_node(file);
    if (!node) return node.error();
    tip = *std::move(node);
  } else if (layout == Layout::kInline) {
    const Status read = each_record(file, layout, [&](const char* record) {
      ++count;
      tip = node_of(record);
    });
    if (!read) return read.error();
  }
  Detail detail = {{"changesets", count}};
  if (count > 0) {
    detail.emplace_back("tip", tip);
    detail.emplace_back("first", beginning->first);
  }
  return detail;
}

Result<HgEnds> read_ends(const File& file) {
  HgEnds ends;
  const Result<Beginning> beginning = beginning_of(file);
  if (!beginning) return beginning.error();
  const Layout layout = beginning->layout;
  if (layout == Layout::kUnknown) return ends;
  std::vector<bool> has_child;
  Status read = each_record(file, layout, [&](const char* record) {
    if (has_child.empty()) ends.first = node_of(record);
    for (const auto& parent : parents_of(record)) {
      if (parent && *parent < has_child.size()) has_child[*parent] = true;
    }
    has_child.push_back(false);
  });
  if (!read) return read.error();
  if (has_child.empty()) return ends;
  // Once more: all nodes of a large history would take much room.
  Sha256 digest;
  std::size_t number = 0;
  read = each_record(file, layout, [&](const char* record) {
    if (number < has_child.size() && !has_child[number]) {
      ++ends.heads;
      digest.update(node_of(record) + "\n");
    }
    ++number;
  });
  if (!read) return read.error();
  ends.heads_sha256 = digest.hex();
  return ends;
}

// `read` of the index; `empty` where there is none.
template <typename T, typename Read>
Result<T> with_index(const Directory& directory, const T& empty, Read read) {
  const Result<std::unique_ptr<File>> file = directory.open_file(kIndex);
  if (!file) return file.error().code == ENOENT ? Result<T>(empty) : Result<T>(file.error());
  Result<T> result = read(**file);
  if (result) return result;
  Error error = result.error();
  error.path = kIndex;
  return error;
}

}  // namespace

Result<Detail> read_hg_store(const Directory& directory) {
  return with_index(directory, Detail{{"changesets", std::uint64_t{0}}}, read_detail);
}

Result<HgEnds> read_hg_ends(const Directory& directory) {
  return with_index(directory, HgEnds(), read_ends);
}

}  // namespace repo

#include "reporter/exclude_quoting.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/bytes_path.h"
#include "base/number.h"

namespace repo {
namespace {

// Longer lines end restic's reading of the file; longer rules rsync discards.
constexpr std::size_t kLongestRestic = 60000;
constexpr std::size_t kLongestRsync = 4000;

bool contains(std::string_view set, char c) { return set.find(c) != std::string_view::npos; }

// restic reads lines, trims them, puts environment variables in and takes the rest as a glob of Go,
// which knows no escape for a newline. This class matches any character but those up to a tab and
// those after a newline: the newline alone.
constexpr std::string_view kResticNewline = "[^\x01-\x09\x0B-\xF4\x8F\xBF\xBF]";
constexpr std::string_view kResticSpecial = "*?[\\";

std::optional<std::string> restic_entry(std::string_view path) {
  std::string entry;
  for (const char c : path) {
    if (c == '\n') {
      entry += kResticNewline;
      continue;
    }
    if (contains(kResticSpecial, c)) entry += '\\';
    if (c == '$') entry += '$';
    entry += c;
  }
  entry += '/';  // so that what is trimmed is no blank of the name; restic drops it
  if (entry.size() > kLongestRestic) return std::nullopt;
  return entry;
}

std::string restic_path(std::string_view entry) {
  std::string path;
  for (std::size_t at = 0; at < entry.size(); ++at) {
    if (entry.substr(at).starts_with(kResticNewline)) {
      path += '\n';
      at += kResticNewline.size() - 1;
      continue;
    }
    if ((entry[at] == '\\' || entry[at] == '$') && at + 1 < entry.size()) ++at;
    path += entry[at];
  }
  if (path.ends_with('/')) path.pop_back();
  return path;
}

// borg opens the file as text in the encoding of the locale and fails as a whole where a byte is
// none, it ends lines at CR too, and it trims them. So the file is ASCII alone: names of printable
// characters are prefixes, all others are regular expressions with escapes. Bytes that are no UTF-8
// are surrogates U+DC80 to U+DCFF in borg's paths, as everywhere in Python.
constexpr std::string_view kBorgPrefix = "pp:";
constexpr std::string_view kBorgRegex = "re:\\A";
constexpr std::string_view kBorgRegexEnd = "(?:/|\\Z)";
constexpr std::uint32_t kRawByte = 0xDC00;

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         contains("/_", c);
}

struct Character {
  std::uint32_t value = 0;
  std::size_t length = 1;
};

// The first character of `bytes`, or its first byte as a surrogate.
Character first_character(std::string_view bytes) {
  const auto lead = static_cast<unsigned char>(bytes[0]);
  if (lead < 0x80) return {lead, 1};
  for (std::size_t length = 2; length <= std::min<std::size_t>(4, bytes.size()); ++length) {
    if (!is_utf8(bytes.substr(0, length))) continue;
    std::uint32_t value = lead & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      value = (value << 6) | (static_cast<unsigned char>(bytes[i]) & 0x3FU);
    }
    return {value, length};
  }
  return {kRawByte | lead, 1};
}

std::string borg_entry(std::string_view path) {
  if (std::all_of(path.begin(), path.end(), is_plain)) {
    return fmt::format("{}{}/", kBorgPrefix, path);  // the slash as for restic
  }
  std::string entry(kBorgRegex);
  for (std::size_t at = 1; at < path.size();) {  // borg matches without the first slash
    const Character c = first_character(path.substr(at));
    if (c.length == 1 && is_word(path[at])) {
      entry += path[at];
    } else if (c.value < 0x100) {
      entry += fmt::format("\\x{:02x}", c.value);
    } else if (c.value < 0x10000) {
      entry += fmt::format("\\u{:04x}", c.value);
    } else {
      entry += fmt::format("\\U{:08x}", c.value);
    }
    at += c.length;
  }
  entry += kBorgRegexEnd;
  return entry;
}

void append_character(std::string& bytes, std::uint32_t value) {
  auto tail = [&](unsigned shift) {
    bytes += static_cast<char>(0x80U | ((value >> shift) & 0x3FU));
  };
  if (value < 0x80) {
    bytes += static_cast<char>(value);
  } else if (value >= kRawByte + 0x80 && value <= kRawByte + 0xFF) {
    bytes += static_cast<char>(value & 0xFFU);
  } else if (value < 0x800) {
    bytes += static_cast<char>(0xC0U | (value >> 6));
    tail(0);
  } else if (value < 0x10000) {
    bytes += static_cast<char>(0xE0U | (value >> 12));
    tail(6), tail(0);
  } else {
    bytes += static_cast<char>(0xF0U | ((value >> 18) & 7U));
    tail(12), tail(6), tail(0);
  }
}

std::optional<std::string> borg_path(std::string_view entry) {
  if (entry.starts_with(kBorgPrefix)) {
    std::string path(entry.substr(kBorgPrefix.size()));
    if (path.ends_with('/')) path.pop_back();
    return path;
  }
  if (!entry.starts_with(kBorgRegex) || !entry.ends_with(kBorgRegexEnd) ||
      entry.size() < kBorgRegex.size() + kBorgRegexEnd.size()) {
    return std::nullopt;
  }
  entry.remove_prefix(kBorgRegex.size());
  entry.remove_suffix(kBorgRegexEnd.size());
  std::string path = "/";
  for (std::size_t at = 0; at < entry.size();) {
    if (entry[at] != '\\') {
      path += entry[at++];
      continue;
    }
    const char letter = at + 1 < entry.size() ? entry[at + 1] : '\0';
    const std::size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (digits == 0 || at + 2 + digits > entry.size()) return std::nullopt;
    const auto value = to_number<std::uint32_t>(entry.substr(at + 2, digits), 16);
    if (!value) return std::nullopt;
    append_character(path, *value);
    at += 2 + digits;
  }
  return path;
}

// For rsync a backslash is an escape only in a rule that has one of these.
constexpr std::string_view kRsyncWild = "*?[";

bool is_wild(std::string_view text) { return text.find_first_of(kRsyncWild) != text.npos; }

std::optional<std::string> rsync_entry(std::string_view path) {
  const bool wild = is_wild(path);
  std::string entry;
  for (const char c : path) {
    if (wild && (c == '\\' || contains(kRsyncWild, c))) entry += '\\';
    entry += c;
  }
  if (entry.size() > kLongestRsync) return std::nullopt;
  return entry;
}

std::string rsync_path(std::string_view entry) {
  const bool wild = is_wild(entry);
  std::string path;
  for (std::size_t at = 0; at < entry.size(); ++at) {
    if (wild && entry[at] == '\\' && at + 1 < entry.size()) ++at;
    path += entry[at];
  }
  return path;
}

// tar has no escape without wildcards, and with them what they match depends on the locale.
std::optional<std::string> tar_entry(std::string_view path) {
  if (contains(path, '\n') || contains(" \t\v\f\r", path.back())) return std::nullopt;
  return std::string(path);
}

}  // namespace

std::optional<std::string> exclude_entry(ExcludeDialect dialect, std::string_view path) {
  switch (dialect) {
    case ExcludeDialect::kRestic:
      return restic_entry(path);
    case ExcludeDialect::kBorg:
      return borg_entry(path);
    case ExcludeDialect::kRdiffBackup:
      return std::string(path) + '/';  // it drops every CR at the end, and the slash
    case ExcludeDialect::kRsync:
      return rsync_entry(path);
    case ExcludeDialect::kTar:
      return tar_entry(path);
  }
  return std::nullopt;
}

std::optional<std::string> excluded_path(ExcludeDialect dialect, std::string_view entry) {
  std::optional<std::string> path;
  switch (dialect) {
    case ExcludeDialect::kRestic:
      path = restic_path(entry);
      break;
    case ExcludeDialect::kBorg:
      path = borg_path(entry);
      break;
    case ExcludeDialect::kRsync:
      path = rsync_path(entry);
      break;
    case ExcludeDialect::kRdiffBackup:
    case ExcludeDialect::kTar:
      path = std::string(entry.substr(0, entry.size() - (entry.ends_with('/') ? 1 : 0)));
      break;
  }
  if (!path || path->size() < 2 || exclude_entry(dialect, *path) != entry) return std::nullopt;
  return path;
}

}  // namespace repo

#include "dumper/owners.h"

#include <fmt/format.h>
#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/bytes_path.h"
#include "base/number.h"

namespace repo {

char owners_type(mode_t mode) {
  if (S_ISREG(mode)) return 'f';
  if (S_ISDIR(mode)) return 'd';
  if (S_ISLNK(mode)) return 'l';
  if (S_ISFIFO(mode)) return 'p';
  if (S_ISSOCK(mode)) return 's';
  if (S_ISCHR(mode)) return 'c';
  return 'b';
}

namespace {

std::string escape(std::string_view text, std::string_view also) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte == 127 || c == '\\' || also.find(c) != std::string_view::npos) {
      escaped += fmt::format("\\0{:03o}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The caller retries while the kernel says that the buffer was too small.
template <typename Call>
Result<std::string> grow(Call call) {
  std::string buffer(256, '\0');
  while (true) {
    const ssize_t n = call(buffer.data(), buffer.size());
    if (n >= 0) {
      buffer.resize(static_cast<std::size_t>(n));
      return buffer;
    }
    constexpr std::size_t kLargest = 65536;  // XATTR_SIZE_MAX, XATTR_LIST_MAX
    if (errno != ERANGE || buffer.size() >= kLargest) {
      return system_error("read extended attributes", "", errno);
    }
    buffer.resize(kLargest);
  }
}

// What escape() has written; nothing where it cannot have written it.
std::optional<std::string> unescape(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    const char c = text.front();
    if (c != '\\') {
      bytes += c;
      text.remove_prefix(1);
      continue;
    }
    constexpr std::size_t kLength = 5;  // \0ooo
    const std::optional<unsigned> byte = text.size() < kLength || text[1] != '0'
                                             ? std::nullopt
                                             : to_number<unsigned>(text.substr(2, 3), 8);
    if (!byte || *byte > 255) return std::nullopt;
    bytes += static_cast<char>(*byte);
    text.remove_prefix(kLength);
  }
  return bytes;
}

std::optional<std::vector<Attribute>> parse_attributes(std::string_view list) {
  std::vector<Attribute> attributes;
  if (list == "-") return attributes;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = list.find(',');
    const std::string_view one = list.substr(0, comma);
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    std::optional<std::string> name = unescape(one.substr(0, equals));
    std::optional<std::string> value = base64_decode(one.substr(equals + 1));
    if (!name || name->empty() || !value) return std::nullopt;
    attributes.push_back({*std::move(name), *std::move(value)});
  }
  return attributes;
}

}  // namespace

Result<std::vector<Attribute>> read_attributes(int parent, const std::string& name) {
  // The l-calls by a path through our own descriptor: nothing is opened, no link is followed.
  const std::string path = fmt::format("/proc/self/fd/{}/{}", parent, name);
  Result<std::string> names =
      grow([&](char* buffer, std::size_t size) { return llistxattr(path.c_str(), buffer, size); });
  if (!names) {
    if (names.error().code == EOPNOTSUPP) return std::vector<Attribute>();
    return names.error();
  }
  std::vector<Attribute> attributes;
  for (std::size_t at = 0; at < names->size();) {
    const std::string attribute = names->c_str() + at;
    at += attribute.size() + 1;
    Result<std::string> value = grow([&](char* buffer, std::size_t size) {
      return lgetxattr(path.c_str(), attribute.c_str(), buffer, size);
    });
    if (!value) {
      if (value.error().code == ENODATA) continue;  // removed meanwhile
      return value.error();
    }
    attributes.push_back({attribute, *std::move(value)});
  }
  return attributes;
}

std::string owners_line(const struct stat& st, const std::string& path,
                        const std::vector<Attribute>& attributes) {
  std::string list;
  for (const Attribute& attribute : attributes) {
    list += (list.empty() ? "" : ",") + escape(attribute.name, " ,=") + "=" +
            base64_encode(attribute.value);
  }
  return fmt::format("{} {:04o} {} {} {} {}\n", owners_type(st.st_mode), st.st_mode & 07777,
                     st.st_uid, st.st_gid, list.empty() ? "-" : list,
                     path.empty() ? "." : escape(path, ""));
}

std::optional<OwnersLine> parse_owners_line(std::string_view line) {
  std::vector<std::string_view> words;
  constexpr std::size_t kBeforePath = 5;
  while (words.size() < kBeforePath) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return std::nullopt;
    words.push_back(line.substr(0, blank));
    line.remove_prefix(blank + 1);
  }
  constexpr int kOctal = 8;
  const auto mode = words[1].size() == 4 ? to_number<mode_t>(words[1], kOctal) : std::nullopt;
  const auto uid = to_number<uid_t>(words[2]);
  const auto gid = to_number<gid_t>(words[3]);
  std::optional<std::vector<Attribute>> attributes = parse_attributes(words[4]);
  std::optional<std::string> path = unescape(line);
  const bool known =
      words[0].size() == 1 && std::string_view("fdlpscb").find(words[0]) != std::string_view::npos;
  if (!known || !mode || !uid || !gid || !attributes || !path || path->empty()) return std::nullopt;
  if (*path == ".") path->clear();
  return OwnersLine{words[0][0], *mode, *uid, *gid, *std::move(attributes), *std::move(path)};
}

}  // namespace repo

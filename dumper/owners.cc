#include "dumper/owners.h"

#include <fmt/format.h>
#include <sys/xattr.h>

#include <cerrno>
#include <string_view>

#include "base/bytes_path.h"

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

}  // namespace repo

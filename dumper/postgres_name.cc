#include "dumper/postgres_name.h"

#include <fmt/format.h>

#include <charconv>

namespace repo {
namespace {

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

std::string quoted_value(std::string_view value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace

std::string postgres_file_name(std::string_view name) {
  std::string file;
  for (const char c : name) {
    const bool as_it_is = is_plain(c) && !(c == '-' && file.empty());
    file += as_it_is ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return file;
}

std::optional<std::string> postgres_name_of(std::string_view file_name) {
  std::string name;
  for (std::size_t i = 0; i < file_name.size(); ++i) {
    if (file_name[i] != '%') {
      name += file_name[i];
      continue;
    }
    unsigned byte = 0;
    const std::string_view digits = file_name.substr(i + 1, 2);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || read.ptr != digits.data() + 2) return std::nullopt;
    name += static_cast<char>(byte);
    i += 2;
  }
  if (name.empty() || postgres_file_name(name) != file_name) return std::nullopt;
  return name;
}

std::string postgres_conninfo(std::string_view database, std::string_view host,
                              std::string_view port, std::string_view user) {
  std::string text = "dbname=" + quoted_value(database);
  if (!host.empty()) text += " host=" + quoted_value(host);
  if (!port.empty()) text += " port=" + quoted_value(port);
  if (!user.empty()) text += " user=" + quoted_value(user);
  return text;
}

}  // namespace repo

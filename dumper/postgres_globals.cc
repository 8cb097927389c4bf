#include "dumper/postgres_globals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/number.h"
#include "base/text.h"

namespace repo {
namespace {

constexpr std::string_view kCreateRole = "CREATE ROLE ";
// Behind it "--" and a blank line; of some minor versions "\\unrestrict KEY", too.
constexpr std::string_view kEnd = "\n-- PostgreSQL database cluster dump complete\n";
constexpr std::size_t kLongestEnd = 256;

std::set<std::string_view> lines_of(std::string_view text, std::string_view beginning) {
  std::set<std::string_view> lines;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.starts_with(beginning)) lines.insert(line);
  }
  return lines;
}

}  // namespace

bool is_whole_globals(std::string_view text) {
  if (!text.ends_with('\n')) return false;
  text.remove_prefix(text.size() - std::min(text.size(), kLongestEnd));
  return text.find(kEnd) != std::string_view::npos;
}

bool keeps_tablespaces(std::string_view before, std::string_view after) {
  const auto old = lines_of(before, "CREATE TABLESPACE ");
  const auto now = lines_of(after, "CREATE TABLESPACE ");
  return std::includes(now.begin(), now.end(), old.begin(), old.end());
}

std::string with_roles(std::string_view text, const std::set<std::string>& seen,
                       std::size_t& gone) {
  const auto there = lines_of(text, kCreateRole);
  std::string roles;
  auto make = [&roles](std::string_view name) {
    roles += fmt::format(
        "CREATE ROLE {0};\nALTER ROLE {0} WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN "
        "NOREPLICATION NOBYPASSRLS;\n",
        name);
  };
  gone = 0;
  for (const std::string& line : seen) {
    const std::string_view oid = std::string_view(line).substr(0, line.find(' '));
    std::string_view name = std::string_view(line).substr(std::min(oid.size() + 1, line.size()));
    if (there.contains(name) || !to_number<std::uint32_t>(oid) || !name.starts_with(kCreateRole) ||
        !name.ends_with(';')) {
      continue;
    }
    ++gone;
    name.remove_prefix(kCreateRole.size());
    name.remove_suffix(1);
    make(name);
    make(fmt::format("\"{}\"", oid));
  }
  std::string all(text);
  // Before the comment that ends it, of which the first line is "--".
  const std::size_t at = all.rfind("--" + std::string(kEnd));
  if (!roles.empty() && at != std::string::npos) all.insert(at, roles + "\n");
  return all;
}

}  // namespace repo

#include "restorer/owner_map.h"

#include <endian.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "base/bytes_path.h"
#include "base/number.h"
#include "dumper/identity.h"

namespace repo {
namespace {

std::optional<gid_t> find_group(const std::string& name) {
  struct group entry = {};
  struct group* found = nullptr;
  std::vector<char> buffer(std::size_t{1} << 16);
  const int failed = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  return failed == 0 && found ? std::optional(found->gr_gid) : std::nullopt;
}

template <typename Find>
Result<std::map<id_t, id_t>> read_pairs(const std::vector<std::string>& pairs, const char* what,
                                        const Find& find) {
  std::map<id_t, id_t> map;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    const auto from = to_number<id_t>(std::string_view(pair).substr(0, equals));
    if (!from || equals == std::string::npos) {
      return plain_error("map", printable(pair), "NUMBER=NAME is wanted, or NUMBER=NUMBER");
    }
    const std::string name = pair.substr(equals + 1);
    std::optional<id_t> to = to_number<id_t>(name);
    if (!to) to = find(name);
    constexpr id_t kNobody = static_cast<id_t>(-1);  // chown(2): "leave it as it is"
    if (!to || *to == kNobody) {
      return plain_error("map", printable(pair), std::string("there is no such ") + what + " here");
    }
    map[*from] = *to;
  }
  return map;
}

}  // namespace

uid_t OwnerMap::user(uid_t recorded) const {
  const auto found = users.find(recorded);
  return found == users.end() ? recorded : found->second;
}

gid_t OwnerMap::group(gid_t recorded) const {
  const auto found = groups.find(recorded);
  return found == groups.end() ? recorded : found->second;
}

Result<OwnerMap> make_owner_map(const std::vector<std::string>& users,
                                const std::vector<std::string>& groups) {
  Result<std::map<id_t, id_t>> of_users = read_pairs(users, "user", find_user);
  if (!of_users) return of_users.error();
  Result<std::map<id_t, id_t>> of_groups = read_pairs(groups, "group", find_group);
  if (!of_groups) return of_groups.error();
  return OwnerMap{*std::move(of_users), *std::move(of_groups)};
}

bool is_acl(const std::string& attribute) {
  return attribute == "system.posix_acl_access" || attribute == "system.posix_acl_default";
}

std::string mapped_acl(const std::string& value, const OwnerMap& map) {
  constexpr std::uint16_t kUser = 0x02;
  constexpr std::uint16_t kGroup = 0x08;
  constexpr std::size_t kHead = 4;
  constexpr std::size_t kEntry = 8;  // tag, permissions, id
  constexpr std::size_t kIdAt = 4;
  std::string mapped = value;
  for (std::size_t at = kHead; at + kEntry <= mapped.size(); at += kEntry) {
    std::uint16_t tag = 0;
    std::uint32_t id = 0;
    std::memcpy(&tag, mapped.data() + at, sizeof tag);
    std::memcpy(&id, mapped.data() + at + kIdAt, sizeof id);
    tag = le16toh(tag);
    id = le32toh(id);
    if (tag == kUser) id = map.user(id);
    if (tag == kGroup) id = map.group(id);
    id = htole32(id);
    std::memcpy(mapped.data() + at + kIdAt, &id, sizeof id);
  }
  return mapped;
}

}  // namespace repo

// Whose a restored entry is to be: by the number that was recorded, or another one where the system
// that it is restored on has other numbers. Pure, but for the look into the user database.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/owners.h"

namespace repo {

struct OwnerMap {
  std::map<uid_t, uid_t> users;
  std::map<gid_t, gid_t> groups;

  uid_t user(uid_t recorded) const;
  gid_t group(gid_t recorded) const;
  bool changes(uid_t uid, gid_t gid) const { return user(uid) != uid || group(gid) != gid; }
};

// "1001=alice", "1001=2001": of users (--map-owner) or of groups (--map-group).
Result<OwnerMap> make_owner_map(const std::vector<std::string>& users,
                                const std::vector<std::string>& groups);

// An access control list names users and groups, too. Source of its layout:
// include/uapi/linux/posix_acl_xattr.h (version 2, little-endian).
std::string mapped_acl(const std::string& value, const OwnerMap& map);
bool is_acl(const std::string& attribute);

}  // namespace repo

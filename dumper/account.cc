#include "dumper/account.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <optional>
#include <utility>

#include "base/bytes_path.h"
#include "dumper/identity.h"

namespace repo {
namespace {

// Its name and group, where the database knows it.
std::optional<std::pair<std::string, gid_t>> entry_of(uid_t uid) {
  struct passwd entry = {};
  struct passwd* found = nullptr;
  std::vector<char> buffer(std::size_t{64} << 10);
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
    return std::nullopt;
  }
  return std::pair(std::string(found->pw_name), found->pw_gid);
}

}  // namespace

Account account_of(uid_t uid, gid_t gid) {
  Account account{uid, gid, {}, ""};
  if (auto entry = entry_of(uid)) {
    account.name = std::move(entry->first);
    account.gid = entry->second;
    for (const gid_t group : identity_of(uid).groups) {
      if (group != account.gid) account.groups.push_back(group);
    }
  }
  return account;
}

Result<Account> account_named(const std::string& name) {
  const std::optional<uid_t> uid = find_user(name);
  if (!uid) return plain_error("become", "", "the user " + printable(name) + ": there is none");
  return account_of(*uid, static_cast<gid_t>(*uid));
}

std::vector<SandboxFile> name_files(const Account& account) {
  if (account.name.empty()) return {};
  return {{"/etc/passwd", fmt::format("{0}:x:{1}:{2}::/nonexistent:/bin/sh\n", account.name,
                                      account.uid, account.gid)},
          {"/etc/group", fmt::format("{0}:x:{1}:\n", account.name, account.gid)}};
}

}  // namespace repo

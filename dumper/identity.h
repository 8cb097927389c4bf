// Looking at files as somebody else would.
//
// What a repository names elsewhere (the source of an hg share) is opened with its owner's rights,
// never root's: else a link into another user's private repository would hand that out at the next
// restore.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// A user with that user's groups.
struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// From the user database; of a user who is not in it: the id alone, with the group that owns
// nothing.
Identity identity_of(uid_t uid);

// The home folder that the user database has for a user; empty where it knows none.
std::string home_of(uid_t uid);

// Nothing where the user database has no such user, or gives no answer.
std::optional<uid_t> find_user(const std::string& name);

// While it lives, this thread's file-system access is that of `identity` (setfsuid(2)): its
// capabilities over files are gone too. Without an identity, or where this process is not root,
// nothing changes. Only this thread is affected.
class ActAs {
 public:
  explicit ActAs(const std::optional<Identity>& identity);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  bool acting_ = false;
  std::vector<gid_t> groups_;  // this thread's own, to come back to
};

// A directory that a repository names, relative to `base` or absolute, opened with the rights of
// `as`. Links are followed as for that user, but no magic ones (openat2(2)).
Result<UniqueFd> open_directory_as(int base, const std::string& path, const Identity& as);

// The same for anything: `flags` as open(2) has them. A FIFO is not waited for.
Result<UniqueFd> open_as(int base, const std::string& path, int flags, const Identity& as);

}  // namespace repo

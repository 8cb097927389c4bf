// Mercurial's own locks, taken as Mercurial takes them.
//
// A lock is a symbolic link whose text names the holder: "HOST/PIDNAMESPACE:PID", the namespace
// being the inode number of /proc/self/ns/pid in hex. Order: wlock (.hg/wlock) first, then lock
// (.hg/store/lock, or .hg/lock in a repository without store). Mercurial polls for a lock that is
// held, and breaks one whose holder is a dead process of the same host and namespace.
// Source: mercurial/lock.py, class lock, _getlockprefix(); mercurial/localrepo.py, wlock(), lock().
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/identity.h"

namespace repo {

// Held while it lives. Its end removes the link, but only while the link still says that it is
// ours: somebody may have freed it by force.
class HgLock {
 public:
  // Tries until `wait` is over. Errors:
  //   EEXIST                    held by somebody else all the time; the message names the holder
  //   EOWNERDEAD                held by a dead process of somebody else: nobody writes under it
  //   EROFS, EACCES, EPERM …    no lock can be made here
  // The lock is made with the rights of `as`. One that a process of this user has left behind when
  // it died (a repo-dump that was killed) is broken as Mercurial breaks it; nobody else's is.
  static Result<HgLock> acquire(int directory, const std::string& name,
                                const std::optional<Identity>& as, std::chrono::seconds wait,
                                const Patience& patience);

  HgLock(HgLock&& other) noexcept;
  HgLock& operator=(HgLock&&) = delete;
  ~HgLock();

 private:
  HgLock(int directory, std::string name, std::string text, std::optional<Identity> as);

  int directory_;  // a descriptor of its own; -1 once moved from
  std::string name_;
  std::string text_;
  std::optional<Identity> as_;
};

// What this process writes into its locks.
std::string hg_lock_text();

}  // namespace repo

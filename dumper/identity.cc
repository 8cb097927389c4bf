#include "dumper/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace repo {
namespace {

constexpr gid_t kNoGroup = 65534;

// The system call: glibc's setgroups() changes all threads.
void set_thread_groups(const std::vector<gid_t>& groups) {
  if (syscall(SYS_setgroups, groups.size(), groups.data()) != 0) std::abort();
}

}  // namespace

Identity identity_of(uid_t uid) {
  Identity identity{uid, kNoGroup, {}};
  struct passwd entry = {};
  struct passwd* found = nullptr;
  std::vector<char> buffer(std::size_t{64} << 10);
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
    return identity;
  }
  identity.gid = found->pw_gid;
  int count = 64;
  identity.groups.resize(static_cast<std::size_t>(count));
  while (getgrouplist(found->pw_name, found->pw_gid, identity.groups.data(), &count) < 0) {
    identity.groups.resize(static_cast<std::size_t>(count));
  }
  identity.groups.resize(static_cast<std::size_t>(count));
  return identity;
}

std::string home_of(uid_t uid) {
  struct passwd entry = {};
  struct passwd* found = nullptr;
  std::vector<char> buffer(std::size_t{64} << 10);
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || !found) return {};
  return found->pw_dir;
}

std::optional<uid_t> find_user(const std::string& name) {
  struct passwd entry = {};
  struct passwd* found = nullptr;
  std::vector<char> buffer(std::size_t{64} << 10);
  if (getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || !found) {
    return std::nullopt;
  }
  return found->pw_uid;
}

ActAs::ActAs(const std::optional<Identity>& identity) {
  if (!identity || geteuid() != 0 || identity->uid == 0) return;
  acting_ = true;
  const int count = getgroups(0, nullptr);
  groups_.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count > 0 && getgroups(count, groups_.data()) != count) std::abort();
  // An identity that could not be taken on must not be worked under: these calls cannot fail for
  // root, and where they do the process ends.
  set_thread_groups(identity->groups);
  setfsgid(identity->gid);
  setfsuid(identity->uid);
  if (static_cast<uid_t>(setfsuid(static_cast<uid_t>(-1))) != identity->uid) std::abort();
}

ActAs::~ActAs() {
  if (!acting_) return;
  setfsuid(geteuid());
  setfsgid(getegid());
  set_thread_groups(groups_);
}

Result<UniqueFd> open_as(int base, const std::string& path, int flags, const Identity& as) {
  struct open_how how = {};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  if ((flags & O_PATH) == 0) how.flags |= O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const ActAs act_as(as);
  const long fd = syscall(SYS_openat2, base, path.c_str(), &how, sizeof how);
  if (fd < 0) return system_error("open", path, errno);
  return UniqueFd(static_cast<int>(fd));
}

Result<UniqueFd> open_directory_as(int base, const std::string& path, const Identity& as) {
  return open_as(base, path, O_RDONLY | O_DIRECTORY, as);
}

}  // namespace repo

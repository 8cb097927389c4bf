#include "dumper/chroot_view.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string>

#include "base/unique_fd.h"

namespace repo {
namespace {

// As bubblewrap will see it: from a new mount namespace, the path of a descriptor that was opened
// in this one begins at the root of the namespace.
bool root_is_namespace_root(int root) {
  const std::string link = "/proc/self/fd/" + std::to_string(root);
  const pid_t child = fork();
  if (child < 0) return true;
  if (child == 0) {
    std::array<char, 8> path{};
    const bool same = unshare(CLONE_NEWNS) == 0 &&
                      readlink(link.c_str(), path.data(), path.size() - 1) == 1 && path[0] == '/';
    _exit(same ? 0 : 1);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

Status make_root_the_namespace_root() {
  if (geteuid() != 0) return {};
  const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return system_error("open", "/", errno);
  if (root_is_namespace_root(root.get())) return {};

  std::array<char, PATH_MAX> here{};
  if (!getcwd(here.data(), here.size()))
    return system_error("tell the working directory", "", errno);
  if (unshare(CLONE_NEWNS) != 0) return system_error("make a mount namespace", "", errno);
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return system_error("make the mounts private below", "/", errno);
  }
  const UniqueFd inside(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd space(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!inside || !space) return system_error("open", "/proc/self/ns/mnt", errno);
  // Entering a mount namespace, be it one's own, sets root and working directory to its root: only
  // from there can the chroot's root be put in its place. pivot_root(2), NOTES: the old root ends
  // up stacked on the new one and is detached.
  if (setns(space.get(), CLONE_NEWNS) != 0)
    return system_error("enter a mount namespace", "", errno);
  if (fchdir(inside.get()) != 0) return system_error("enter", "/", errno);
  if (syscall(SYS_pivot_root, ".", ".") != 0) {
    const int code = errno;
    if (chroot(".") != 0) return system_error("go back to", "/", errno);
    return system_error("make the chroot's root the root", "/", code);
  }
  if (umount2(".", MNT_DETACH) != 0) return system_error("unmount", "the old root", errno);
  if (chdir(here.data()) != 0) return system_error("enter", here.data(), errno);
  return {};
}

}  // namespace repo

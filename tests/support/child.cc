#include "tests/support/child.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>

namespace repo::test {

void in_child(const std::function<void()>& body) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0) << std::strerror(errno);
  if (pid == 0) {
    try {
      body();
    } catch (const std::exception& error) {
      ADD_FAILURE() << error.what();
    }
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "the part in the child failed, wait status " << status;
}

void become_user(unsigned id) {
  ASSERT_EQ(setgroups(0, nullptr), 0) << std::strerror(errno);
  ASSERT_EQ(setresgid(id, id, id), 0) << std::strerror(errno);
  ASSERT_EQ(setresuid(id, id, id), 0) << std::strerror(errno);
}

void enter_private_mount_namespace() {
  ASSERT_EQ(unshare(CLONE_NEWNS), 0) << std::strerror(errno);
  ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0) << std::strerror(errno);
}

void mount_tmpfs(const std::string& point, const std::string& options) {
  ASSERT_EQ(mount("tmpfs", point.c_str(), "tmpfs", 0, options.c_str()), 0) << std::strerror(errno);
}

}  // namespace repo::test

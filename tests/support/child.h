// For tests that change their process for good: another user, a mount namespace, a limit, the
// stop flag. They do it in a child.
#pragma once

#include <functional>
#include <string>

namespace repo::test {

// Forks and runs `body` in the child; what EXPECT and ASSERT found there is printed, and fails
// the calling test. Call it while no other thread runs.
void in_child(const std::function<void()>& body);

// The calling test fails, with a message, where this process is not root.
#define REPO_NEEDS_ROOT() ASSERT_EQ(geteuid(), 0U) << "this test must run as root"

// In a child: no capability, user and group `id`.
void become_user(unsigned id);

// In a child: mounts made from now on are seen by nobody else and go with the process.
void enter_private_mount_namespace();

void mount_tmpfs(const std::string& point, const std::string& options);

}  // namespace repo::test

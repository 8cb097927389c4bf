#include "base/priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "tests/support/child.h"

namespace repo {
namespace {

TEST(PriorityTest, ThreadsAndChildrenStartedLaterAreIdleToo) {
  test::in_child([] {
    ASSERT_TRUE(lower_priority());
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19);
    std::jthread([] {
      EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())), 19);
      const long io = syscall(SYS_ioprio_get, 1 /* of a process or thread */, 0);
      EXPECT_EQ(io >> 13, 3) << "the idle class, see ioprio_set(2)";
    });
    test::in_child([] { EXPECT_EQ(getpriority(PRIO_PROCESS, 0), 19); });
  });
}

}  // namespace
}  // namespace repo

// How many files may be open: raised, and never lowered.
#include "base/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/child.h"

namespace repo {
namespace {

rlim_t limit() {
  struct rlimit now = {};
  EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  return now.rlim_cur;
}

void set_limit(rlim_t soft, rlim_t hard) {
  const struct rlimit wanted = {soft, hard};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &wanted), 0);
}

TEST(DescriptorLimitTest, IsRaisedAsFarAsThisProcessMay) {
  test::in_child([] {
    set_limit(64, 256);
    EXPECT_EQ(raise_descriptor_limit(), 256U);
    EXPECT_EQ(limit(), 256U);
  });
}

TEST(DescriptorLimitTest, IsNotRaisedAboveWhatIsEnough) {
  test::in_child([] {
    set_limit(64, 256);
    EXPECT_EQ(raise_descriptor_limit(100), 100U);
    EXPECT_EQ(limit(), 100U);
  });
}

TEST(DescriptorLimitTest, IsNeverLowered) {
  test::in_child([] {
    set_limit(200, 256);
    EXPECT_EQ(raise_descriptor_limit(100), 200U);
    EXPECT_EQ(limit(), 200U);
  });
}

}  // namespace
}  // namespace repo

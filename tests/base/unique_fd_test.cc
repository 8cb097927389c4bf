#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <utility>

namespace repo {
namespace {

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

int new_fd() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFdTest, IsClosedAtTheEndOfItsScope) {
  const int raw = new_fd();
  ASSERT_TRUE(is_open(raw));
  { const UniqueFd fd(raw); }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFdTest, MovedFromOwnsNothing) {
  UniqueFd first(new_fd());
  const int raw = first.get();
  const UniqueFd second = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.get(), raw);
  EXPECT_TRUE(is_open(raw));
}

TEST(UniqueFdTest, AssignmentClosesWhatItHeld) {
  UniqueFd fd(new_fd());
  const int before = fd.get();
  UniqueFd other(new_fd());
  const int after = other.get();
  fd = std::move(other);
  EXPECT_FALSE(is_open(before));
  EXPECT_TRUE(is_open(after));
  EXPECT_EQ(fd.get(), after);
}

TEST(UniqueFdTest, ResetClosesOnce) {
  UniqueFd fd(new_fd());
  const int raw = fd.get();
  fd.reset();
  EXPECT_FALSE(is_open(raw));
  const UniqueFd reused(new_fd());  // the kernel gives the lowest number: the same one
  ASSERT_EQ(reused.get(), raw);
  fd.reset();
  EXPECT_TRUE(is_open(raw));
}

}  // namespace
}  // namespace repo

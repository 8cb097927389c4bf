#include "base/standard_streams.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/child.h"

namespace repo {
namespace {

// What a test prints goes to these descriptors, so nothing is expected while they are closed.
struct Seen {
  bool first_free_is_above = false;
  int write_to_stdout = 0;  // errno
  int read_from_stdin = 0;
};

Seen fill_with_closed(bool in, bool out, bool err) {
  const int saved_out = fcntl(1, F_DUPFD_CLOEXEC, 10);
  const int saved_err = fcntl(2, F_DUPFD_CLOEXEC, 10);
  if (in) close(0);
  if (out) close(1);
  if (err) close(2);
  fill_standard_streams();
  Seen seen;
  const int next = open("/dev/null", O_RDWR | O_CLOEXEC);
  seen.first_free_is_above = next > 2;
  char byte = 'x';
  if (write(1, &byte, 1) < 0) seen.write_to_stdout = errno;
  if (read(0, &byte, 1) < 0) seen.read_from_stdin = errno;
  dup2(saved_out, 1);
  dup2(saved_err, 2);
  return seen;
}

TEST(StandardStreamsTest, NoFileGetsTheNumberOfAClosedStream) {
  for (int closed = 1; closed < 8; ++closed) {
    test::in_child([closed] {
      const Seen seen = fill_with_closed((closed & 1) != 0, (closed & 2) != 0, (closed & 4) != 0);
      EXPECT_TRUE(seen.first_free_is_above) << closed;
      if ((closed & 1) != 0) {
        EXPECT_EQ(seen.read_from_stdin, EBADF) << closed;
      }
      if ((closed & 2) != 0) {
        EXPECT_EQ(seen.write_to_stdout, EBADF) << closed;
      }
    });
  }
}

TEST(StandardStreamsTest, OpenStreamsAreLeftAlone) {
  test::in_child([] {
    int ends[2] = {};
    ASSERT_EQ(pipe(ends), 0);
    const int saved = dup(1);
    dup2(ends[1], 1);
    fill_standard_streams();
    const ssize_t written = write(1, "x", 1);
    dup2(saved, 1);
    EXPECT_EQ(written, 1);
    char byte = 0;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
  });
}

}  // namespace
}  // namespace repo

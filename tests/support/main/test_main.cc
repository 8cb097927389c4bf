#include <gtest/gtest.h>

#include <cstdio>

#include "dumper/chroot_view.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (const repo::Status rooted = repo::make_root_the_namespace_root(); !rooted) {
    std::fprintf(stderr, "cannot %s\n", repo::describe(rooted.error()).c_str());
    return 1;
  }
  return RUN_ALL_TESTS();
}

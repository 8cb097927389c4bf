// What a walk needs of memory does not grow with the tree. Not under a sanitizer, which takes
// memory of its own.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>

#include "scanner/options.h"
#include "tests/scanner/walker_fixture.h"
#include "tests/support/child.h"
#include "tests/support/synthetic_fs.h"
#include "tests/support/table.h"

namespace repo {
namespace {

struct Shape : test::NamedCase {
  test::SyntheticShape shape;
};

class WalkerMemoryTest : public testing::TestWithParam<Shape> {};

TEST_P(WalkerMemoryTest, S9_FiveMillionDirectoriesTakeNoMoreThan256MiB) {
  // With the leaf skip, as the tool walks, and without it, as on file systems that do not count.
  for (const bool leaf_skip : {true, false}) {
    test::in_child([&] {
      const test::SyntheticFileSystem last(GetParam().shape);
      const test::SyntheticFileSystem fs(GetParam().shape, {1, last.directories() - 1});
      ASSERT_GE(fs.directories(), 5'000'000U);
      const ScanResult result =
          walk_fake(fs, {.jobs = default_scan_jobs(), .leaf_skip = leaf_skip});

      struct rusage usage = {};
      getrusage(RUSAGE_SELF, &usage);
      constexpr long kMiB = 1024;
      EXPECT_LE(usage.ru_maxrss, 256 * kMiB);
      EXPECT_TRUE(result.complete);
      EXPECT_EQ(result.stats.directories, fs.directories());
      EXPECT_EQ(result.repositories.size(), 2U);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, WalkerMemoryTest,
    testing::Values(Shape{{"deep"}, {.fan_out = 9, .depth = 7, .files = 2}},
                    Shape{{"broad"}, {.fan_out = 2236, .depth = 2, .files = 2}},
                    Shape{{"flat"}, {.fan_out = 5'000'000, .depth = 1, .files = 2}}),
    test::case_name);

}  // namespace
}  // namespace repo

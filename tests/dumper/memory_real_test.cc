// What is needed of memory does not grow with the number of files.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>

#include "base/file_io.h"
#include "dumper/publish.h"
#include "dumper/seal.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

// The most memory that this process has had, in KiB.
long peak() {
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

long growth_of_peak(const std::function<void()>& work) {
  const long before = peak();
  work();
  return peak() - before;
}

bool is_immutable(const std::string& path) { return path.starts_with("revs/"); }

// A copy with all its steps, each new one with the files of the one before.
class Nights {
 public:
  explicit Nights(const std::string& top) : top_(top) {}

  void make_source(int folders, int files) {
    test::make_folder(top_ + "/source");
    test::make_folder(top_ + "/source/revs");
    for (int i = 0; i < folders; ++i) {
      const std::string folder = fmt::format("{}/source/revs/{:05}", top_, i);
      test::make_folder(folder);
      const UniqueFd fd = test::open_folder(folder);
      for (int j = 0; j < files; ++j) {
        const std::string name = fmt::format("file-{:05}-{:05}", i, j);
        const UniqueFd file(openat(fd.get(), name.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
        const char* content = j % 100 == 0 ? "x" : "";  // one that is not empty takes a page
        ASSERT_TRUE(write_all(file.get(), content));
      }
    }
  }

  Totals copy(const std::string& name) {
    test::make_folder(top_ + "/" + name);
    test::make_folder(top_ + "/" + name + "/data");
    const UniqueFd source = test::open_folder(top_ + "/source");
    const UniqueFd staging = test::open_folder(top_ + "/" + name);
    const UniqueFd data = test::open_folder(top_ + "/" + name + "/data");
    UniqueFd previous;
    UniqueFd previous_data;
    SealJob job;
    if (!previous_.empty()) {
      previous = test::open_folder(previous_);
      previous_data = test::open_folder(previous_ + "/data");
      job.previous = previous.get();
      job.previous_checksums_sha256 = previous_sums_;
      job.shared = {previous_data.get(), is_immutable};
    }
    CopyOptions options;
    options.patience = kNoLimit;
    options.shared = job.shared;
    const Result<TreeLook> copied = copy_tree({source.get(), std::nullopt}, data.get(), options);
    EXPECT_TRUE(copied) << describe(copied.error());
    job.staging = staging.get();
    job.source = source.get();
    job.patience = kNoLimit;
    const Result<Sealed> sealed = seal(job);
    EXPECT_TRUE(sealed) << describe(sealed.error());
    const Result<TreeLook> look = look_at_generation(staging.get(), kNoLimit);
    EXPECT_TRUE(look) << describe(look.error());
    previous_ = top_ + "/" + name;
    if (sealed) previous_sums_ = sealed->checksums_sha256;
    return sealed ? sealed->totals : Totals();
  }

 private:
  const std::string top_;
  std::string previous_;
  std::string previous_sums_;
};

TEST(MemoryTest, IsTheSameForTwoHundredThousandFilesAsForAFew) {
  REPO_NEEDS_ROOT();
  constexpr int kFolders = 200;
  constexpr int kFiles = 1000;
  const test::TempDir tree;
  test::in_child([&] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree.path(), "size=600m,nr_inodes=900000,mode=700");
    for (const char* name : {"/few", "/many"}) test::make_folder(tree.path() + name);
    Nights few(tree / "few");
    few.make_source(2, kFiles);
    for (const char* name : {"first", "second"}) few.copy(name);

    Nights many(tree / "many");
    many.make_source(kFolders, kFiles);
    const long growth = growth_of_peak([&] {
      EXPECT_EQ(many.copy("first").shared, 0U);
      const Totals totals = many.copy("second");
      EXPECT_EQ(totals.bytes, std::uint64_t{kFolders} * kFiles / 100);
      EXPECT_EQ(totals.files, std::uint64_t{kFolders} * kFiles);
      EXPECT_EQ(totals.shared, totals.bytes);
    });
    constexpr long kMiB = 1024;
    EXPECT_LT(growth, 4 * kMiB) << "the paths alone are 7 MiB";
    EXPECT_LT(peak(), 64 * kMiB);
  });
}

}  // namespace
}  // namespace repo

// A source and a copy of it to be sealed.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "base/digest.h"
#include "dumper/checksums.h"
#include "dumper/seal.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {

// Seals a copy that may share files with the generation in `previous`; `details` completes the job.
inline Result<Sealed> seal_sharing_with(
    const std::string& previous, const std::string& source, const std::string& staging,
    const std::function<void(SealJob& job, int previous_data)>& details) {
  const UniqueFd source_fd = test::open_folder(source);
  const UniqueFd staging_fd = test::open_folder(staging);
  const UniqueFd previous_fd = test::open_folder(previous);
  const UniqueFd data = test::open_folder(previous + "/data");
  SealJob job;
  job.staging = staging_fd.get();
  job.source = source_fd.get();
  job.previous = previous_fd.get();
  job.patience = test::patient();
  details(job, data.get());
  return seal(job);
}

class SealTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(staging_);
    test::make_folder(copy_);
  }
  Result<Sealed> try_seal(const Patience& patience = test::patient()) {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    SealJob job;
    job.staging = staging.get();
    job.source = source.get();
    job.elsewhere = elsewhere_ ? &*elsewhere_ : nullptr;
    job.patience = patience;
    return seal(job);
  }
  Sealed must_seal() {
    Result<Sealed> sealed = try_seal();
    EXPECT_TRUE(sealed) << describe(sealed.error());
    if (!sealed) return {};
    EXPECT_EQ(sealed->checksums_sha256, sha256_hex(checksums()));
    EXPECT_EQ(sealed->owners_sha256, sha256_hex(owners()));
    return *sealed;
  }
  void expect_refused(const std::string& path) {
    const Result<Sealed> sealed = try_seal();
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().path, path) << describe(sealed.error());
  }
  std::string checksums() const { return test::read_file(staging_ + "/SHA256SUMS"); }
  std::string owners() const { return test::read_file(staging_ + "/owners"); }
  // "TYPE PATH" of each line of `owners`.
  std::vector<std::string> owned() const {
    std::vector<std::string> found;
    std::istringstream lines(owners());
    for (std::string line; std::getline(lines, line);) {
      found.push_back(line.substr(0, 2) + line.substr(line.find(" - ") + 3));
    }
    return found;
  }

  std::optional<Elsewhere> elsewhere_;
  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string copy_ = staging_ + "/data";
};

}  // namespace repo

#include "scanner/result_bytes.h"

#include <gtest/gtest.h>

#include "scanner/manifest.h"

namespace repo {
namespace {

ScanResult full() {
  ScanResult result;
  result.repositories.push_back({.kind = "svn",
                                 .path = std::string("/a\0\xFF\n", 5),
                                 .store = "/a/db",
                                 .device = 1ULL << 40,
                                 .inode = 2,
                                 .uid = 3,
                                 .gid = 4,
                                 .mode = 0750,
                                 .born = UtcTime(std::chrono::seconds(7)),
                                 .detail = {{"uuid", std::string("u")}, {"revision", 42UL}}});
  result.pointers.push_back({"hg", "/p", "/t", "share", "p-0123"});
  result.pruned.push_back({"/q", "nfs", true});
  result.pruned.push_back({"/r", "proc", false});
  result.errors.push_back({"open", "/e", 13, "Permission denied", "output"});
  result.stats = {1, 2, 3, 4, 5, 6.5};
  result.complete = true;
  return result;
}

TEST(ResultBytesTest, NothingIsLost) {
  const std::optional<ScanResult> back = from_bytes(to_bytes(full()));
  ASSERT_TRUE(back);
  EXPECT_EQ(to_bytes(*back), to_bytes(full()));
  const ManifestHeader header{"repo-scan 1", "host", {}, {}, {"/"}, {}};
  EXPECT_EQ(write_manifest(header, *back), write_manifest(header, full()));
  EXPECT_TRUE(back->pruned[0].notable);
  EXPECT_FALSE(back->pruned[1].notable);
  EXPECT_EQ(back->errors[0].output, "output");
}

TEST(ResultBytesTest, AnEmptyOneComesBack) {
  const std::optional<ScanResult> back = from_bytes(to_bytes(ScanResult()));
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->complete);
}

TEST(ResultBytesTest, WhatIsCutOrHasMoreIsRefused) {
  const std::string whole = to_bytes(full());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(from_bytes(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(from_bytes(whole + "x"));
}

}  // namespace
}  // namespace repo

// Reading of a manifest what a difference is told from.
#include <gtest/gtest.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "scanner/manifest.h"
#include "tests/scanner/manifest_fixture.h"

namespace repo {
namespace {

TEST(ReadManifestTest, WhatWasNotLookedAtComesBack) {
  ScanResult result;
  result.pruned = {{"/proc", "proc", false}, {"/q\xFF", "excluded", true}};
  result.errors = {system_error("open", "srv", ENOENT), plain_error("probe", "/x\xFF", "broken")};
  const Result<Manifest> read = read_manifest(write_manifest(header(), result));
  ASSERT_TRUE(read) << describe(read.error());
  ASSERT_EQ(read->pruned.size(), 2U);
  EXPECT_EQ(read->pruned[0].path, "/proc");
  EXPECT_EQ(read->pruned[0].why, "proc");
  EXPECT_EQ(read->pruned[1].path, "/q\xFF");
  ASSERT_EQ(read->errors.size(), 2U);
  EXPECT_EQ(read->errors[0].path, "/x\xFF");
  EXPECT_EQ(describe(read->errors[1]), "open srv: No such file or directory");
  EXPECT_EQ(read->errors[1].code, ENOENT);
}

TEST(ReadManifestTest, OfTheDetailComesBackWhatTellsOneHistoryFromAnother) {
  ScanResult result = two_repositories();
  result.repositories[1].detail = {{"changesets", std::uint64_t{1}}, {"first", "f0"}, {"tip", "x"}};
  Json document = parsed(write_manifest(header(), result));
  const Result<Manifest> read = read_manifest(document.dump());
  ASSERT_TRUE(read) << describe(read.error());
  EXPECT_EQ(read->items[0].repository.detail, (Detail{{"first", "f0"}}));
  EXPECT_EQ(read->items[1].repository.detail,
            (Detail{{"uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983"}}));
  document["repositories"][0]["detail"]["first"] = 7;
  const Result<Manifest> odd = read_manifest(document.dump());
  ASSERT_TRUE(odd) << describe(odd.error());
  EXPECT_TRUE(odd->items[0].repository.detail.empty());
}

}  // namespace
}  // namespace repo

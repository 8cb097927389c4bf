// Manifests that are cut, damaged, or none at all: refused, or of the same meaning.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "scanner/item_id.h"
#include "scanner/manifest.h"
#include "tests/scanner/manifest_fixture.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::HasSubstr;

TEST(ManifestFaults, M1_CutAtEveryByteIsRefused) {
  const std::string text = write_manifest(header(), two_repositories());
  ASSERT_TRUE(read_manifest(text));
  for (std::size_t length = 0; length + 1 < text.size(); ++length) {  // but for the newline
    const Result<Manifest> read = read_manifest(text.substr(0, length));
    ASSERT_FALSE(read) << "cut at " << length;
    ASSERT_THAT(read.error().message, HasSubstr("manifest")) << length;
  }
}

TEST(ManifestFaults, M1_WhatStandsBehindTheDocumentIsRefused) {
  const std::string text = write_manifest(header(), two_repositories());
  EXPECT_FALSE(read_manifest(text + text)) << "another document";
  EXPECT_FALSE(read_manifest(text + "x")) << "a letter";
  EXPECT_FALSE(read_manifest(text + std::string(10, '\0'))) << "zeros, as a crash leaves them";
}

TEST(ManifestFaults, M2_NoFlippedBitGivesAnotherPath) {
  const std::string text = write_manifest(header(), two_repositories());
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      const Result<Manifest> read = read_manifest(damaged);
      if (!read) continue;
      ASSERT_LE(read->items.size(), 2U);
      for (const ManifestItem& each : read->items) {
        ASSERT_EQ(each.id, make_item_id(each.repository.path)) << "byte " << at << " bit " << bit;
        ASSERT_TRUE(each.repository.path == "/srv/svn/alpha" ||
                    each.repository.path == "/home/a/clone")
            << "byte " << at << " bit " << bit << ": " << each.repository.path;
      }
    }
  }
}

TEST(ManifestFaults, M2_AZeroedBlockIsRefused) {
  std::string text = write_manifest(header(), two_repositories());
  text.replace(text.size() / 2, 64, 64, '\0');
  EXPECT_FALSE(read_manifest(text));
}

struct TextCase : test::NamedCase {
  std::string text;
};

class NoManifestTest : public testing::TestWithParam<TextCase> {};

TEST_P(NoManifestTest, IsRefusedAndNamedManifest) {
  const Result<Manifest> read = read_manifest(GetParam().text);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("manifest"));
}

INSTANTIATE_TEST_SUITE_P(
    Texts, NoManifestTest,
    testing::Values(
        TextCase{"empty", ""}, TextCase{"blank", " \n"}, TextCase{"a_list", "[]"},
        TextCase{"text", "\"repo-backup/manifest\""}, TextCase{"paths", "/srv\n/home\n"},
        TextCase{"number", "1"}, TextCase{"two_documents", "{}{}"}, TextCase{"comment", "// x\n{}"},
        TextCase{"not_utf8", "{\"format\": \"repo-backup/manifest\", \"host\": \"\xFF\"}"},
        TextCase{"surrogate", "{\"host\": \"\\ud800\"}"}, TextCase{"nul", std::string(100, '\0')},
        TextCase{"M5_deep", std::string(200'000, '[')},
        TextCase{"M5_deep_and_closed", std::string(200'000, '[') + std::string(200'000, ']')}),
    test::case_name);

TEST(ManifestFaults, M12_DamagedDocumentsGiveAnAnswerAndNoCrash) {
  std::mt19937 random(20261123);
  const std::string text = write_manifest(header(), two_repositories());
  const std::string bytes = "{}[]\",:0-e\\u\n\xFF";
  for (int round = 0; round < 5000; ++round) {
    std::string damaged = text;
    for (int changes = 0; changes < 3; ++changes) {
      const std::size_t at = random() % damaged.size();
      switch (random() % 3) {
        case 0:
          damaged[at] = bytes[random() % bytes.size()];
          break;
        case 1:
          damaged.erase(at, random() % 20);
          break;
        default:
          damaged.insert(at, damaged.substr(random() % damaged.size(), random() % 20));
      }
    }
    const Result<Manifest> read = read_manifest(damaged);
    ASSERT_TRUE(read || !read.error().message.empty());
  }
}

}  // namespace
}  // namespace repo

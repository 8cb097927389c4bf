#include "scanner/item_id.h"

#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/support/table.h"

namespace repo {
namespace {

using namespace std::string_literals;

struct IdCase : test::NamedCase {
  std::string path;
  std::string id;
};

class ItemIdTest : public testing::TestWithParam<IdCase> {};

// These never change: an id is the name of a directory in everybody's backup. The digits are
// `printf PATH | sha256sum | cut -c1-32`.
TEST_P(ItemIdTest, IsThisForEver) { EXPECT_EQ(make_item_id(GetParam().path), GetParam().id); }

INSTANTIATE_TEST_SUITE_P(
    Paths, ItemIdTest,
    testing::Values(
        IdCase{"plain", "/srv/svn/alpha", "srv-svn-alpha-2998a6e81ccf1ffe69c1c2a9fcbe1c4a"},
        IdCase{"root", "/", "root-8a5edab282632443219e051e4ade2d1d"},
        IdCase{"marks_that_stay", "/a.b_c+d@e-f", "a.b_c+d@e-f-f511bf79196db2907c3022c5f2fb2278"},
        IdCase{"blank_and_newline", "/a b\nc", "a_b_c-335bf48452b0b97d1e1c9e3e090c2514"},
        IdCase{"hidden", "/.hidden/repo", "_hidden-repo-55a4aed2cc99ee8e501f750e082bd28b"},
        IdCase{"like_an_option", "/-rf", "_rf-206d03d3fe7f3eda14f6838aade2ae8e"},
        IdCase{"accents", "/caf\u00E9", "caf__-a434c8fb44ab6b773c8921e9a11683a9"},
        IdCase{"not_utf8", "/caf\xE9", "caf_-507ea88a8de81ce94a2ecdd5e2971ceb"},
        IdCase{"shell", "/$(id);'\"`", "__id_____-5657db61cdc5550181742c6039f12727"}),
    test::case_name);

TEST(MakeItemIdTest, S10_TheReadablePartIsTheEndOfALongPathAndAtMost100Bytes) {
  const std::string exact = "/" + std::string(100, 'x');
  EXPECT_EQ(make_item_id(exact).substr(0, 101), std::string(100, 'x') + "-");
  EXPECT_EQ(make_item_id(exact).size(), 133U);

  const std::string longer = "/srv/" + std::string(300, 'y') + "/name";
  EXPECT_EQ(make_item_id(longer).substr(0, 101), std::string(95, 'y') + "-name-");
  EXPECT_EQ(make_item_id(longer).size(), 133U);
}

TEST(MakeItemIdTest, ACutThatLeavesADotOrADashInFrontIsMended) {
  EXPECT_EQ(make_item_id("/ab/." + std::string(99, 'x'))[0], '_');
  EXPECT_EQ(make_item_id("/ab/-" + std::string(99, 'x'))[0], '_');
}

TEST(MakeItemIdTest, PathsThatReadAlikeHaveDifferentIds) {
  const std::vector<std::string> alike = {"/a/b",
                                          "/a-b",
                                          "/a b",
                                          "/a\nb",
                                          "/a_b",
                                          "/a\tb",
                                          "/a\xFF"
                                          "b",
                                          "/a\xFE"
                                          "b"};
  std::set<std::string> ids;
  for (const std::string& path : alike) ids.insert(make_item_id(path));
  EXPECT_EQ(ids.size(), alike.size());
}

TEST(ItemIdFuzz, M11_AnyPathGivesASafeFileName) {
  std::mt19937 random(20261123);
  for (int round = 0; round < 5000; ++round) {
    std::string path = "/";
    const std::size_t length = random() % 150;
    for (std::size_t i = 0; i < length; ++i) path += static_cast<char>(1 + random() % 255);
    const std::string id = make_item_id(path);
    ASSERT_LE(id.size(), 133U);
    ASSERT_NE(id[0], '-');
    ASSERT_NE(id[0], '.');
    for (const char c : id) {
      const bool letter = std::isalnum(static_cast<unsigned char>(c)) != 0;
      ASSERT_TRUE(letter || "._+@-"s.find(c) != std::string::npos) << id;
    }
  }
}

}  // namespace
}  // namespace repo

// Places in which kinds of users are looked for and to which no scan comes.
#include "scanner/kind_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/scanner/walk_map_fixture.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

class KindPlacesTest : public testing::Test {
 protected:
  void SetUp() override { test::make_folder(tree_ / "apps"); }

  std::vector<Pruned> missed(std::vector<std::string> paths,
                             const std::set<std::string>& wanted = {}) const {
    UserKind kind;
    kind.name = "app";
    kind.signature.files = {"conf"};
    kind.signature.paths = std::move(paths);
    const WalkMap map(table({{"8:1", "/", "/", "ext4"},
                             {"8:2", "/", tree_ / "net", "nfs4"},
                             {"8:1", "/x", tree_ / "inner", "ext4"}}),
                      roots({tree_.path()}));
    std::vector<Pruned> all = places_not_reached(*Kinds::with({kind}), wanted, map, {tree_.path()},
                                                 {"cache"}, std::chrono::seconds(60));
    for (const Pruned& each : all) EXPECT_TRUE(each.notable) << each.path;
    return all;
  }

  static auto is(const std::string& path, const std::string& why) {
    return AllOf(Field(&Pruned::path, path), Field(&Pruned::why, HasSubstr(why)));
  }

  test::TempDir tree_;
};

TEST_F(KindPlacesTest, OneThatAScanComesToIsNotTold) {
  EXPECT_THAT(missed({tree_ / "apps", tree_.path()}), IsEmpty());
}

TEST_F(KindPlacesTest, S4_OneThatIsNotThereIsTold) {
  EXPECT_THAT(missed({tree_ / "nope"}),
              ElementsAre(is(tree_ / "nope", "app is looked for there; No such file")));
  test::write_file(tree_ / "file", "");
  EXPECT_THAT(missed({tree_ / "file"}), ElementsAre(is(tree_ / "file", "Not a directory")));
}

TEST_F(KindPlacesTest, S4_OneBehindALinkIsToldWithWhereThatLeads) {
  test::make_link(tree_ / "link", "apps");
  EXPECT_THAT(missed({tree_ / "link"}),
              ElementsAre(is(tree_ / "link", "a symbolic link leads to " + (tree_ / "apps"))));
}

TEST_F(KindPlacesTest, S4_OneInWhatIsNotEnteredIsTold) {
  EXPECT_THAT(missed({tree_ / "net/apps"}),
              ElementsAre(is(tree_ / "net/apps", "a scan does not enter " + (tree_ / "net"))));
  EXPECT_THAT(missed({tree_ / "apps/cache/x"}),
              ElementsAre(is(tree_ / "apps/cache/x", (tree_ / "apps/cache") + " is excluded")));
}

TEST_F(KindPlacesTest, WhatIsNotAskedForIsNotTold) {
  EXPECT_THAT(missed({"/nope"}), IsEmpty()) << "in no root";
  EXPECT_THAT(missed({tree_ / "nope"}, {"hg"}), IsEmpty());
  EXPECT_THAT(missed({tree_ / "nope"}, {"app"}), testing::SizeIs(1));
}

}  // namespace
}  // namespace repo

#include <gtest/gtest.h>

#include "scanner/probe.h"
#include "scanner/signature.h"
#include "tests/support/fake_fs.h"

namespace repo {
namespace {

TEST(ProbeKindTest, EveryRowOfTheTableOfSignaturesHasAProbe) {
  test::FakeFileSystem fake;
  fake.add_directory("/r");
  const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
  for (const Signature& row : signatures()) {
    const auto result = probe_kind(row.kind, row.inside, **directory);
    ASSERT_TRUE(result) << row.kind << " " << row.inside;
    EXPECT_FALSE(result->detail || result->error || result->target) << row.kind;
  }
}

TEST(ProbeKindTest, KnowsNoOther) {
  test::FakeFileSystem fake;
  fake.add_directory("/r");
  const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
  EXPECT_FALSE(probe_kind("cvs", "", **directory));
  EXPECT_FALSE(probe_kind("", "", **directory));
  EXPECT_FALSE(probe_kind("svn", ".svn", **directory));
  EXPECT_FALSE(probe_kind("hg", "", **directory));
  EXPECT_FALSE(probe_kind("git", ".hg", **directory));
}

Repository at(const char* kind, const char* path, const char* store) {
  Repository repository;
  repository.kind = kind;
  repository.path = path;
  repository.store = store;
  return repository;
}

TEST(StoreInsideTest, IsWhatTheKindHasThere) {
  EXPECT_EQ(store_inside(at("svn", "/srv/a", "/srv/a")), "");
  EXPECT_EQ(store_inside(at("hg", "/srv/a", "/srv/a/.hg")), ".hg");
  EXPECT_EQ(store_inside(at("hg", "/", "/.hg")), ".hg");
  EXPECT_EQ(store_inside(at("git", "/srv/a", "/srv/a/.git")), ".git");
  EXPECT_EQ(store_inside(at("git", "/srv/a.git", "/srv/a.git")), "");
}

TEST(StoreInsideTest, AnotherPlaceIsNone) {
  EXPECT_FALSE(store_inside(at("svn", "/srv/a", "/srv/a/.svn")));
  EXPECT_FALSE(store_inside(at("hg", "/srv/a", "/srv/a")));
  EXPECT_FALSE(store_inside(at("git", "/srv/a", "/srv/a/.git/modules/b")));
  EXPECT_FALSE(store_inside(at("git", "/srv/a", "/srv/b/.git")));
  EXPECT_FALSE(store_inside(at("cvs", "/srv/a", "/srv/a")));
}

}  // namespace
}  // namespace repo

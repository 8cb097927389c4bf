#include "scanner/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

UserKind kind(const std::string& name, UserSignature signature) {
  UserKind kind;
  kind.name = name;
  kind.file = "/etc/kinds.d/" + name + ".json";
  kind.signature = std::move(signature);
  return kind;
}

Kinds with(std::vector<UserKind> user) {
  Result<Kinds> kinds = Kinds::with(std::move(user));
  EXPECT_TRUE(kinds) << describe(kinds.error());
  return kinds ? *std::move(kinds) : Kinds();
}

// Which of the kinds the names in the directory `path` make it a candidate of.
std::vector<std::string> candidates(const Kinds& kinds, const std::string& path,
                                    const std::vector<std::pair<std::string, EntryType>>& entries) {
  const KindScope scope = kinds.scope_at(path);
  Noticed noticed;
  for (const auto& [name, type] : entries) kinds.notice(scope, name, type, noticed);
  const KindSet set = kinds.candidates(scope, noticed);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kinds.user().size(); ++i) {
    if ((set >> i & 1) != 0) names.push_back(kinds.user()[i].name);
  }
  return names;
}

constexpr auto kFile = EntryType::kFile;
constexpr auto kDirectory = EntryType::kDirectory;

TEST(KindsTest, BuiltInOnesAloneLookForNothingElse) {
  const Kinds kinds;
  EXPECT_THAT(kinds.names(), ElementsAre("svn", "hg", "git", "postgres"));
  EXPECT_EQ(kinds.scope_at("/srv/a").kinds, 0U);
  EXPECT_FALSE(kinds.has_leaves(kinds.scope_at("/")));
  Noticed noticed;
  kinds.notice(kinds.scope_at("/"), "db", kDirectory, noticed);
  EXPECT_EQ(noticed.bits, kBitDb);
}

TEST(KindsTest, NamesOfAUsersKindHaveBitsOfTheirOwn) {
  const Kinds kinds = with({kind("zodb", {.files = {"Data.fs", "db"}, .directories = {"blobs"}}),
                            kind("other", {.files = {}, .directories = {"blobs"}})});
  EXPECT_THAT(kinds.names(), ElementsAre("svn", "hg", "git", "postgres", "zodb", "other"));
  EXPECT_EQ(kinds.find_user("other")->name, "other");
  EXPECT_EQ(kinds.find_user("svn"), nullptr);
  EXPECT_THAT(candidates(kinds, "/srv", {{"Data.fs", kFile}, {"db", kFile}, {"blobs", kDirectory}}),
              ElementsAre("zodb", "other"));
  EXPECT_THAT(candidates(kinds, "/", {{"Data.fs", kFile}, {"blobs", kDirectory}}),
              ElementsAre("other"));
  // A name is of its type: "db" is a directory of svn's, and a file of zodb's.
  EXPECT_THAT(
      candidates(kinds, "/", {{"Data.fs", kFile}, {"db", kDirectory}, {"blobs", kDirectory}}),
      ElementsAre("other"));
  EXPECT_THAT(candidates(kinds, "/", {{"blobs", kFile}}), ElementsAre());
  EXPECT_THAT(candidates(kinds, "/", {{"blobs", EntryType::kSymlink}}), ElementsAre());
  EXPECT_THAT(candidates(kinds, "/", {{"blobs", EntryType::kOther}}), ElementsAre());
  EXPECT_THAT(candidates(kinds, "/", {{"blobs", EntryType::kUnknown}}), ElementsAre("other"));
  Noticed noticed;
  kinds.notice(kinds.scope_at("/"), "format", kFile, noticed);
  kinds.notice(kinds.scope_at("/"), "blobs", kDirectory, noticed);
  EXPECT_EQ(noticed.bits & kBitFormat, kBitFormat);
  EXPECT_EQ(noticed.bits & (kBitFormat - 1), 0U);
}

TEST(KindsTest, AKindWithPathsIsLookedForThereAlone) {
  const Kinds kinds = with({kind("sqlite", {.globs = {"*.db"}, .paths = {"/srv/app", "/home"}})});
  for (const char* path : {"/srv/app", "/srv/app/a/b", "/home", "/home/x"}) {
    EXPECT_THAT(candidates(kinds, path, {{"a.db", kFile}}), ElementsAre("sqlite")) << path;
    EXPECT_TRUE(kinds.has_leaves(kinds.scope_at(path))) << path;
  }
  for (const char* path : {"/", "/srv", "/srv/app2", "/srv/ap", "/srv/x/app", "/var/home"}) {
    EXPECT_THAT(candidates(kinds, path, {{"a.db", kFile}}), ElementsAre()) << path;
    EXPECT_FALSE(kinds.has_leaves(kinds.scope_at(path))) << path;
  }
}

TEST(KindsTest, AGlobIsOfNamesOfFiles) {
  const Kinds kinds = with({kind("sqlite", {.globs = {"*.db"}, .paths = {"/"}}),
                            kind("magic", {.magics = {{{"*.mg"}, 0, "x"}}, .paths = {"/"}})});
  EXPECT_THAT(candidates(kinds, "/a", {{"x.db", kFile}}), ElementsAre("sqlite"));
  EXPECT_THAT(candidates(kinds, "/a", {{"x.mg", kFile}}), ElementsAre("magic"));
  EXPECT_THAT(candidates(kinds, "/a", {{"x.db", EntryType::kUnknown}}), ElementsAre("sqlite"));
  EXPECT_THAT(candidates(kinds, "/a", {{"x.db", kDirectory}, {"x.dbx", kFile}}), ElementsAre());
}

TEST(KindsTest, ADirectoryInTheSignatureKeepsTheLeafSkip) {
  const Kinds kinds = with({kind("a", {.files = {"x"}, .directories = {"y"}, .paths = {"/srv"}}),
                            kind("b", {.files = {"x"}, .paths = {"/home"}})});
  EXPECT_FALSE(kinds.has_leaves(kinds.scope_at("/srv/a")));
  EXPECT_TRUE(kinds.has_leaves(kinds.scope_at("/home/a")));
}

TEST(KindsTest, TheScopeIsTheSameFromAboveAndFromTheTop) {
  const Kinds kinds = with({kind("a", {.files = {"x"}, .paths = {"/srv/a/b", "/srv/a"}}),
                            kind("b", {.directories = {"y"}})});
  KindScope scope = kinds.scope_at("/");
  std::string path;
  for (const char* name : {"srv", "a", "b", "c"}) {
    scope = kinds.scope_below(scope, name);
    path += std::string("/") + name;
    EXPECT_EQ(scope.kinds, kinds.scope_at(path).kinds) << path;
    EXPECT_EQ(scope.place, kinds.scope_at(path).place) << path;
  }
  EXPECT_EQ(scope.place, nullptr);
}

TEST(KindsTest, TooManyNamesAreAMistakeThatSaysSo) {
  std::vector<UserKind> user;
  for (std::size_t i = 0; i < 64 - kBuiltInNames; ++i) {
    user.push_back(kind("k" + std::to_string(i), {.directories = {"d" + std::to_string(i)}}));
  }
  EXPECT_THAT(candidates(with(user), "/", {{"d53", kDirectory}}), ElementsAre("k53"));
  user.push_back(kind("more", {.directories = {"d1", "one-more"}}));
  const Result<Kinds> kinds = Kinds::with(user);
  ASSERT_FALSE(kinds);
  EXPECT_EQ(kinds.error().path, "/etc/kinds.d/more.json");
  EXPECT_THAT(kinds.error().message, HasSubstr("more than 54 files and directories"));
}

TEST(KindsTest, TooManyKindsAreAMistakeThatSaysSo) {
  std::vector<UserKind> user;
  for (int i = 0; i < 64; ++i) {
    user.push_back(kind("k" + std::to_string(i), {.globs = {std::to_string(i)}, .paths = {"/"}}));
  }
  EXPECT_THAT(candidates(with(user), "/", {{"63", kFile}}), ElementsAre("k63"));
  user.push_back(kind("more", {.globs = {"*"}, .paths = {"/"}}));
  const Result<Kinds> kinds = Kinds::with(user);
  ASSERT_FALSE(kinds);
  EXPECT_THAT(kinds.error().message, HasSubstr("65 kinds"));
}

}  // namespace
}  // namespace repo

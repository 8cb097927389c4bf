// Which items of a run hold the same.
#include "dumper/twins.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

ItemResult result(const std::string& kind, const std::string& path, Detail fingerprint) {
  ItemResult made;
  made.kind = kind;
  made.path = path;
  made.status = ItemStatus::kCopied;
  made.fingerprint = std::move(fingerprint);
  return made;
}

Detail svn(const std::string& uuid, std::uint64_t revision, const std::string& state) {
  return {{"uuid", uuid}, {"fs_type", "fsfs"}, {"revision", revision}, {"state_sha256", state}};
}
Detail hg(const std::string& heads, std::uint64_t changesets, const std::string& phases = "p") {
  return {{"changesets", changesets}, {"tip", "t"}, {"heads_sha256", heads}, {"phases", phases}};
}
Detail git(std::uint64_t refs, const std::string& of_refs, const std::string& state = "s") {
  return {{"head", "ref: refs/heads/main"},
          {"refs", refs},
          {"refs_sha256", of_refs},
          {"state_sha256", state}};
}

struct TwinsCase : test::NamedCase {
  ItemResult first;
  ItemResult second;
  bool same;
};

constexpr const char* kOfA = "a copy of /a, or the other way round";

class TwinsTest : public testing::TestWithParam<TwinsCase> {};

TEST_P(TwinsTest, AreTheSameOrNot) {
  Twins twins;
  EXPECT_EQ(twins.note(GetParam().first), std::nullopt);
  const std::optional<std::string> note = twins.note(GetParam().second);
  EXPECT_EQ(note.has_value(), GetParam().same);
  EXPECT_EQ(note.value_or(kOfA), kOfA);
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, TwinsTest,
    testing::Values(
        TwinsCase{"svn", result("svn", "/a", svn("u", 3, "s")),
                  result("svn", "/b", svn("u", 3, "s")), true},
        TwinsCase{"svn_without_commits", result("svn", "/a", svn("u", 0, "s")),
                  result("svn", "/b", svn("u", 0, "s")), true},
        TwinsCase{"svn_of_another_uuid", result("svn", "/a", svn("u", 3, "s")),
                  result("svn", "/b", svn("v", 3, "s")), false},
        TwinsCase{"svn_that_lags", result("svn", "/a", svn("u", 3, "s")),
                  result("svn", "/b", svn("u", 2, "s")), false},
        TwinsCase{"svn_with_other_hooks", result("svn", "/a", svn("u", 3, "s")),
                  result("svn", "/b", svn("u", 3, "t")), false},
        TwinsCase{"hg", result("hg", "/a", hg("1f", 2)), result("hg", "/b", hg("1f", 2, "q")),
                  true},
        TwinsCase{"hg_with_other_heads_and_the_same_tip", result("hg", "/a", hg("1f", 2)),
                  result("hg", "/b", hg("2f", 2)), false},
        TwinsCase{"hg_with_more", result("hg", "/a", hg("1f", 2)), result("hg", "/b", hg("1f", 3)),
                  false},
        TwinsCase{"hg_that_is_empty", result("hg", "/a", hg("00", 0)),
                  result("hg", "/b", hg("00", 0)), false},
        TwinsCase{"git", result("git", "/a", git(2, "r")), result("git", "/b", git(2, "r", "t")),
                  true},
        TwinsCase{"git_with_other_refs", result("git", "/a", git(2, "r")),
                  result("git", "/b", git(2, "q")), false},
        TwinsCase{"git_that_is_empty", result("git", "/a", git(0, "e")),
                  result("git", "/b", git(0, "e")), false},
        TwinsCase{"other_kinds", result("hg", "/a", hg("1f", 2)), result("git", "/b", hg("1f", 2)),
                  false},
        TwinsCase{"no_fingerprint", result("svn", "/a", {}), result("svn", "/b", {}), false},
        TwinsCase{"unknown_kind", result("cvs", "/a", svn("u", 3, "s")),
                  result("cvs", "/b", svn("u", 3, "s")), false}),
    test::case_name);

TEST(TwinsOfThreeTest, TheFirstOneIsNamed) {
  Twins twins;
  EXPECT_EQ(twins.note(result("hg", "/a", hg("1f", 2))), std::nullopt);
  EXPECT_EQ(twins.note(result("hg", "/b", hg("2f", 2))), std::nullopt);
  EXPECT_EQ(twins.note(result("hg", "/c", hg("1f", 2))), kOfA);
  EXPECT_EQ(twins.note(result("hg", "/d", hg("1f", 2))), kOfA);
}

// Texts beside one another must not be taken for other texts.
TEST(IdentityTest, KeepsItsPartsApart) {
  EXPECT_NE(identity(result("hg", "/a", hg("1", 12))), identity(result("hg", "/a", hg("11", 2))));
}

}  // namespace
}  // namespace repo

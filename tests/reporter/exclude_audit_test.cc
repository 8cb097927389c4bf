#include "reporter/exclude_audit.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

using Lines = std::vector<std::string>;

const std::vector<KnownRepository> kKnown = {
    {"/srv/svn/alpha", "/srv/svn/alpha", true},
    {"/srv/svn/beta", "/srv/svn/beta", false, "copy is 9 days old"},
    {"/home/u/proj", "/home/u/proj/.git", true},
    {"/srv/outer", "/srv/outer", true},
    {"/srv/outer/x/inner", "/srv/outer/x/inner", false, "failed"},
    {"/srv/bad", "/srv/bad", false},
    {"/srv/bad/good", "/srv/bad/good", true},
    {"/only", "/only", true},
    {"/only two", "/only two", false, "a\nb"},
    {"/srv/twice", "/srv/twice", true},
    {"/srv/twice", "/srv/twice", false, "other kind"},
};

struct Case : test::NamedCase {
  std::string excluded;
  Lines lines;
};

class ExcludeAuditTest : public testing::TestWithParam<Case> {};

TEST_P(ExcludeAuditTest, SaysWhatHasNoFreshVerifiedCopy) {
  Lines lines;
  for (const ExcludeFinding& each : audit_excludes({GetParam().excluded}, kKnown)) {
    lines.push_back(describe(each));
  }
  EXPECT_EQ(lines, GetParam().lines);
}

const std::string kBeyond = ": is more than stores of repositories: what else is in it has no copy";
const std::string kNothing = ": holds no repository that was found";

INSTANTIATE_TEST_SUITE_P(
    Paths, ExcludeAuditTest,
    testing::Values(
        Case{{"promised_store"}, "/srv/svn/alpha", {}},
        Case{{"below_a_promised_store"}, "/srv/svn/alpha/db", {}},
        Case{{"store_in_a_working_tree"}, "/home/u/proj/.git", {}},
        Case{{"working_tree"}, "/home/u/proj", {"/home/u/proj" + kBeyond}},
        Case{{"working_file"}, "/home/u/proj/src", {"/home/u/proj/src" + kNothing}},
        Case{{"stale"},
             "/srv/svn/beta",
             {"/srv/svn/beta: no fresh verified copy of /srv/svn/beta (copy is 9 days old)"}},
        Case{{"below_stale"},
             "/srv/svn/beta/db",
             {"/srv/svn/beta/db: no fresh verified copy of /srv/svn/beta (copy is 9 days old)"}},
        Case{{"parent_of_both"},
             "/srv/svn",
             {"/srv/svn: no fresh verified copy of /srv/svn/beta (copy is 9 days old)"}},
        Case{{"inner_is_not_promised"},
             "/srv/outer",
             {"/srv/outer: no fresh verified copy of /srv/outer/x/inner (failed)"}},
        Case{{"between_outer_and_inner"},
             "/srv/outer/x",
             {"/srv/outer/x: no fresh verified copy of /srv/outer/x/inner (failed)"}},
        Case{{"beside_inner"}, "/srv/outer/db", {}},
        Case{{"in_inner"},
             "/srv/outer/x/inner/db",
             {"/srv/outer/x/inner/db: no fresh verified copy of /srv/outer/x/inner (failed)"}},
        Case{{"inner_promised_in_outer_that_is_not"}, "/srv/bad/good/db", {}},
        Case{{"outer_not_promised"}, "/srv/bad", {"/srv/bad: no fresh verified copy of /srv/bad"}},
        Case{{"a_name_that_begins_alike"}, "/srv/svn/alpha2", {"/srv/svn/alpha2" + kNothing}},
        Case{{"blank_sorts_before_slash"}, "/only", {}},
        Case{
            {"printable"}, "/only two", {"/only two: no fresh verified copy of /only two (a\\nb)"}},
        Case{{"one_store_twice"},
             "/srv/twice",
             {"/srv/twice: no fresh verified copy of /srv/twice (other kind)"}},
        Case{{"below_one_store_twice"},
             "/srv/twice/x",
             {"/srv/twice/x: no fresh verified copy of /srv/twice (other kind)"}},
        Case{{"everything"},
             "/",
             {"/: no fresh verified copy of /only two (a\\nb), /srv/bad, /srv/outer/x/inner "
              "(failed), /srv/svn/beta (copy is 9 days old), /srv/twice (other kind)"}},
        Case{{"hostile_name"}, "/x\n\x1b[1m\xff", {"/x\\n\\x1b[1m\\xff" + kNothing}}),
    test::case_name);

TEST(AuditExcludesTest, FindingsAreInTheOrderOfTheList) {
  const auto findings = audit_excludes({"/z", "/srv/svn/alpha", "/home", "/z", "/a"}, kKnown);
  ASSERT_EQ(findings.size(), 4U);
  EXPECT_EQ(findings[0].path, "/z");
  EXPECT_EQ(findings[1].path, "/home");
  EXPECT_EQ(findings[1].fault, ExcludeFault::kReachesBeyond);
  EXPECT_EQ(findings[2].path, "/z");
  EXPECT_EQ(findings[3].path, "/a");
}

TEST(AuditExcludesTest, NothingKnownAndNothingExcluded) {
  EXPECT_TRUE(audit_excludes({}, kKnown).empty());
  const auto findings = audit_excludes({"/srv"}, {});
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].fault, ExcludeFault::kHoldsNoRepository);
}

TEST(AuditExcludesTest, AStoreThatIsTheRootHoldsEverything) {
  EXPECT_TRUE(audit_excludes({"/", "/a"}, {{"/", "/", true}}).empty());
}

}  // namespace
}  // namespace repo

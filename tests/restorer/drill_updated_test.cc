// What a drill makes of what was proven before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "restorer/drill_item.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using Bad = std::map<std::string, std::string>;

constexpr const char* kOld = "20260101T000000Z";
constexpr const char* kNew = "20260102T000000Z";

DrillResult result(DrillState state, const std::string& generation) {
  DrillResult made;
  made.state = state;
  made.generation = generation;
  made.time = *parse_stamp(kNew);
  if (state != DrillState::kPassed) made.error = "new words";
  return made;
}

struct UpdateCase : test::NamedCase {
  Bad before;
  DrillState state;
  std::string generation;
  std::vector<std::string> there;  // generations
  Bad after;
};

class UpdatedTest : public testing::TestWithParam<UpdateCase> {};

TEST_P(UpdatedTest, MarksAreThoseOfGenerationsThatAreThere) {
  Proof before;
  before.passed = result(DrillState::kPassed, kOld);
  before.passed->time = *parse_stamp(kOld);
  before.scrubbed = *parse_stamp(kOld);
  before.bad = GetParam().before;
  std::vector<Generation> generations;
  for (const std::string& stamp : GetParam().there) {
    generations.emplace_back();
    generations.back().stamp = stamp;
  }
  const Proof after = updated(before, result(GetParam().state, GetParam().generation), generations);
  EXPECT_EQ(after.bad, GetParam().after);
  ASSERT_TRUE(after.last);
  EXPECT_EQ(after.last->state, GetParam().state);
  EXPECT_EQ(after.last->generation, GetParam().generation);
  EXPECT_EQ(after.passed->time, parse_stamp(GetParam().state == DrillState::kPassed ? kNew : kOld));
  EXPECT_EQ(after.scrubbed, before.scrubbed);
}

constexpr auto kPassed = DrillState::kPassed;
constexpr auto kFailed = DrillState::kFailed;
constexpr auto kNotRun = DrillState::kNotRun;

INSTANTIATE_TEST_SUITE_P(
    Drills, UpdatedTest,
    testing::Values(
        UpdateCase{"passed", {}, kPassed, kNew, {kNew}, {}},
        UpdateCase{"passed_clears_the_mark", {{kNew, "rot"}}, kPassed, kNew, {kNew, kOld}, {}},
        UpdateCase{"passed_says_nothing_of_others",
                   {{kOld, "rot"}},
                   kPassed,
                   kNew,
                   {kNew, kOld},
                   {{kOld, "rot"}}},
        UpdateCase{"failed_marks", {}, kFailed, kNew, {kNew}, {{kNew, "new words"}}},
        UpdateCase{"failed_again", {{kNew, "rot"}}, kFailed, kNew, {kNew}, {{kNew, "new words"}}},
        UpdateCase{"failed_beside_another",
                   {{kOld, "rot"}},
                   kFailed,
                   kNew,
                   {kNew, kOld},
                   {{kOld, "rot"}, {kNew, "new words"}}},
        UpdateCase{"failed_without_a_record", {}, kFailed, "", {kNew}, {}},
        UpdateCase{"not_run_marks_nothing", {}, kNotRun, kNew, {kNew}, {}},
        UpdateCase{
            "not_run_clears_nothing", {{kNew, "rot"}}, kNotRun, kNew, {kNew}, {{kNew, "rot"}}},
        UpdateCase{"gone_marks_vanish", {{kOld, "rot"}, {"odd", "x"}}, kPassed, kNew, {kNew}, {}},
        UpdateCase{"gone_while_it_was_drilled", {}, kFailed, kOld, {kNew}, {}},
        UpdateCase{"nothing_there", {{kOld, "rot"}}, kNotRun, "", {}, {}}),
    test::case_name);

}  // namespace
}  // namespace repo

// What of a generation can stand for tonight's copy, and when older ones are left alone.
#include "dumper/reuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const UtcTime kNow{seconds(1'000'000'000)};

// A night after a full copy of which nothing has changed since; a case says what is otherwise.
struct Night {
  GenerationSummary current = [] {
    GenerationSummary made;
    made.source_look = "source";
    made.copy_look = "copy";
    made.verified_whole = kNow - hours(24);
    made.copied_whole = kNow - hours(24);
    return made;
  }();
  std::string source = "source";
  std::string copy = "copy";
  ReusePolicy policy{false, hours(24 * 7), hours(24 * 30)};
};

struct ReuseCase : test::NamedCase {
  void (*deed)(Night& night);
  std::string reused;  // of "unchanged share verified"
};

class ReuseTest : public testing::TestWithParam<ReuseCase> {};

TEST_P(ReuseTest, IsWhatIsStillTrue) {
  Night night;
  GetParam().deed(night);
  TreeLook source;
  source.digest = night.source;
  const Reuse reuse = what_to_reuse(night.current, source, night.copy, night.policy, kNow);
  std::string reused;
  if (reuse.unchanged) reused += " unchanged";
  if (reuse.share) reused += " share";
  if (reuse.verified) reused += " verified";
  if (reuse.changed) reused += " changed";
  EXPECT_EQ(reused, GetParam().reused.empty() ? "" : " " + GetParam().reused);
}

INSTANTIATE_TEST_SUITE_P(
    Nights, ReuseTest,
    testing::Values(
        ReuseCase{"nothing_changed", [](Night&) {}, "unchanged share verified"},
        ReuseCase{"source_changed", [](Night& n) { n.source = "other"; }, "share verified"},
        ReuseCase{"source_was_changing_then", [](Night& n) { n.current.source_look = ""; },
                  "share verified"},
        ReuseCase{"source_was_changing_then_and_has_no_look",
                  [](Night& n) { n.current.source_look = n.source = ""; }, "share verified"},
        ReuseCase{"copy_was_touched", [](Night& n) { n.copy = "other"; }, "changed"},
        ReuseCase{"copy_cannot_be_read", [](Night& n) { n.copy = ""; }, "changed"},
        ReuseCase{"of_a_version_without_looks", [](Night& n) { n.current.copy_look = n.copy = ""; },
                  ""},
        ReuseCase{"full", [](Night& n) { n.policy.full = true; }, ""},
        ReuseCase{"verification_is_due",
                  [](Night& n) { n.current.verified_whole = kNow - hours(24 * 7); }, "share"},
        ReuseCase{"verification_is_due_in_a_second",
                  [](Night& n) { n.current.verified_whole = kNow - hours(24 * 7) + seconds(1); },
                  "unchanged share verified"},
        ReuseCase{"never_verified", [](Night& n) { n.current.verified_whole.reset(); }, "share"},
        ReuseCase{"verified_in_the_future",
                  [](Night& n) { n.current.verified_whole = kNow + seconds(1); }, "share"},
        ReuseCase{"verified_now", [](Night& n) { n.current.verified_whole = kNow; },
                  "unchanged share verified"},
        ReuseCase{"copy_is_due", [](Night& n) { n.current.copied_whole = kNow - hours(24 * 30); },
                  ""},
        ReuseCase{"copy_is_due_in_a_second",
                  [](Night& n) { n.current.copied_whole = kNow - hours(24 * 30) + seconds(1); },
                  "unchanged share verified"},
        ReuseCase{"copied_in_the_future",
                  [](Night& n) { n.current.copied_whole = kNow + hours(1); }, ""},
        ReuseCase{"never_copied_whole", [](Night& n) { n.current.copied_whole.reset(); }, ""},
        ReuseCase{"policy_of_no_time",
                  [](Night& n) { n.policy.full_every = n.policy.verify_all_every = seconds(0); },
                  ""}),
    test::case_name);

GenerationSummary before(std::uint64_t bytes, std::vector<std::string> frozen = {}) {
  GenerationSummary made;
  made.bytes = bytes;
  made.frozen = std::move(frozen);
  return made;
}

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(FreezeTest, WithoutAReasonNothingIsFrozen) {
  EXPECT_THAT(reasons_to_freeze(before(8 * kMiB), false, std::nullopt, 8 * kMiB), IsEmpty());
  EXPECT_THAT(reasons_to_freeze(before(8 * kMiB), false, std::nullopt, 800 * kMiB), IsEmpty());
}

TEST(FreezeTest, D32_TheKindsAlarmIsAReason) {
  EXPECT_THAT(reasons_to_freeze(before(5), false, "its uuid changed", 5),
              ElementsAre("its uuid changed"));
}

struct ShrunkCase : test::NamedCase {
  std::uint64_t before;
  std::uint64_t now;
  bool frozen;
};

class FreezeShrunkTest : public testing::TestWithParam<ShrunkCase> {};

TEST_P(FreezeShrunkTest, D32_ASizeThatFellByMoreThanHalfIsAReason) {
  const auto reasons =
      reasons_to_freeze(before(GetParam().before), false, std::nullopt, GetParam().now);
  EXPECT_EQ(!reasons.empty(), GetParam().frozen);
}

INSTANTIATE_TEST_SUITE_P(Sizes, FreezeShrunkTest,
                         testing::Values(ShrunkCase{"half", 2 * kMiB, kMiB, false},
                                         ShrunkCase{"below_half", 2 * kMiB, kMiB - 1, true},
                                         ShrunkCase{"to_nothing", kMiB, 0, true},
                                         ShrunkCase{"too_small_to_tell", kMiB - 1, 0, false},
                                         ShrunkCase{"grew", kMiB, UINT64_MAX / 4, false}),
                         test::case_name);

TEST(FreezeTest, D32_AReasonStaysUntilItIsAccepted) {
  const GenerationSummary frozen = before(5, {"its uuid changed"});
  EXPECT_THAT(reasons_to_freeze(frozen, false, std::nullopt, 5), ElementsAre("its uuid changed"));
  EXPECT_THAT(reasons_to_freeze(frozen, true, std::nullopt, 5), IsEmpty());
}

TEST(FreezeTest, TheSameReasonIsToldOnceAndAnotherIsAdded) {
  const GenerationSummary frozen = before(4 * kMiB, {"its uuid changed"});
  EXPECT_THAT(reasons_to_freeze(frozen, false, "its uuid changed", 4 * kMiB),
              ElementsAre("its uuid changed"));
  EXPECT_THAT(reasons_to_freeze(frozen, false, "it went back", kMiB),
              ElementsAre("its uuid changed", "it went back", testing::HasSubstr("shrank")));
}

TEST(FreezeTest, AnAcceptanceIsOfWhatThereIsTonightToo) {
  EXPECT_THAT(reasons_to_freeze(before(8 * kMiB), true, "its uuid changed", 0), IsEmpty());
}

}  // namespace
}  // namespace repo

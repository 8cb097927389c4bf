// Room on the target.
#include "dumper/space.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "tests/support/table.h"

namespace repo {
namespace {

struct NeedCase : test::NamedCase {
  std::vector<SpaceNeed> items;
  int jobs;
  std::uint64_t needed;
};

class BytesNeededTest : public testing::TestWithParam<NeedCase> {};

TEST_P(BytesNeededTest, IsWhatStaysAndWhatIsInFlight) {
  EXPECT_EQ(bytes_needed(GetParam().items, GetParam().jobs), GetParam().needed);
}

INSTANTIATE_TEST_SUITE_P(
    Items, BytesNeededTest,
    testing::Values(
        NeedCase{"nothing", {}, 4, 0}, NeedCase{"first_copies_all_stay", {{10, 0}, {20, 0}}, 1, 30},
        NeedCase{"one_given_back_needs_room_for_a_moment", {{10, 10}}, 1, 10},
        NeedCase{"one_at_a_time_needs_the_largest", {{10, 10}, {30, 30}, {20, 20}}, 1, 30},
        NeedCase{"two_at_a_time_need_the_two_largest", {{10, 10}, {30, 30}, {20, 20}}, 2, 50},
        NeedCase{"more_jobs_than_items", {{10, 10}, {30, 30}}, 16, 40},
        NeedCase{"grown_by_five", {{15, 10}}, 1, 15},
        NeedCase{"shrunk_gives_back_no_more_than_it_takes", {{10, 1000}, {5, 0}}, 1, 15},
        NeedCase{"no_job_counts_as_one", {{10, 10}}, 0, 10}),
    test::case_name);

struct HumanCase : test::NamedCase {
  std::uint64_t bytes;
  std::string text;
};

class HumanBytesTest : public testing::TestWithParam<HumanCase> {};

TEST_P(HumanBytesTest, AreShownAs) { EXPECT_EQ(human_bytes(GetParam().bytes), GetParam().text); }

INSTANTIATE_TEST_SUITE_P(Sizes, HumanBytesTest,
                         testing::Values(HumanCase{"zero", 0, "0 B"}, HumanCase{{"one"}, 1, "1 B"},
                                         HumanCase{"below_a_step", 1023, "1023 B"},
                                         HumanCase{"a_step", 1024, "1.0 KiB"},
                                         HumanCase{{"broken"}, 1536, "1.5 KiB"},
                                         HumanCase{"gibi", std::uint64_t{3} << 30, "3.0 GiB"},
                                         HumanCase{"largest", UINT64_MAX, "16384.0 PiB"}),
                         test::case_name);

}  // namespace
}  // namespace repo

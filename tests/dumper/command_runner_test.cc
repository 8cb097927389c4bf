// How a result is told.
#include "dumper/command_runner.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

using End = CommandResult::End;

struct DescribeCase : test::NamedCase {
  CommandResult result;
  std::string text;
};

class DescribeResultTest : public testing::TestWithParam<DescribeCase> {};

TEST_P(DescribeResultTest, IsHowItEndedAndItsLastWords) {
  EXPECT_EQ(describe(GetParam().result), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Results, DescribeResultTest,
    testing::Values(
        DescribeCase{"exit_status",
                     {End::kExited, 1, "", "svnadmin: E000002: gone\n"},
                     "exit status 1: svnadmin: E000002: gone"},
        DescribeCase{"silent", {End::kExited, 255, "", ""}, "exit status 255"},
        DescribeCase{"told_on_stdout",
                     {End::kExited, 1, "1 integrity error\n", ""},
                     "exit status 1: 1 integrity error"},
        DescribeCase{
            "stderr_goes_first", {End::kExited, 1, "out\n", "err\n"}, "exit status 1: err"},
        DescribeCase{"the_last_four_lines",
                     {End::kExited, 1, "", "1\n2\n\n3\n4\n5"},
                     "exit status 1: 2 | 3 | 4 | 5"},
        DescribeCase{
            "signal", {End::kSignalled, 11, "", ""}, "ended by signal 11 (Segmentation fault)"},
        DescribeCase{
            "stalled", {End::kStalled, 0, "", ""}, "ended by us: no progress within --timeout"},
        DescribeCase{"overdue", {End::kOverdue, 0, "", ""}, "ended by us: longer than --max-time"},
        DescribeCase{"stopped", {End::kStopped, 0, "", ""}, "stopped"},
        DescribeCase{"not_started",
                     {End::kNotStarted, 0, "", "no such file"},
                     "could not be started: no such file"}),
    test::case_name);

TEST(CommandResultTest, OnlyExitStatus0IsGood) {
  EXPECT_TRUE((CommandResult{End::kExited, 0, "", "a warning"}).ok());
  EXPECT_FALSE((CommandResult{End::kExited, 1, "", ""}).ok());
  for (const End end :
       {End::kSignalled, End::kStalled, End::kOverdue, End::kStopped, End::kNotStarted}) {
    EXPECT_FALSE((CommandResult{end, 0, "", ""}).ok());
  }
}

}  // namespace
}  // namespace repo

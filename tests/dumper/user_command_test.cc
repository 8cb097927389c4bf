// How a user-defined kind's commands are run and judged; no tool is started.
#include "dumper/user_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>

#include "tests/support/child.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using End = CommandResult::End;
using test::ScriptedRunner;

struct Case : test::NamedCase {
  CommandResult result;
  std::string message;  // empty: no failure
  bool of_the_copy = false;
};

UserCommand asked() {
  UserCommand command;
  command.argv = {"true"};
  command.exit_codes = {0, 3};
  command.fail_if = {"*ERROR*"};
  command.must_say = {"ok"};
  return command;
}

class JudgeTest : public testing::TestWithParam<Case> {};

TEST_P(JudgeTest, D39_SaysWhatACommandsEndMeans) {
  const auto error = judge(asked(), "dump: true", GetParam().result);
  if (GetParam().message.empty()) {
    EXPECT_FALSE(error) << error->message;
    return;
  }
  ASSERT_TRUE(error);
  EXPECT_THAT(error->message, HasSubstr(GetParam().message));
  EXPECT_EQ(is_of_the_copy(*error), GetParam().of_the_copy);
}

INSTANTIATE_TEST_SUITE_P(
    Ends, JudgeTest,
    testing::Values(
        Case{{"good"}, {End::kExited, 0, "ok\n", ""}, ""},
        Case{{"accepted_code"}, {End::kExited, 3, "", "ok"}, ""},
        Case{{"other_code"}, {End::kExited, 1, "ok", "because"}, "exit status 1: because", true},
        Case{{"not_found"}, {End::kExited, 127, "", "sh: x"}, "a program is not there"},
        Case{{"not_executable"}, {End::kExited, 126, "", "x"}, "a program cannot be executed"},
        Case{{"killed_inside"}, {End::kExited, 137, "", ""}, "exit status 137"},
        Case{{"signal"}, {End::kSignalled, SIGSEGV, "", ""}, "ended by signal 11", true},
        Case{{"killed"}, {End::kSignalled, SIGKILL, "", ""}, "ended by signal 9"},
        Case{{"stalled"}, {End::kStalled, 0, "", ""}, "no progress within --timeout"},
        Case{{"no_room"}, {End::kNoRoom, 0, "", ""}, "more than there is room for"},
        Case{{"not_started"}, {End::kNotStarted, 0, "", "why"}, "could not be started: why"},
        Case{{"stopped"}, {End::kStopped, 0, "", ""}, "stopped"},
        Case{{"says_failure"},
             {End::kExited, 0, "ok\nx ERROR y\n", ""},
             "exit status 0, but it says \"x ERROR y\"",
             true},
        Case{{"says_failure_on_stderr"},
             {End::kExited, 0, "ok", "ERROR"},
             "it says \"ERROR\"",
             true},
        Case{{"says_nothing"}, {End::kExited, 0, "", ""}, "no line of its output is \"ok\"", true},
        Case{{"floods"},
             {End::kExited, 0, std::string(std::size_t{1} << 20, 'x'), "ok"},
             "it printed more than can be looked through"},
        Case{{"floods_on_stderr"},
             {End::kExited, 0, "ok", std::string(std::size_t{64} << 10, 'x')},
             "it printed more than can be looked through"}),
    test::case_name);

TEST(JudgeTest, WithoutPatternsAFloodIsNoFailure) {
  UserCommand command;
  command.argv = {"true"};
  EXPECT_FALSE(judge(command, "", {End::kExited, 0, std::string(std::size_t{1} << 20, 'x'), ""}));
}

TEST(JudgeTest, ItsOwnTimeoutIsNamed) {
  UserCommand command = asked();
  command.timeout = std::chrono::seconds(5);
  EXPECT_THAT(judge(command, "dump", {End::kOverdue, 0, "", ""})->message,
              HasSubstr("longer than its \"timeout\""));
}

class UserCommandTest : public testing::Test {
 protected:
  void SetUp() override {
    test::set_mode(folder_.path(), 0755);
    kind_.name = "app";
    kind_.file = folder_ / "app.json";
    kind_.folder = folder_.path();
    place_.values.path = "/source";
    place_.values.matches = {"a; id", "b"};
    runner_.on("cp", [](const Command&) { return ScriptedRunner::exits(0, "", "said\n"); });
  }

  static UserCommand command(std::vector<std::string> argv) {
    UserCommand made;
    made.argv = std::move(argv);
    return made;
  }

  Error must_fail(const UserCommands& commands) {
    const auto said = run_user_commands(kind_, "dump", commands, place_, runner_);
    EXPECT_FALSE(said);
    return said ? Error() : said.error();
  }

  test::TempDir folder_;
  UserKind kind_;
  UserPlace place_;
  ScriptedRunner runner_;
};

TEST_F(UserCommandTest, D39_APlaceholderIsOneArgumentAndNoShellSeesIt) {
  place_.values.path = "/x; id $(id)\n*";
  const auto said =
      run_user_commands(kind_, "dump", {command({"cp", "{path}", "--to={path}"})}, place_, runner_);
  ASSERT_TRUE(said) << describe(said.error());
  EXPECT_EQ(*said, "said\n");
  ASSERT_EQ(runner_.calls().size(), 1U);
  EXPECT_THAT(runner_.calls()[0].argv,
              ElementsAre("cp", "/x; id $(id)\n*", "--to=/x; id $(id)\n*"));
}

TEST_F(UserCommandTest, ForEachRunsOnceForEachMatch) {
  UserCommand each = command({"cp", "{match}"});
  each.each_match = true;
  ASSERT_TRUE(run_user_commands(kind_, "dump", {each}, place_, runner_));
  ASSERT_EQ(runner_.calls().size(), 2U);
  EXPECT_THAT(runner_.calls()[0].argv, ElementsAre("cp", "a; id"));
  EXPECT_THAT(runner_.calls()[1].argv, ElementsAre("cp", "b"));
  place_.values.matches.clear();
  const Error none = must_fail({each});
  EXPECT_THAT(none.message, HasSubstr("no file there that the signature matches"));
  EXPECT_TRUE(is_of_the_copy(none)) << "a dump that lacks them all";
}

TEST_F(UserCommandTest, ForEachRunsForOneMatchWhereOneIsChosen) {
  UserCommand each = command({"cp", "{match}"});
  each.each_match = true;
  place_.only_match = "b";
  ASSERT_TRUE(run_user_commands(kind_, "dump", {each, command({"cp"})}, place_, runner_));
  ASSERT_EQ(runner_.calls().size(), 2U);
  EXPECT_THAT(runner_.calls()[0].argv, ElementsAre("cp", "b"));
}

TEST_F(UserCommandTest, TheFirstFailureEndsTheStep) {
  runner_.on("false", [](const Command&) { return ScriptedRunner::exits(1, "no"); });
  EXPECT_THAT(must_fail({command({"false"}), command({"cp"})}).message,
              HasSubstr("dump: false: exit status 1: no"));
  EXPECT_EQ(runner_.calls().size(), 1U);
}

TEST_F(UserCommandTest, D39_AProgramThatIsMissingIsNamedBeforeAnythingIsRun) {
  kind_.package = "the-package";
  EXPECT_THAT(describe(must_fail({command({"no-such-program"})})),
              testing::AllOf(HasSubstr("no-such-program"), HasSubstr("not installed"),
                             HasSubstr("apt-get install the-package")));
  EXPECT_THAT(describe(must_fail({command({"/usr/lib/no-such-program"})})),
              HasSubstr("No such file"));
  EXPECT_THAT(describe(must_fail({command({"/opt/app/run"})})),
              HasSubstr("name its folder in \"programs\""));
  EXPECT_TRUE(runner_.calls().empty());
}

TEST_F(UserCommandTest, D39_AProgramThatIsNotExecutableIsNamed) {
  test::write_file(folder_ / "dump", "#!/bin/sh\n");
  test::set_mode(folder_ / "dump", 0644);
  EXPECT_THAT(describe(must_fail({command({"./dump"})})), HasSubstr("not executable"));
  EXPECT_TRUE(runner_.calls().empty());
}

TEST_F(UserCommandTest, AScriptIsSeenInAFolderOfItsOwn) {
  test::write_file(folder_ / "dump", "#!/bin/sh\n");
  test::set_mode(folder_ / "dump", 0755);
  runner_.on("/kind/dump", [](const Command& asked) {
    EXPECT_EQ(asked.binds.size(), 1U);
    EXPECT_EQ(asked.binds[0].at, "/kind");
    EXPECT_FALSE(asked.binds[0].writable);
    return ScriptedRunner::exits(0);
  });
  EXPECT_TRUE(run_user_commands(kind_, "dump", {command({"./dump"})}, place_, runner_));
}

TEST_F(UserCommandTest, D31_RootRunsNoProgramThatSomebodyElseCouldHaveWritten) {
  REPO_NEEDS_ROOT();
  constexpr unsigned kStranger = 1234;
  test::write_file(folder_ / "dump", "#!/bin/sh\n");
  test::set_mode(folder_ / "dump", 0755);
  test::give_to(folder_ / "dump", kStranger);
  EXPECT_THAT(describe(must_fail({command({"./dump"})})), HasSubstr("somebody else than root"));
  place_.base.account = Account{kStranger, kStranger, {}, ""};
  runner_.on("/kind/dump", [](const Command&) { return ScriptedRunner::exits(0); });
  EXPECT_TRUE(run_user_commands(kind_, "dump", {command({"./dump"})}, place_, runner_))
      << "as that user";
  place_.base.account->uid = kStranger + 1;
  EXPECT_THAT(describe(must_fail({command({"./dump"})})), HasSubstr("somebody else than root"));
}

TEST_F(UserCommandTest, StdoutBecomesAFileThatIsNew) {
  const UniqueFd folder = test::open_folder(folder_.path());
  place_.output_folder = folder.get();
  UserCommand to_file = command({"cp"});
  to_file.output = "{match.2}.sql";
  ScriptedRunner runner;
  runner.on("cp", [](const Command& asked) {
    EXPECT_EQ(write(asked.output, "dumped", 6), 6);
    return ScriptedRunner::exits(0);
  });
  ASSERT_TRUE(run_user_commands(kind_, "dump", {to_file}, place_, runner));
  EXPECT_EQ(test::read_file(folder_ / "b.sql"), "dumped");
  EXPECT_FALSE(run_user_commands(kind_, "dump", {to_file}, place_, runner)) << "it is there";
}

TEST_F(UserCommandTest, D39_AnOutputLeadsNowhereElse) {
  const UniqueFd folder = test::open_folder(folder_.path());
  place_.output_folder = folder.get();
  place_.values.name = "..";
  UserCommand to_file = command({"cp"});
  to_file.output = "{name}";
  EXPECT_THAT(must_fail({to_file}).message, HasSubstr("no name of a file"));
  test::make_link(folder_ / "link", "elsewhere");
  to_file.output = "link";
  must_fail({to_file});
  EXPECT_FALSE(test::exists(folder_ / "elsewhere"));
}

TEST_F(UserCommandTest, ATimeoutShortensTheItemsTime) {
  place_.base.patience = test::patient();
  UserCommand quick = command({"cp"});
  quick.timeout = std::chrono::seconds(1);
  ASSERT_TRUE(run_user_commands(kind_, "dump", {quick}, place_, runner_));
  EXPECT_LT(runner_.calls()[0].patience.deadline, place_.base.patience.deadline);
}

}  // namespace
}  // namespace repo

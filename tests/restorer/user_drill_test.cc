// The drill of a user-defined kind: in which order, and what each end of its commands proves.
#include "restorer/user_drill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "dumper/damage.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using test::ScriptedRunner;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

UserCommands command(std::vector<std::string> argv) {
  UserCommand made;
  made.argv = std::move(argv);
  return {made};
}

class UserDrillTest : public testing::Test {
 protected:
  void SetUp() override {
    kind_.name = "app";
    kind_.file = "/k/app.json";
    kind_.folder = "/k";
    kind_.signature.globs = {"*.db"};
    kind_.drill = command({"cp", "{dest}", "{tmp}", "{name}", "{match.1}"});
    kind_.compare = command({"cmp", "{dest}"});
    kind_.control = command({"rm", "{tmp}"});
    record_.path = "/srv/app";
    for (const char* program : {"cp", "cmp", "rm"}) {
      runner_.on(program, [this, program](const Command& asked) {
        steps_.emplace_back(program);
        argv_ = program == std::string("cp") ? asked.argv : argv_;
        EXPECT_EQ(asked.binds.size(), 1U) << "the scratch folder alone";
        EXPECT_TRUE(asked.handed.empty());
        EXPECT_EQ(asked.sockets, Sockets::kNone);
        if (instead_.contains(program)) return instead_[program](asked);
        return answers_.contains(program) ? answers_[program] : usual(program);
      });
    }
  }

  // The comparison says no after the control.
  CommandResult usual(const std::string& program) const {
    const bool is_changed =
        program == "cmp" && std::find(steps_.begin(), steps_.end(), "rm") != steps_.end();
    return ScriptedRunner::exits(is_changed ? 1 : 0);
  }

  Result<std::vector<std::string>> drill() {
    const test::TempDir scratch;
    test::make_folder(scratch / "data");
    for (const char* name : {"x.db", "y.db"}) test::write_file(scratch / "data/" + name, "x");
    const UniqueFd fd = test::open_folder(scratch.path());
    return make_user_drill(kind_)->run({record_, fd.get(), geteuid(), test::patient()}, runner_);
  }
  Error must_fail() {
    const auto done = drill();
    EXPECT_FALSE(done);
    return done ? Error() : done.error();
  }

  UserKind kind_;
  GenerationSummary record_;
  ScriptedRunner runner_;
  std::vector<std::string> steps_;
  std::vector<std::string> argv_;
  std::map<std::string, CommandResult> answers_;
  std::map<std::string, ScriptedRunner::Answer> instead_;  // of these
};

TEST_F(UserDrillTest, RestoresComparesAndSeesThatAChangeIsNoticed) {
  const auto done = drill();
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_THAT(steps_, ElementsAre("cp", "cmp", "cmp", "rm", "cmp"));
  EXPECT_THAT(argv_, ElementsAre("cp", "/staging/data", "/staging/tmp", "app", "x.db"));
  EXPECT_EQ(done->back(), "a change of it was noticed");
}

TEST_F(UserDrillTest, AComparisonThatSaysEqualOfEverythingProvesNothing) {
  answers_["cmp"] = ScriptedRunner::exits(0);
  const Error error = must_fail();
  EXPECT_THAT(error.message, HasSubstr("it proves nothing"));
  EXPECT_FALSE(is_damage(error)) << "it is the kind's fault";
}

// "mkdir out" in it, say: it would have noticed whatever the control does.
TEST_F(UserDrillTest, D10_AComparisonThatCannotBeRunTwiceProvesNothing) {
  int times = 0;
  instead_["cmp"] = [&](const Command&) {
    return ScriptedRunner::exits(times++ == 0 ? 0 : 1, "mkdir: out: File exists");
  };
  const Error error = must_fail();
  EXPECT_THAT(error.message, HasSubstr("compare, run again: cmp: exit status 1: mkdir"));
  EXPECT_FALSE(is_damage(error)) << "it is the kind's fault";
}

// The change of each match must be noticed, and not that of the first one alone.
TEST_F(UserDrillTest, D10_AComparisonOfEachMatchNoticesTheChangeOfEach) {
  kind_.compare = command({"cmp", "{match}"});
  kind_.control = command({"rm", "{match}"});
  kind_.compare[0].each_match = kind_.control[0].each_match = true;
  std::vector<std::string> compared;
  std::string seen;  // the only match whose change is noticed; empty: each
  bool is_changed = false;
  instead_["rm"] = [&](const Command&) {
    is_changed = true;
    return ScriptedRunner::exits(0);
  };
  instead_["cmp"] = [&](const Command& asked) {
    compared.push_back(asked.argv[1]);
    const bool is_noticed = is_changed && (seen.empty() || seen == asked.argv[1]);
    return ScriptedRunner::exits(is_noticed ? 1 : 0);
  };
  ASSERT_TRUE(drill());
  EXPECT_THAT(compared, ElementsAre("x.db", "y.db", "x.db", "y.db", "x.db", "y.db"));
  seen = "x.db";
  is_changed = false;
  const Error error = must_fail();
  EXPECT_THAT(error.message, AllOf(HasSubstr("(y.db)"), HasSubstr("it proves nothing")));
  EXPECT_FALSE(is_damage(error));
}

TEST_F(UserDrillTest, AComparisonThatCannotBeRunAfterTheControlHasNoticedNothing) {
  kind_.compare[0].must_say = {"equal"};
  answers_["cmp"] = ScriptedRunner::exits(0, "", "equal");
  runner_.on("never", [](const Command&) { return ScriptedRunner::exits(0); });
  answers_["rm"] = ScriptedRunner::exits(1, "cannot");
  const Error error = must_fail();
  EXPECT_THAT(error.message, HasSubstr("control: rm: exit status 1: cannot"));
  EXPECT_FALSE(is_damage(error));
}

TEST_F(UserDrillTest, D10_ARestoreThatSaysNoIsOfTheCopy) {
  answers_["cp"] = ScriptedRunner::exits(1, "truncated");
  const Error error = must_fail();
  EXPECT_TRUE(is_unusable(error));
  EXPECT_THAT(error.message, HasSubstr("drill: cp: exit status 1: truncated"));
}

TEST_F(UserDrillTest, D39_WhatCouldNotBeRunSaysNothingOfTheCopy) {
  for (const CommandResult& result : {ScriptedRunner::exits(127), ScriptedRunner::exits(126),
                                      ScriptedRunner::ends(CommandResult::End::kStalled),
                                      ScriptedRunner::ends(CommandResult::End::kNoRoom),
                                      ScriptedRunner::ends(CommandResult::End::kNotStarted)}) {
    answers_["cp"] = result;
    EXPECT_FALSE(is_damage(must_fail()));
  }
}

TEST_F(UserDrillTest, ADifferenceIsOfTheCopy) {
  answers_["cmp"] = ScriptedRunner::exits(1, "differ");
  EXPECT_TRUE(is_unusable(must_fail()));
  EXPECT_THAT(steps_, ElementsAre("cp", "cmp"));
}

TEST_F(UserDrillTest, WithoutACompareThatIsSaid) {
  kind_.compare.clear();
  kind_.control.clear();
  const auto done = drill();
  ASSERT_TRUE(done) << describe(done.error());
  EXPECT_EQ(done->back(), "its kind compares nothing with what was restored");
}

TEST_F(UserDrillTest, WithoutADrillItIsNotRun) {
  kind_.drill.clear();
  const Error error = must_fail();
  EXPECT_THAT(error.message, AllOf(HasSubstr("no \"drill\""), HasSubstr("/k/app.json")));
  EXPECT_FALSE(is_damage(error));
}

}  // namespace
}  // namespace repo

// A CommandRunner that starts nothing: a test says what each tool does.
//
//   ScriptedRunner runner;
//   runner.on("verify", [](const Command&) { return ScriptedRunner::exits(1, "E160004: bad"); });
//   dumper.verify(job, facts, runner);
//   EXPECT_EQ(runner.calls().size(), 1);
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "dumper/command_runner.h"

namespace repo::test {

class ScriptedRunner final : public CommandRunner {
 public:
  using Answer = std::function<CommandResult(const Command&)>;

  // For commands that have `word` among their arguments. What nobody answers could not be
  // started.
  ScriptedRunner& on(const std::string& word, Answer answer) {
    answers_.emplace_back(word, std::move(answer));
    return *this;
  }

  static CommandResult exits(int status, std::string err = "", std::string out = "") {
    return {CommandResult::End::kExited, status, std::move(out), std::move(err)};
  }
  static CommandResult ends(CommandResult::End end, int code = 0) { return {end, code, "", ""}; }

  CommandResult run(const Command& command) const override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(command);
    for (const auto& [word, answer] : answers_) {
      for (const std::string& argument : command.argv) {
        if (argument == word) return answer(command);
      }
    }
    return {CommandResult::End::kNotStarted, 0, "", "nobody answers"};
  }

  // Their descriptors are closed meanwhile.
  std::vector<Command> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  std::vector<std::pair<std::string, Answer>> answers_;
  mutable std::mutex mutex_;
  mutable std::vector<Command> calls_;
};

}  // namespace repo::test

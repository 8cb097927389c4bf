// Runs the commands of a user-defined kind, each in a sandbox of its own, and judges how each
// ended.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"
#include "scanner/user_kind.h"
#include "scanner/user_template.h"

namespace repo {

// Where the commands of one step work, and as whom.
struct UserPlace {
  Command base;            // all but argv and output; `environment` has the kind's already
  TemplateValues values;   // with the paths that things have in the sandbox
  int output_folder = -1;  // takes the files of UserCommand::output
  // Set: commands with each_match are run for this one of values.matches alone.
  std::optional<std::string> only_match;
};

// The folder of the kind's own scripts, for UserPlace::base: open while a command runs. Nothing
// where the kind has none.
Result<UniqueFd> open_scripts(const UserKind& kind);
// What the sandbox has it as.
inline constexpr const char* kScriptsAt = "/kind";

// Opens these folders and adds them to the binds of a command, at their own paths; they are open as
// long as what is returned. `field` of the kind names them. As root through no link of somebody
// else's, which might show what that user cannot read (base/trust.h).
Result<std::vector<UniqueFd>> bind_folders(const UserKind& kind, const char* field,
                                           const std::vector<std::string>& folders,
                                           Command& command);

// Why a command's program cannot be run, before anything is: not there, not executable, not seen in
// the sandbox, or somebody else's. As root a program must be root's, or `account`'s where one
// is become: that user runs nothing but what is his own anyway.
Status check_program(const UserKind& kind, const std::string& program,
                     const std::optional<Account>& account);

// The failure that a finished command is, with what it printed last; nothing where it is none.
// `what`: "dump: mariadb-dump". Pure.
//   How it ended goes first: 126 and 127 are told as what they mean. Then its output: where not
//   all of it could be kept, what is looked for may be in the rest, and that is a failure too.
std::optional<Error> judge(const UserCommand& command, const std::string& what,
                           const CommandResult& result);

// Whether the error of run_user_commands() says something of the copy that the command has read:
// not so where it could not be run, was ended by us, or lacked room.
bool is_of_the_copy(const Error& error);

// The commands of the step, in their order; one with each_match for each of values.matches, which
// must not be empty then. The first failure ends it. What they printed on stdout, together.
Result<std::string> run_user_commands(const UserKind& kind, const std::string& step,
                                      const UserCommands& commands, const UserPlace& place,
                                      const CommandRunner& runner);

// The environment of the kind, with its placeholders filled.
std::vector<std::pair<std::string, std::string>> user_environment(const UserKind& kind,
                                                                  const TemplateValues& values);

}  // namespace repo

// The steps of a drill as a script of sh(1), which is how a person would type them: one sandbox for
// all of them.
//
//   +checkout of HEAD      a step begins; when the script ends well, all steps were done
//   =youngest 12           a fact, to be compared by the caller
//
// Exit status 75 says that this machine could not try; the last line on stderr says why.
// Whatever else is printed on stdout is not looked at.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "restorer/drill.h"

namespace repo {

struct ScriptResult {
  std::vector<std::string> steps;
  std::map<std::string, std::string> facts;
};

struct Script {
  const char* text = "";
  std::vector<std::string> arguments;  // $1 is the scratch folder, these are $2 and so on
  std::vector<std::pair<std::string, std::string>> environment;
  Sockets sockets = Sockets::kNone;
  std::vector<SandboxFile> files;
};

// Hands the scratch folder over to the sandbox's user, and runs the script in it. The error of a
// tool that says no is damage, with the step; that of one that had no room, was ended by us or
// could not be started is not.
Result<ScriptResult> run_script(const DrillJob& job, const CommandRunner& runner,
                                const Script& script);

// Damage where a fact is not what was recorded. `what` it is, for people.
Status expect_equal(const std::string& what, const std::string& found, const std::string& recorded);

// Damage that names what is not as recorded.
Status expect_equal(const Detail& found, const Detail& recorded);

// The scratch folder's copy, data/.
Result<UniqueFd> open_data(const DrillJob& job);

// Replaces the folder `name` in `directory` by an empty one, whatever it was.
Status empty_folder(int directory, const std::string& name);
// Replaces a file in the same way.
Status put_file(int directory, const std::string& name, const std::string& text);

}  // namespace repo

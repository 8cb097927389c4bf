// The foreign tools of a run: the sandbox that they run in, which of them are there, and of which
// version.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"

namespace repo {

// What was found out about the tool of a kind, once for all its items.
struct ToolState {
  std::string version;
  std::optional<Error> missing;  // set: no item of the kind can be copied
};

struct Tools {
  UniqueFd mark;                          // of the sandbox (sandbox.h)
  std::unique_ptr<CommandRunner> runner;  // null where no kind was asked for
  std::map<std::string, ToolState> of_kind;
};

class Dumpers;

// Tries the sandbox, or without `sandbox` the tools themselves, and asks the tool of each kind for
// its version. `marked` is an open folder of the run that has a CACHEDIR.TAG: every sandbox holds
// that open (orphans.h). The error says why no tool can run.
Result<Tools> find_tools(const std::set<std::string>& kinds, const Dumpers& dumpers, bool sandbox,
                         int marked, const Patience& patience);

}  // namespace repo

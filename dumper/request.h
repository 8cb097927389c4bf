// From the options and the manifest to what a run is to do, or why it will not begin. Reads the
// manifest and looks at the target; touches nothing.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/exit_code.h"
#include "dumper/dump_root.h"
#include "dumper/options.h"
#include "dumper/run_item.h"
#include "scanner/manifest.h"

namespace repo {

// Ends the run before an item was touched.
struct Refusal {
  ExitCode code;
  std::string message;  // a sentence without the tool's name
};

// "cannot …"
Refusal refuse(ExitCode code, const Error& error);

struct Request {
  Manifest manifest;
  std::vector<RunItem> items;  // plan, decision and accepted are set
  TargetLook target;
  Policy policy;                     // with its owners found
  std::vector<Rule> unknown_owners;  // rules that hold for nothing, since no user has that name
};

// `dumpers` outlives the request.
std::variant<Request, Refusal> read_request(const DumpOptions& options, const Dumpers& dumpers);

}  // namespace repo

// The commands of repo-restore, one file each. Results go to `out`, messages and progress to `err`.
#pragma once

#include <cstdio>

#include "dumper/copies.h"
#include "dumper/run_output.h"
#include "restorer/options.h"

namespace repo {

// The exit status of the command that the options name.
int run_restore(const RestoreOptions& options, std::FILE* out, std::FILE* err);

// What all of them begin with: the dump root, what is in it, and where to print.
struct RestoreSession {
  const RestoreOptions& options;
  DumpRoot root;
  std::vector<CopiedItem> items;
  RunOutput& output;
  bool lacks_copies = false;  // there are proofs of some that are not there, which was told
};
int run_list(RestoreSession& session);
int run_show(RestoreSession& session);
int run_restore_items(RestoreSession& session);
int run_drills(RestoreSession& session);
int run_scrub(RestoreSession& session);

// Says why nothing can be done; returns the exit status.
int refuse_all(RestoreSession& session, const Error& error);

// The items that the options name. Nothing where that was refused, which was told; then the exit
// status is kUsage.
std::optional<std::vector<const CopiedItem*>> chosen_items(RestoreSession& session);

// For one item that begins now.
Patience patience_of(const RestoreSession& session);

struct RestoreSummary;
// The last of what a command says; `rest` is what a stop has left undone. Returns the exit status.
int finish(RestoreSession& session, const RestoreSummary& summary, const std::string& text,
           const char* rest);

// How the work of `good` and `bad` items ends: the exit status, 128 + N after a stop.
int status_of(bool all_good, bool any_good);

}  // namespace repo

#include "restorer/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/bytes_path.h"
#include "base/descriptor_limit.h"
#include "base/exit_code.h"
#include "base/priority.h"
#include "base/stop_signal.h"
#include "dumper/dumper.h"
#include "dumper/result_printer.h"
#include "restorer/choose.h"
#include "restorer/json_lines.h"
#include "restorer/printer.h"

namespace repo {
namespace {

bool is_troubled(const CopiedItem& item) {
  if (!item.has_current() || !item.generations.front().record) return true;
  return !item.unreadable_proof.empty() ||
         item.proof.why_bad(item.generations.front().stamp) != nullptr;
}

}  // namespace

int refuse_all(RestoreSession& session, const Error& error) {
  session.output.tell("cannot " + describe(error));
  return exit_status(error.code == EWOULDBLOCK ? ExitCode::kLocked : ExitCode::kFailed);
}

namespace {

// Of the kinds that users define only drills know which there are; here those count that have
// copies. A name that was mistyped must not look like nothing to be done.
std::optional<std::string> unknown_kind(const RestoreSession& session) {
  if (session.options.command == RestoreCommand::kDrill) return std::nullopt;
  const Dumpers built_in;
  for (const std::string& kind : session.options.kinds) {
    const bool has_copies = std::any_of(session.items.begin(), session.items.end(),
                                        [&](const CopiedItem& item) { return item.kind == kind; });
    if (!has_copies && !built_in.find(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<const CopiedItem*>> chosen_items(RestoreSession& session) {
  if (const auto unknown = unknown_kind(session)) {
    session.output.tell("--kinds: no such kind, and no copy is of it: " + printable(*unknown));
    return std::nullopt;
  }
  Result<std::vector<const CopiedItem*>> chosen =
      choose_items(session.items, session.options.items, session.options.kinds);
  if (chosen) return *std::move(chosen);
  session.output.tell("cannot " + describe(chosen.error()));
  return std::nullopt;
}

Patience patience_of(const RestoreSession& session) {
  return {std::chrono::steady_clock::now() + session.options.max_time, session.options.timeout,
          true, &session.output.progress()};
}

int finish(RestoreSession& session, const RestoreSummary& summary, const std::string& text,
           const char* rest) {
  if (stop_requested() != 0) {
    session.output.tell(fmt::format("stopped by signal {}: {}", stop_requested(), rest));
  }
  session.output.print(summary_line(summary), text);
  if (session.output.finish() || summary.exit_status != exit_status(ExitCode::kOk)) {
    return summary.exit_status;
  }
  return exit_status(ExitCode::kIncomplete);  // it was done, and could not be told
}

int status_of(bool all_good, bool any_good) {
  if (stop_requested() != 0) return exit_status_for_signal(stop_requested());
  if (all_good) return exit_status(ExitCode::kOk);
  return exit_status(any_good ? ExitCode::kIncomplete : ExitCode::kFailed);
}

int run_list(RestoreSession& session) {
  auto chosen = chosen_items(session);
  if (!chosen) return exit_status(ExitCode::kUsage);
  const UtcTime now = utc_now();
  bool good = !session.lacks_copies;
  if (session.options.stale) {
    *chosen = without_proof(*std::move(chosen), *session.options.stale, now);
    good = good && chosen->empty();
  }
  for (const CopiedItem* item : *chosen) {
    const bool troubled = is_troubled(*item);
    good = good && !troubled;
    const bool important = troubled || session.options.stale.has_value();
    session.output.print(copy_line(*item), list_text(*item, now), important);
  }
  if (!session.output.finish()) return exit_status(ExitCode::kFailed);
  return exit_status(good ? ExitCode::kOk : ExitCode::kIncomplete);
}

int run_show(RestoreSession& session) {
  const auto chosen = chosen_items(session);
  if (!chosen) return exit_status(ExitCode::kUsage);
  bool good = true;
  for (const CopiedItem* item : *chosen) {
    good = good && !is_troubled(*item);
    session.output.print(copy_line(*item), show_text(*item, session.root.path, utc_now()), true);
  }
  if (!session.output.finish()) return exit_status(ExitCode::kFailed);
  return exit_status(good ? ExitCode::kOk : ExitCode::kIncomplete);
}

int run_restore(const RestoreOptions& options, std::FILE* out, std::FILE* err) {
  RunOutput output({"repo-restore", options.json, options.quiet, options.progress}, out, err,
                   progress_text);
  RestoreSession session{options, {}, {}, output, false};
  if (options.nice) {
    if (Status lowered = lower_priority(); !lowered) {
      output.tell("--nice: " + describe(lowered.error()));
    }
  }
  raise_descriptor_limit();  // deep trees cost a descriptor a level
  Result<DumpRoot> root = open_copies(options.from);
  if (!root) return refuse_all(session, root.error());
  session.root = *std::move(root);
  Result<std::vector<CopiedItem>> items = list_copies(session.root);
  if (!items) return refuse_all(session, items.error());
  session.items = *std::move(items);
  for (const std::string& missing : missing_copies(session.root, session.items)) {
    output.tell("the copies of " + printable(missing) + " are missing: a drill has had them once");
    session.lacks_copies = true;
  }
  // A machine may have nothing to copy yet; who asks for something finds nothing.
  const bool may_be_none =
      options.command == RestoreCommand::kDrill && options.items.empty() && !options.all;
  if (session.items.empty() && !may_be_none) {
    return refuse_all(session, plain_error("find", options.from, "there is no copy in it"));
  }
  switch (options.command) {
    case RestoreCommand::kList:
      return run_list(session);
    case RestoreCommand::kShow:
      return run_show(session);
    case RestoreCommand::kRestore:
      return run_restore_items(session);
    case RestoreCommand::kDrill:
      return run_drills(session);
    case RestoreCommand::kScrub:
      return run_scrub(session);
  }
  return exit_status(ExitCode::kFailed);
}

}  // namespace repo

// restore ITEM --to TARGET, and restore --all --to DIR.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <memory>
#include <set>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/stop_signal.h"
#include "base/target_path.h"
#include "dumper/damage.h"
#include "dumper/sandbox.h"
#include "dumper/tree.h"
#include "restorer/commands.h"
#include "restorer/json_lines.h"
#include "restorer/parallel.h"
#include "restorer/printer.h"
#include "restorer/restore_item.h"
#include "restorer/whole_copy.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;

// Apart from those of dumps and drills, which may run at the same time.
constexpr std::uint32_t kFirstUid = kFirstSandboxUid + 2000;
using Items = std::vector<const CopiedItem*>;

// Nothing is written to a copy.
bool is_in_dump_root(const RestoreSession& session, const TargetPath& target) {
  const std::string link = fmt::format("/proc/self/fd/{}", session.root.top.get());
  const std::unique_ptr<char, decltype(&free)> real(realpath(link.c_str(), nullptr), &free);
  return real && is_within(target.full(), real.get());
}

Error in_dump_root(const TargetPath& target) {
  return plain_error("restore to", target.full(), "it lies in the dump root, among the copies");
}

// DIR of --all, made where it does not exist.
Result<TargetPath> open_target_folder(const RestoreSession& session, const std::string& dir) {
  Result<TargetPath> found = resolve_target(dir);
  if (!found) return found;
  if (is_in_dump_root(session, *found)) return in_dump_root(*found);
  if (found->rest.empty()) return found;
  Result<UniqueFd> made = make_folders(found->base.get(), found->rest);
  if (!made) return system_error("create", found->full(), made.error().code);
  found->base_path = found->full();
  found->base = *std::move(made);
  found->rest.clear();
  return found;
}

// What lies in each other is one group, in the order in which it must come back.
std::vector<Items> groups_of(const Items& items) {
  std::vector<Items> groups;
  for (const CopiedItem* item : items) {
    const bool is_inside = !groups.empty() && !item->path.empty() &&
                           is_within(item->path, groups.back().front()->path);
    if (!is_inside) groups.emplace_back();
    groups.back().push_back(item);
  }
  return groups;
}

class Restores {
 public:
  Restores(RestoreSession& session, const TargetPath& folder)
      : session_(session), folder_(folder) {}

  RestoreSummary run(const Items& items) {
    const Clock::time_point start = Clock::now();
    const std::vector<Items> groups = groups_of(items);
    session_.output.progress().begin(items.size());
    in_parallel(session_.options.jobs, groups.size(),
                [&](std::size_t i, int worker) { restore_group(groups[i], worker); });
    RestoreSummary summary;
    summary.command = "restore";
    summary.good = good_;
    summary.bad = bad_;
    summary.left = left_;
    summary.bytes = bytes_;
    summary.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    summary.exit_status =
        status_of(bad_ + left_ == 0 && !incomplete_ && !session_.lacks_copies, good_ + left_ > 0);
    return summary;
  }

 private:
  void restore_group(const Items& group, int worker) {
    std::set<std::string> done;  // paths that this run has put there, of another kind maybe
    for (const CopiedItem* item : group) {
      if (stop_requested() != 0) return;
      const RestoreResult result = try_one(*item, done.contains(item->path), worker);
      if (result.is_in_the_way()) {
        ++left_;
      } else if (result.error) {
        ++bad_;
      } else {
        ++good_;
        bytes_ += result.bytes;
        done.insert(item->path);
        if (!result.is_as_asked()) incomplete_ = true;
      }
      session_.output.progress().add_done();
      session_.output.print(restore_line(result), restore_text(result), !result.is_as_asked());
    }
  }

  RestoreResult try_one(const CopiedItem& item, bool is_shared_path, int worker) {
    try {  // out of a task it would end all others
      return restore_one(item, is_shared_path, worker);
    } catch (const std::exception& error) {
      RestoreResult result;
      result.id = item.id;
      result.kind = item.kind;
      result.path = item.path;
      result.error = plain_error("restore", item.path, error.what());
      return result;
    }
  }

  RestoreResult restore_one(const CopiedItem& item, bool is_shared_path, int worker) {
    const Patience patience = patience_of(session_);
    RestoreResult result;
    result.id = item.id;
    result.kind = item.kind;
    result.path = item.path;
    result.target = join_path(folder_.base_path, item.path.empty() ? item.id : item.path.substr(1));
    if (item.path.size() < 2) {
      result.error = plain_error("restore", "", "the root directory itself: name it, with --to");
      return result;
    }
    auto restore = [&](const Generation& generation) {
      return restore_item({session_.root, item, generation, folder_.base.get(), folder_.base_path,
                           item.path.substr(1), session_.options.with_files || is_shared_path,
                           session_.options.owners, patience, session_.options.sandbox,
                           kFirstUid + static_cast<std::uint32_t>(worker)});
    };
    const Result<const Generation*> generation = generation_to_restore(session_.root, item, "");
    if (generation) {
      result = restore(**generation);
    } else {
      result.error = generation.error();
    }
    if (!result.error || !is_damage(*result.error)) return result;
    // When all is lost, an older copy is better than none.
    const Generation* current = item.has_current() ? &item.generations.front() : nullptr;
    const WholeCopy whole = find_whole(session_.root, item, current, patience);
    if (!whole.generation) {
      result.error->message += told_of_whole(whole);
      return result;
    }
    RestoreResult older = restore(*whole.generation);
    older.instead_of = damage_text(*result.error);
    return older;
  }

  RestoreSession& session_;
  const TargetPath& folder_;
  std::atomic<std::size_t> good_{0};
  std::atomic<std::size_t> bad_{0};
  std::atomic<std::size_t> left_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> incomplete_{false};
};

int restore_all(RestoreSession& session, const Items& items) {
  const Result<TargetPath> folder = open_target_folder(session, session.options.to);
  if (!folder) return refuse_all(session, folder.error());
  const RestoreSummary summary = Restores(session, *folder).run(items);
  return finish(session, summary, restore_summary_text(summary), "the rest was not restored");
}

int restore_one(RestoreSession& session, const CopiedItem& item) {
  const RestoreOptions& options = session.options;
  const Patience patience = patience_of(session);
  auto with_whole = [&](Error error, const Generation* damaged) {
    if (is_damage(error)) {
      error.message += told_of_whole(find_whole(session.root, item, damaged, patience));
    }
    return error;
  };
  const Result<const Generation*> generation =
      generation_to_restore(session.root, item, options.generation);
  if (!generation) {
    const Generation* current = item.has_current() ? &item.generations.front() : nullptr;
    return refuse_all(session, with_whole(generation.error(), current));
  }
  const Result<TargetPath> target = resolve_place(options.to);
  if (!target) return refuse_all(session, target.error());
  if (is_in_dump_root(session, *target)) return refuse_all(session, in_dump_root(*target));
  session.output.progress().begin(1);
  RestoreResult result = restore_item({session.root, item, **generation, target->base.get(),
                                       target->base_path, target->rest, options.with_files,
                                       options.owners, patience, options.sandbox, kFirstUid});
  if (result.error && stop_requested() != 0) {
    session.output.tell(
        fmt::format("stopped by signal {}: nothing was restored", stop_requested()));
    return exit_status_for_signal(stop_requested());
  }
  if (result.error) result.error = with_whole(*result.error, *generation);
  session.output.print(restore_line(result), restore_text(result), !result.is_as_asked());
  if (!session.output.finish()) return exit_status(ExitCode::kIncomplete);
  if (result.error && result.error->code == EWOULDBLOCK) return exit_status(ExitCode::kLocked);
  if (result.error) return exit_status(ExitCode::kFailed);
  return exit_status(result.is_as_asked() ? ExitCode::kOk : ExitCode::kIncomplete);
}

}  // namespace

int run_restore_items(RestoreSession& session) {
  const auto chosen = chosen_items(session);
  if (!chosen) return exit_status(ExitCode::kUsage);
  if (session.options.all) return restore_all(session, *chosen);
  if (chosen->size() != 1) {
    session.output.tell("several copies have this path: choose one with --kinds");
    return exit_status(ExitCode::kUsage);
  }
  return restore_one(session, *chosen->front());
}

}  // namespace repo

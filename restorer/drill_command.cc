// --drill: which items, in which order, until when; and what is kept of it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <set>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/host.h"
#include "base/stop_signal.h"
#include "dumper/disaster.h"
#include "dumper/dumper.h"
#include "dumper/sandbox.h"
#include "dumper/tools.h"
#include "restorer/choose.h"
#include "restorer/commands.h"
#include "restorer/drill.h"
#include "restorer/drill_item.h"
#include "restorer/parallel.h"
#include "restorer/printer.h"
#include "restorer/proof_writer.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;
using Items = std::vector<const CopiedItem*>;

constexpr std::chrono::hours kUsualStale{24 * 7};

// Apart from those of dumps, which may run at the same time.
constexpr std::uint32_t kFirstUid = kFirstSandboxUid + 1000;

class DrillRun {
 public:
  DrillRun(RestoreSession& session, const Scratch& scratch, const Tools& tools)
      : session_(session),
        scratch_(scratch),
        tools_(tools),
        drills_(session.options.user_kinds),
        writer_(session.root) {
    // Others live there, too: a quarter of what is free stays free.
    constexpr std::uint64_t kPart = 4;
    const Result<Room> free = scratch.free_room();
    if (free) reserve_ = {free->bytes / kPart, free->entries / kPart};
    if (session.options.budget) end_ = start_ + *session.options.budget;
  }

  RestoreSummary run(const Items& items) {
    writer_.append(drills_began_line(utc_now(), items.size()));
    session_.output.progress().begin(items.size());
    in_parallel(session_.options.jobs, items.size(), [&](std::size_t i, int worker) {
      // The first ones have all of the budget.
      take(*items[i], worker, i < static_cast<std::size_t>(session_.options.jobs));
    });
    return sum_up();
  }

 private:
  void take(const CopiedItem& item, int worker, bool is_first) {
    try {  // out of a task it would end all others
      if (stop_requested() != 0 || !is_in_time(item, is_first)) return wait(item);
      drill(item, worker);
    } catch (const std::exception& error) {
      session_.output.tell(printable(item.path) + ": " + error.what());
      ++not_run_;
    }
  }

  void wait(const CopiedItem& item) {
    ++waiting_;
    const std::optional<UtcTime> proven = item.proof.proven();
    const auto longest = 2 * session_.options.stale.value_or(kUsualStale);
    if (!proven || utc_now() - *proven >= longest) ++waiting_too_long_;
  }

  void drill(const CopiedItem& item, int worker) {
    DrillResult result = drill_item(item, context_for(worker));
    if (result.state == DrillState::kNotRun && is_cut_off(result)) {
      return wait(item);  // it says nothing of itself
    }
    count(result);
    writer_.change(item.kind, item.id, [&](Proof proof) {
      return updated(std::move(proof), result, item.generations);
    });
    keep(item, result);
    writer_.append(drill_line(result));
    session_.output.progress().add_done();
    session_.output.print(drill_line(result), drill_text(result),
                          result.state != DrillState::kPassed);
  }

  // For the summary: what is proven now, also where nothing can be written. Nobody else looks at
  // the item before all drills have ended.
  void keep(const CopiedItem& item, const DrillResult& result) {
    const auto at = static_cast<std::size_t>(&item - session_.items.data());
    session_.items[at].proof = updated(item.proof, result, item.generations);
  }

  // Nothing is begun that will not end within the budget, as far as can be known.
  bool is_in_time(const CopiedItem& item, bool is_first) {
    if (!session_.options.budget) return true;
    const auto expected = expected_time(item).value_or(std::chrono::seconds(0));
    if (expected > *session_.options.budget) {
      session_.output.tell(fmt::format(
          "a drill of {} took {:.0f} s the last time, more than --budget: it needs a larger one",
          printable(item.path), expected.count()));
      too_long_ = true;
      return false;
    }
    const auto begins = Clock::now();
    if (is_first && begins < *end_) return true;
    return begins + std::chrono::duration_cast<Clock::duration>(expected) < *end_;
  }

  // By a stop, or by the end of a budget of which it had only the rest. One that had most of it
  // would not end in the next one either.
  bool is_cut_off(DrillResult& result) const {
    if (stop_requested() != 0) return true;
    if (!end_ || Clock::now() < *end_) return false;
    const std::chrono::duration<double> budget = *session_.options.budget;
    if (result.seconds < budget.count() / 2) return true;
    result.error = "it takes longer than --budget";
    return false;
  }

  DrillContext context_for(int worker) const {
    Patience patience = patience_of(session_);
    if (end_) patience.deadline = std::min(patience.deadline, *end_);
    return {session_.root, scratch_, tools_, drills_,
            // Without a sandbox tools run as this user.
            session_.options.sandbox ? kFirstUid + static_cast<std::uint32_t>(worker) : geteuid(),
            reserve_, patience};
  }

  void count(const DrillResult& result) {
    bytes_ += result.bytes;
    switch (result.state) {
      case DrillState::kPassed:
        ++good_;
        return;
      case DrillState::kFailed:
        ++bad_;
        return;
      case DrillState::kNotRun:
        ++not_run_;
        return;
    }
  }

  RestoreSummary sum_up() {
    RestoreSummary summary;
    summary.command = "drill";
    summary.good = good_;
    summary.bad = bad_;
    summary.not_run = not_run_;
    summary.waiting = waiting_;
    Items all;
    for (const CopiedItem& item : session_.items) all.push_back(&item);
    const UtcTime now = utc_now();
    const std::chrono::seconds stale = session_.options.stale.value_or(kUsualStale);
    summary.unproven = without_proof(std::move(all), stale, now).size();
    summary.bytes = bytes_;
    summary.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (waiting_too_long_ > 0 && stop_requested() == 0) {
      session_.output.tell(
          fmt::format("there was no time for {} copies that were never proven, or not for long "
                      "(repo-restore list --stale names them): give more with --budget",
                      waiting_too_long_.load()));
    }
    bool kept = true;
    summary.exit_status = status_of(
        bad_ + not_run_ + waiting_too_long_ == 0 && !too_long_ && !session_.lacks_copies, true);
    writer_.append(drills_ended_line(now, summary));
    if (!writer_.is_read_only()) {
      const Status written = write_disaster_file(session_.root, host_name());
      std::optional<Error> failure = writer_.failure();
      if (!failure && !written) failure = written.error();
      kept = !failure;
      if (failure) {
        session_.output.tell("cannot " + describe(*failure) + " in " +
                             printable(session_.root.path) + ": what was proven is not kept");
      }
    } else {
      session_.output.tell(printable(session_.root.path) +
                           " cannot be written to: what was proven is not kept");
    }
    if (!kept && summary.exit_status == exit_status(ExitCode::kOk)) {
      summary.exit_status = exit_status(ExitCode::kIncomplete);
    }
    return summary;
  }

  RestoreSession& session_;
  const Scratch& scratch_;
  const Tools& tools_;
  const Drills drills_;
  ProofWriter writer_;
  const Clock::time_point start_ = Clock::now();
  std::optional<Clock::time_point> end_;
  Room reserve_;
  std::atomic<std::size_t> good_{0};
  std::atomic<std::size_t> bad_{0};
  std::atomic<std::size_t> not_run_{0};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> waiting_too_long_{0};  // of these, that nothing has proven for so long
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<bool> too_long_{false};
};

}  // namespace

int run_drills(RestoreSession& session) {
  const RestoreOptions& options = session.options;
  auto chosen = chosen_items(session);
  if (!chosen) return exit_status(ExitCode::kUsage);
  if (options.stale) *chosen = without_proof(*std::move(chosen), *options.stale, utc_now());
  oldest_proof_first(*chosen);
  const Result<Scratch> scratch = Scratch::take(session.root, options.scratch);
  if (!scratch) {
    Error error = scratch.error();
    const bool could_be_elsewhere = options.scratch.empty() && error.code != EWOULDBLOCK;
    if (could_be_elsewhere) error.message += " (--scratch names another place for drills)";
    return refuse_all(session, error);
  }
  const Dumpers dumpers(options.user_kinds);
  std::set<std::string> kinds;
  for (const CopiedItem* item : *chosen) {
    if (dumpers.find(item->kind)) kinds.insert(item->kind);
  }
  const Result<Tools> tools =
      find_tools(kinds, dumpers, options.sandbox, scratch->fd(), patience_of(session));
  if (!tools) return refuse_all(session, tools.error());
  const RestoreSummary summary = DrillRun(session, *scratch, *tools).run(*chosen);
  return finish(session, summary, drill_summary_text(summary, session.items, utc_now()),
                "the rest was not drilled");
}

}  // namespace repo

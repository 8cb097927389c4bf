// --scrub: every file of every generation, by its recorded SHA-256.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/host.h"
#include "base/stop_signal.h"
#include "dumper/damage.h"
#include "dumper/disaster.h"
#include "restorer/commands.h"
#include "restorer/parallel.h"
#include "restorer/printer.h"
#include "restorer/proof_writer.h"
#include "restorer/read_back.h"
#include "restorer/scratch.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;
using Items = std::vector<const CopiedItem*>;

class Scrub {
 public:
  explicit Scrub(RestoreSession& session) : session_(session), writer_(session.root) {}

  RestoreSummary run(const Items& items, bool keeps) {
    const Clock::time_point start = Clock::now();
    session_.output.progress().begin(items.size());
    in_parallel(session_.options.jobs, items.size(),
                [&](std::size_t i, int) { take(*items[i], keeps); });
    RestoreSummary summary;
    summary.command = "scrub";
    summary.good = good_;
    summary.bad = bad_;
    summary.not_run = not_run_;
    summary.bytes = bytes_;
    summary.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    bool kept = true;
    if (keeps) {
      if (const std::optional<Error> failure = writer_.failure()) {
        session_.output.tell("cannot " + describe(*failure) + " in " +
                             printable(session_.root.path) + ": what was found is not kept");
        kept = writer_.is_read_only();
      } else if (Status written = write_disaster_file(session_.root, host_name()); !written) {
        session_.output.tell("cannot " + describe(written.error()) + " in " +
                             printable(session_.root.path));
        kept = false;
      }
    }
    summary.exit_status = status_of(bad_ + not_run_ == 0 && kept && !session_.lacks_copies, true);
    return summary;
  }

 private:
  void take(const CopiedItem& item, bool keeps) {
    try {  // out of a task it would end all others
      scrub(item, keeps);
    } catch (const std::exception& error) {
      session_.output.tell(printable(item.path) + ": " + error.what());
      ++not_run_;
    }
  }

  void scrub(const CopiedItem& item, bool keeps) {
    std::vector<ScrubResult> results;
    for (const Generation& generation : item.generations) {
      if (stop_requested() != 0) break;
      std::optional<ScrubResult> result = read(item, generation);
      if (!result) continue;  // retention has taken it away
      (result->error.empty() ? good_ : result->is_damaged ? bad_ : not_run_)++;
      bytes_ += result->bytes;
      session_.output.print(scrub_line(*result), scrub_text(*result), !result->error.empty());
      results.push_back(*std::move(result));
    }
    session_.output.progress().add_done();
    if (keeps) {
      writer_.change(item.kind, item.id,
                     [&](Proof proof) { return with(std::move(proof), item, results); });
    }
  }

  // Digests that fit say nothing against a drill that could not use it.
  static Proof with(Proof proof, const CopiedItem& item, const std::vector<ScrubResult>& results) {
    bool whole = results.size() == item.generations.size() && stop_requested() == 0;
    for (const ScrubResult& result : results) {
      whole = whole && result.error.empty();
      if (!parse_stamp(result.generation)) continue;
      const bool drill_failed = proof.last && proof.last->state == DrillState::kFailed &&
                                proof.last->generation == result.generation;
      if (result.error.empty() && !drill_failed) proof.bad.erase(result.generation);
      if (result.is_damaged) proof.bad[result.generation] = result.error;
    }
    if (whole) proof.scrubbed = utc_now();
    return proof;
  }

  std::optional<ScrubResult> read(const CopiedItem& item, const Generation& generation) {
    const Clock::time_point start = Clock::now();
    ScrubResult result{item.id, item.kind, item.path, generation.stamp, generation.place, 0,
                       0,       false,     ""};
    const Result<OpenGeneration> opened = open_generation(session_.root, item, generation);
    if (!opened) {
      if (opened.error().code == ENOENT) return std::nullopt;
      result.error = describe(opened.error());
      return result;
    }
    Status good = Status();
    if (generation.is_ours) {
      good = plain_error("", "", generation.unreadable);
    } else if (!generation.record) {
      good = damage("", generation.unreadable);
    } else {
      good = check_generation(opened->folder.get(), *generation.record, patience_of(session_));
      result.bytes = generation.record->bytes;
    }
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    if (good) return result;
    if (generation.record && is_removed(opened->folder.get())) return std::nullopt;
    result.is_damaged = is_damage(good.error());
    result.error = damage_text(good.error());
    return result;
  }

  RestoreSession& session_;
  ProofWriter writer_;
  std::atomic<std::size_t> good_{0};
  std::atomic<std::size_t> bad_{0};
  std::atomic<std::size_t> not_run_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace

int run_scrub(RestoreSession& session) {
  const auto chosen = chosen_items(session);
  if (!chosen) return exit_status(ExitCode::kUsage);
  // Held for what is written: on a read-only dump root there is nothing to hold.
  const Result<Scratch> held = Scratch::take(session.root, "");
  if (!held && held.error().code == EWOULDBLOCK) return refuse_all(session, held.error());
  const bool keeps = static_cast<bool>(held);
  const RestoreSummary summary = Scrub(session).run(*chosen, keeps);
  if (!keeps) {
    session.output.tell("cannot " + describe(held.error()) + ": what was found is not kept");
  }
  return finish(session, summary, scrub_summary_text(summary), "the rest was not read");
}

}  // namespace repo

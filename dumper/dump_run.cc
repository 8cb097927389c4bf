#include "dumper/dump_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>

#include "base/bytes_path.h"
#include "base/descriptor_limit.h"
#include "base/exit_code.h"
#include "base/file_io.h"
#include "base/host.h"
#include "base/priority.h"
#include "base/stop_signal.h"
#include "base/task_pool.h"
#include "dumper/allowance.h"
#include "dumper/disaster.h"
#include "dumper/gone.h"
#include "dumper/item_result.h"
#include "dumper/item_turn.h"
#include "dumper/orphans.h"
#include "dumper/publish.h"
#include "dumper/request.h"
#include "dumper/result_printer.h"
#include "dumper/run_log.h"
#include "dumper/run_output.h"
#include "dumper/survey.h"
#include "dumper/tools.h"
#include "dumper/twins.h"
#include "dumper/work_order.h"

namespace repo {
namespace {

class Run {
 public:
  Run(const DumpOptions& options, std::FILE* out, std::FILE* err)
      : options_(options),
        dumpers_(options.user_kinds),
        output_({"repo-dump", options.json, options.quiet, options.progress}, out, err,
                progress_text) {}

  int run() {
    if (const auto refusal = prepare()) return refused(*refusal);
    if (stop_requested() != 0) return stopped();
    if (options_.dry_run) return print_plan();
    const std::optional<Refusal> refusal = open_target();
    if (stop_requested() != 0) return stopped();
    if (refusal) return refused(*refusal);
    return dump_all();
  }

 private:
  int refused(const Refusal& refusal) {
    output_.tell(refusal.message);
    return exit_status(refusal.code);
  }

  int stopped() {
    output_.tell(fmt::format("stopped by signal {}: nothing was copied", stop_requested()));
    return exit_status_for_signal(stop_requested());
  }

  // What it takes to say what would be done; nothing is written.
  std::optional<Refusal> prepare() {
    summary_.started = utc_now();
    std::variant<Request, Refusal> request = read_request(options_, dumpers_);
    if (stop_requested() != 0) return std::nullopt;
    if (auto* refusal = std::get_if<Refusal>(&request)) return std::move(*refusal);
    Request& asked = std::get<Request>(request);
    manifest_ = std::move(asked.manifest);
    items_ = std::move(asked.items);
    target_ = std::move(asked.target);
    for (const Rule& rule : asked.unknown_owners) {
      output_.tell(
          fmt::format("[policy] line {}: there is no user {}", rule.line, printable(rule.owner)));
      policy_holds_ = false;
    }
    summary_.scan_complete = manifest_.complete;
    if (!manifest_.complete) {
      output_.tell(
          "the manifest is of an incomplete scan: there may be more repositories, and which are "
          "gone "
          "is not known (see its errors)");
    }
    tell_of_age();
    if (options_.nice) {
      if (Status lowered = lower_priority(); !lowered) {
        output_.tell("--nice: " + describe(lowered.error()));
      }
    }
    raise_descriptor_limit();  // deep trees cost a descriptor a level
    survey_sources(for_each_item(), asked.policy, patience());
    return std::nullopt;
  }

  // Nights on which nothing new is found look as good as any other.
  void tell_of_age() {
    constexpr std::chrono::hours kOld{48};
    if (!manifest_.finished || summary_.started - *manifest_.finished < kOld) return;
    const auto age =
        std::chrono::duration_cast<std::chrono::hours>(summary_.started - *manifest_.finished);
    output_.tell(
        fmt::format("the manifest is {} days old: repositories made since then are in no "
                    "copy (scan again)",
                    age.count() / 24));
  }

  Patience patience() {
    return {std::chrono::steady_clock::now() + options_.max_time, options_.timeout, true,
            &output_.progress()};
  }

  ForEachItem for_each_item() {
    return [this](const std::function<void(RunItem&)>& work) {
      const std::unique_ptr<TaskPool> pool = make_task_pool(options_.jobs);
      pool->run([&](int) {
        // A thread takes what was spawned last first.
        for (std::size_t i = items_.size(); i-- > 0;) {
          pool->spawn([&work, this, i](int) { work(items_[i]); });
        }
      });
    };
  }

  void look_for_reusable(const DumpRoot& root) {
    const ReusePolicy policy{options_.full, options_.verify_all_every, options_.full_every};
    find_reusable(for_each_item(), root, policy, patience());
  }

  int print_plan() {
    const Result<DumpRoot> seen = look_into(target_);
    if (!seen) return refused(refuse(ExitCode::kFailed, seen.error()));
    if (target_.initialised) {
      if (const auto refusal = look_for_gone(seen->current.get())) return refused(*refusal);
      look_for_reusable(*seen);
      if (stop_requested() != 0) return stopped();
    } else if (const auto refusal = unknown_to_forget()) {
      return refused(*refusal);
    }
    const Result<std::optional<std::string>> full =
        find_room(*seen, items_, options_.jobs, options_.keep);
    if (!full) return refused(refuse(ExitCode::kFailed, full.error()));
    bool incomplete = !summary_.scan_complete || !policy_holds_ || !records_hold_;
    std::uint64_t needed = 0;
    for (const RunItem& item : items_) {
      const ItemResult result = planned_item(item);
      incomplete = incomplete || result.error;
      needed += result.bytes_needed.value_or(0);
      count(result);
      output_.print(result_line(result), plan_line(result), result.error || result.is_alarming);
    }
    for (GoneCopy& copy : gone_) {
      copy.forgotten = is_to_be_forgotten(copy);
      output_.print(gone_line(copy), plan_line(copy), copy.still_there);
      if (copy.forgotten) continue;
      ++summary_.gone;
      incomplete = incomplete || copy.still_there;
    }
    summary_.bytes_needed = needed;
    summary_.finished = utc_now();
    summary_.exit_status = exit_status(incomplete ? ExitCode::kIncomplete : ExitCode::kOk);
    output_.print(
        summary_line(summary_),
        fmt::format("{} items, {}{} to copy, into {}{}\n", items_.size(),
                    summary_.listed > 0 ? fmt::format("{} listed only, ", summary_.listed) : "",
                    human_bytes(needed), printable(target_.path),
                    target_.initialised ? "" : " (which would be made)"));
    if (*full) return refused(no_room(**full));
    return output_.finish() ? summary_.exit_status : exit_status(ExitCode::kFailed);
  }

  // Everything that the run needs besides the sources; the dump root's lock is held from here on.
  std::optional<Refusal> open_target() {
    Result<DumpRoot> root = open_dump_root(target_);
    if (!root) {
      const bool locked = root.error().code == EWOULDBLOCK;
      return refuse(locked ? ExitCode::kLocked : ExitCode::kFailed, root.error());
    }
    root_.emplace(*std::move(root));
    end_orphans(root_->path + "/control/staging");
    for (const Error& error : recover_staging(*root_)) {
      output_.tell(fmt::format("cannot {} of an earlier run in {}", describe(error),
                               printable(root_->path)));
    }
    for (const Error& error : bury_dead_runs(*root_)) {
      output_.tell(
          fmt::format("cannot {} in {}/control/runs", describe(error), printable(root_->path)));
    }
    if (auto refusal = look_for_gone(root_->current.get())) return refusal;
    look_for_reusable(*root_);
    const Result<std::optional<std::string>> full =
        find_room(*root_, items_, options_.jobs, options_.keep);
    if (!full) return refuse(ExitCode::kFailed, full.error());
    if (*full) return no_room(**full);
    return look_for_tools();
  }

  Refusal no_room(const std::string& why) const {
    return {ExitCode::kFailed, "cannot use " + printable(target_.path) + ": " + why};
  }

  std::optional<Refusal> look_for_gone(int current) {
    Result<MissingSources> missing = find_missing(current, manifest_);
    if (!missing) return refuse(ExitCode::kFailed, missing.error());
    gone_ = std::move(missing->gone);
    if (!missing->not_looked_at.empty()) output_.tell(text_of_unseen(missing->not_looked_at));
    for (const std::string& id : missing->unreadable) {
      output_.tell("cannot read the record of the copy current/" + printable(id) +
                   ": whether its repository is gone is not known");
    }
    records_hold_ = missing->unreadable.empty();
    return unknown_to_forget();
  }

  std::optional<Refusal> unknown_to_forget() const {
    for (const std::string& each : options_.forget) {
      const bool known = std::any_of(gone_.begin(), gone_.end(), [&](const GoneCopy& copy) {
        return copy.id == each || copy.path == each;
      });
      if (known) continue;
      return Refusal{ExitCode::kUsage,
                     "--forget " + printable(each) +
                         ": no copy of a repository that is gone has this path or id"};
    }
    return std::nullopt;
  }

  std::optional<Refusal> look_for_tools() {
    std::set<std::string> kinds;
    for (const RunItem& item : items_) {
      if (item.must_be_copied()) kinds.insert(item.plan.source.kind);
    }
    Result<Tools> tools =
        find_tools(kinds, dumpers_, options_.sandbox, root_->staging.get(), patience());
    if (!tools) return refuse(ExitCode::kFailed, tools.error());
    tools_ = *std::move(tools);
    return std::nullopt;
  }

  void count(const ItemResult& result) {
    ++(result.listed_by.empty() ? summary_.counts[result.status] : summary_.listed);
    if (result.status == ItemStatus::kCopied && result.is_unverified) ++summary_.unverified;
  }

  int dump_all() {
    const auto start = std::chrono::steady_clock::now();
    RunRecord record;
    record.host = host_;
    record.tool = "repo-dump " REPO_BACKUP_VERSION;
    record.pid = getpid();
    record.started = summary_.started;
    record.manifest_sha256 = manifest_.sha256;
    record.scanned = manifest_.finished;
    Result<RunLog> log = RunLog::begin(*root_, record, manifest_.text, items_.size());
    if (!log) {
      return refused(refuse(ExitCode::kFailed, log.error()));
    }
    for (const Error& error : log->lacks()) {
      output_.tell(fmt::format("cannot {} in {}/control: repo-report will know less of this run",
                               describe(error), printable(root_->path)));
    }
    const std::vector<ItemResult> results = run_items(*log);
    bool good = forget_gone() && log->lacks().empty();
    for (const GoneCopy& copy : gone_) {
      const std::string text = copy.forgotten ? forgotten_line(copy) : text_line(copy);
      output_.print(gone_line(copy), text, copy.still_there);
      if (copy.forgotten) continue;
      ++summary_.gone;
      good = good && !copy.still_there;
    }
    good = good && summary_.scan_complete && policy_holds_ && records_hold_;
    for (const ItemResult& result : results) {
      count(result);
      summary_.bytes += result.bytes;
      summary_.bytes_written += result.bytes_written;
      good = good && is_good(result);
    }
    summary_.finished = utc_now();
    summary_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    summary_.exit_status = exit_status(good ? ExitCode::kOk : ExitCode::kIncomplete);
    if (stop_requested() != 0) summary_.exit_status = exit_status_for_signal(stop_requested());
    Status recorded = log->end(summary_, results, gone_);
    if (!recorded) {
      Error error = recorded.error();
      error.path = root_->path + "/control/" + error.path;
      recorded = error;
    }
    if (recorded && !options_.results.empty()) recorded = write_results(results);
    if (!recorded) {
      output_.tell("cannot " + describe(recorded.error()));
      summary_.exit_status = std::max(summary_.exit_status, exit_status(ExitCode::kIncomplete));
    }
    if (Status written = write_disaster_file(*root_, host_); !written) {
      output_.tell(fmt::format("cannot {} in {}", describe(written.error()), root_->path));
      summary_.exit_status = std::max(summary_.exit_status, exit_status(ExitCode::kIncomplete));
    }
    output_.print(summary_line(summary_),
                  text_table(results) + text_summary(summary_, root_->path));
    if (output_.finish()) return summary_.exit_status;
    // The copies are there, and so is the record of the run.
    return std::max(summary_.exit_status, exit_status(ExitCode::kIncomplete));
  }

  std::vector<ItemResult> run_items(const RunLog& log) {
    std::vector<ItemResult> results(items_.size());
    std::vector<std::uint64_t> sizes;
    SharedRoom room([this] {
      const Result<Room> free = room_in(*root_);
      return free ? *free : Room();
    });
    std::vector<std::unique_ptr<Allowance>> allowances;
    for (const RunItem& item : items_) {
      sizes.push_back(item.must_be_copied() ? item.survey.look.apparent : 0);
      allowances.push_back(
          std::make_unique<Allowance>(room, Room{item.need.bytes, item.need.entries}));
    }
    WorkOrder order(sizes, options_.jobs);
    output_.progress().begin(items_.size());
    Twins twins;
    std::mutex of_twins;
    const TurnContext context{options_, *root_, tools_, host_, &output_.progress(), log};
    const std::unique_ptr<TaskPool> pool = make_task_pool(options_.jobs);
    const TaskPool::Task work = [&](int worker) {
      while (const std::optional<std::size_t> next = order.next(worker)) {
        ItemResult& result = results[*next];
        result = take_turn(items_[*next], worker, allowances[*next].get(), context);
        allowances[*next].reset();  // what it did not need is the others'
        {
          const std::lock_guard lock(of_twins);
          if (auto note = twins.note(result)) result.notes.push_back(*std::move(note));
        }
        output_.progress().add_done();
        output_.print(result_line(result), text_line(result), result.error || result.is_alarming);
      }
    };
    pool->run([&](int worker) {
      for (int i = 1; i < options_.jobs; ++i) pool->spawn(work);
      work(worker);
    });
    return results;
  }

  bool is_to_be_forgotten(const GoneCopy& copy) const {
    return options_.forget.contains(copy.id) || options_.forget.contains(copy.path);
  }

  // False where something could not be removed.
  bool forget_gone() {
    bool good = true;
    for (GoneCopy& copy : gone_) {
      if (!is_to_be_forgotten(copy)) continue;
      const Status done = forget(*root_, copy.kind, copy.id);
      if (!done) output_.tell(fmt::format("cannot {} in {}", describe(done.error()), root_->path));
      copy.forgotten = static_cast<bool>(done);
      good = good && done;
    }
    return good;
  }

  Status write_results(const std::vector<ItemResult>& results) const {
    std::string lines;
    for (const ItemResult& result : results) lines += result_line(result);
    for (const GoneCopy& copy : gone_) lines += gone_line(copy);
    return replace_file(options_.results, lines + summary_line(summary_));
  }

  const DumpOptions& options_;
  const Dumpers dumpers_;
  RunOutput output_;
  const std::string host_ = host_name();
  Manifest manifest_;
  std::vector<RunItem> items_;
  std::vector<GoneCopy> gone_;
  bool policy_holds_ = true;  // no rule is without effect because its user is not known
  bool records_hold_ = true;  // of all copies without a source it is known what they are
  TargetLook target_;
  std::optional<DumpRoot> root_;
  Tools tools_;
  RunSummary summary_;
};

}  // namespace

int run_dump(const DumpOptions& options, std::FILE* out, std::FILE* err) {
  return Run(options, out, err).run();
}

}  // namespace repo

#include "dumper/dump_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/file_io.h"
#include "base/host.h"
#include "base/print.h"
#include "base/priority.h"
#include "base/stop_signal.h"
#include "base/task_pool.h"
#include "base/trust.h"
#include "dumper/dump_item.h"
#include "dumper/publish.h"
#include "dumper/result_printer.h"
#include "dumper/sandbox.h"
#include "dumper/space.h"
#include "scanner/probe.h"

namespace repo {
namespace {

// Ends the run before an item was touched.
struct Refusal {
  ExitCode code;
  std::string message;
};

Result<Manifest> load_manifest(const std::string& path) {
  constexpr std::size_t kLargest = std::size_t{1} << 30;
  Result<UniqueFd> file =
      path == "-" ? Result<UniqueFd>(UniqueFd(dup(STDIN_FILENO))) : open_trusted(path);
  if (!file) return file.error();
  const Result<std::string> text = read_to_end(file->get(), kLargest);
  if (!text) return system_error("read", path, text.error().code);
  Result<Manifest> manifest = read_manifest(*text);
  if (!manifest) return plain_error("use", path == "-" ? "" : path, manifest.error().message);
  return manifest;
}

// Deep trees cost a descriptor a level.
void raise_descriptor_limit() {
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  setrlimit(RLIMIT_NOFILE, &limit);
}

// The items of one kind share what was found out about their tool.
struct ToolState {
  std::string version;
  std::optional<Error> missing;
};

class Run {
 public:
  Run(const DumpOptions& options, std::FILE* out, std::FILE* err)
      : options_(options), out_(out), err_(err) {}

  int run() {
    if (const auto refusal = prepare()) {
      put(err_, fmt::format("repo-dump: {}\n", refusal->message));
      return exit_status(refusal->code);
    }
    if (stop_requested() != 0) return stopped();
    if (options_.dry_run) return print_plan();
    const std::optional<Refusal> refused = open_target();
    if (stop_requested() != 0) return stopped();
    if (refused) {
      put(err_, fmt::format("repo-dump: {}\n", refused->message));
      return exit_status(refused->code);
    }
    return dump_all();
  }

 private:
  int stopped() const {
    put(err_,
        fmt::format("repo-dump: stopped by signal {}: nothing was copied\n", stop_requested()));
    return exit_status_for_signal(stop_requested());
  }

  static Refusal refuse(ExitCode code, const Error& error) {
    return {code, "cannot " + describe(error)};
  }

  std::optional<Refusal> prepare() {
    summary_.started = utc_now();
    Result<Manifest> manifest = load_manifest(options_.manifest);
    if (stop_requested() != 0) return std::nullopt;
    if (!manifest) return refuse(ExitCode::kUsage, manifest.error());
    summary_.scan_complete = manifest->complete;
    if (!manifest->complete) {
      put(err_, "repo-dump: the manifest is of an incomplete scan: there may be more\n");
    }
    std::vector<std::string> unknown;
    plan_ = make_plan(*manifest, {options_.kinds, options_.only}, unknown);
    if (!unknown.empty()) {
      return Refusal{ExitCode::kUsage,
                     "--only " + printable(unknown.front()) + ": no item of the manifest"};
    }
    for (const std::string& kind : options_.kinds) {
      if (!find_dumper(kind)) {
        return Refusal{ExitCode::kUsage, "--kinds " + printable(kind) + ": no such kind"};
      }
    }
    if (!options_.results.empty()) {
      const std::size_t slash = options_.results.rfind('/');
      const std::string parent =
          slash == std::string::npos ? "." : options_.results.substr(0, slash + 1);
      if (access(parent.c_str(), W_OK) != 0) {
        return refuse(ExitCode::kUsage, system_error("write", options_.results, errno));
      }
    }
    Result<TargetLook> target = look_at_target(options_.to);
    if (!target) return refuse(ExitCode::kFailed, target.error());
    target_ = *std::move(target);
    for (PlanItem& item : plan_) {
      if (!item.refused && is_within(item.source.path, target_.path)) {
        item.refused =
            plain_error("copy", item.source.path, "it is one of the copies in " + target_.path);
      }
    }
    for (const ManifestItem& item : manifest->items) {  // whether they are wanted or not
      // Not among the working files of an hg repository either, but for one of the whole machine.
      const Repository& source = item.repository;
      const std::string& taken = source.path == "/" ? source.store : source.path;
      const bool is_copy = is_within(source.path, target_.path);
      if (find_dumper(source.kind) && !is_copy && is_within(target_.path, taken)) {
        return Refusal{ExitCode::kFailed, "cannot use " + printable(target_.path) +
                                              ": it lies inside the repository " +
                                              printable(source.path)};
      }
    }
    if (options_.nice) {
      if (Status lowered = lower_priority(); !lowered) {
        put(err_, fmt::format("repo-dump: --nice: {}\n", describe(lowered.error())));
      }
    }
    raise_descriptor_limit();
    measure();
    return std::nullopt;
  }

  // What each source takes on disk. One that cannot be read counts nothing here, and fails when
  // its turn comes.
  void measure() {
    needs_.resize(plan_.size());
    unreadable_.resize(plan_.size());
    for_each_item([&](std::size_t i, int) {
      const PlanItem& item = plan_[i];
      if (item.refused) return;
      const Result<UniqueFd> source = open_source(item.source);
      if (!source) {
        unreadable_[i] = source.error();
        return;
      }
      const std::string inside = store_inside(item.source).value_or("");
      const Result<UniqueFd> store =
          open_beneath(source->get(), inside.empty() ? "." : inside, O_RDONLY | O_DIRECTORY);
      if (!store) return;
      const Patience patience{std::chrono::steady_clock::now() + options_.max_time,
                              options_.timeout};
      const Result<TreeLook> look = look_at_tree({store->get(), std::nullopt}, Skip(), patience);
      // What inflates fails in its turn, and must not keep the others from being copied.
      if (!look || inflates(*look)) return;
      constexpr std::uint64_t kBlock = 512;
      for (const TreeEntry& entry : look->entries) {
        needs_[i].bytes += static_cast<std::uint64_t>(entry.st.st_blocks) * kBlock;
      }
    });
  }

  // Runs `work` for every index of the plan on `jobs` threads.
  void for_each_item(const std::function<void(std::size_t, int)>& work) const {
    const std::unique_ptr<TaskPool> pool = make_task_pool(options_.jobs);
    pool->run([&](int) {
      // A thread takes what was spawned last first.
      for (std::size_t i = plan_.size(); i-- > 0;) {
        pool->spawn([&work, i](int worker) { work(i, worker); });
      }
    });
  }

  int print_plan() {
    bool refused = false;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      const PlanItem& item = plan_[i];
      ItemResult result = failed_item(item);
      result.error = item.refused ? item.refused : unreadable_[i];
      if (!result.error) result.status = ItemStatus::kSkipped;
      refused = refused || result.error;
      result.bytes = needs_[i].bytes;
      summary_.bytes += result.bytes;
      ++summary_.counts[result.status];
      if (options_.json) {
        put(out_, result_line(result));
      } else if (result.error) {
        put(out_, fmt::format("{:<8} {:<4} {}: {}\n", "REFUSED", printable(item.source.kind),
                              printable(item.source.path), printable(result.error->message)));
      } else if (!options_.quiet) {
        put(out_, fmt::format("would copy {:<4} {}  ({})\n", item.source.kind,
                              printable(item.source.path), human_bytes(result.bytes)));
      }
    }
    summary_.finished = utc_now();
    const bool incomplete = refused || !summary_.scan_complete;
    summary_.exit_status = exit_status(incomplete ? ExitCode::kIncomplete : ExitCode::kOk);
    if (options_.json) {
      put(out_, summary_line(summary_));
    } else if (!options_.quiet) {
      put(out_, fmt::format("{} items, {} to copy, into {}{}\n", plan_.size(),
                            human_bytes(summary_.bytes), printable(target_.path),
                            target_.initialised ? "" : " (which would be made)"));
    }
    if (std::fflush(out_) != 0) return output_failed();
    return summary_.exit_status;
  }

  std::optional<Refusal> open_target() {
    Result<DumpRoot> root = open_dump_root(target_);
    if (!root) {
      const bool locked = root.error().code == EWOULDBLOCK;
      return refuse(locked ? ExitCode::kLocked : ExitCode::kFailed, root.error());
    }
    root_.emplace(*std::move(root));
    for (const Error& error : recover_staging(*root_)) {
      put(err_, fmt::format("repo-dump: cannot {} of an earlier run in {}\n", describe(error),
                            printable(root_->path)));
    }
    if (auto refusal = check_space()) return refusal;
    if (options_.sandbox) {
      Result<std::unique_ptr<CommandRunner>> sandbox = make_sandbox();
      if (!sandbox) return refuse(ExitCode::kFailed, sandbox.error());
      runner_ = *std::move(sandbox);
    } else {
      runner_ = make_direct_runner();
    }
    for (const PlanItem& item : plan_) {
      if (!item.refused && !tools_.contains(item.source.kind)) ask_tool(item.source.kind);
    }
    return std::nullopt;
  }

  // An item that alone is more than what is free fails alone: its owner must not be able to keep
  // all others from being copied.
  std::optional<Refusal> check_space() {
    struct statvfs st = {};
    if (fstatvfs(root_->top.get(), &st) != 0) {
      return refuse(ExitCode::kFailed, system_error("measure", root_->path, errno));
    }
    const std::uint64_t free = st.f_bavail * st.f_frsize;
    bool any_fits = false;
    bool some_too_large = false;
    std::uint64_t too_large = 0;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      PlanItem& item = plan_[i];
      if (item.refused) continue;
      if (needs_[i].bytes > free) {
        item.refused = plain_error("copy", item.source.path,
                                   fmt::format("needs about {}, {} are free",
                                               human_bytes(needs_[i].bytes), human_bytes(free)));
        some_too_large = true;
        too_large += needs_[i].bytes;
        needs_[i] = {};
        continue;
      }
      any_fits = true;
      needs_[i].freed = bytes_to_be_freed(*root_, item.source.kind, item.id, options_.keep);
    }
    std::uint64_t needed = bytes_needed(needs_, options_.jobs);
    const bool none_fits = !any_fits && some_too_large;
    if (needed <= free && !none_fits) return std::nullopt;
    needed += too_large;
    return Refusal{ExitCode::kFailed,
                   fmt::format("cannot use {}: the copies need about {}, {} are free: nothing was "
                               "copied. Make room, or choose items with --only or --kinds",
                               printable(root_->path), human_bytes(needed), human_bytes(free))};
  }

  void ask_tool(const std::string& kind) {
    const Dumper* dumper = find_dumper(kind);
    ToolState& state = tools_[kind];
    const std::string tool = dumper->tool();
    if (access(("/usr/bin/" + tool).c_str(), X_OK) != 0 &&
        access(("/bin/" + tool).c_str(), X_OK) != 0) {
      state.missing =
          plain_error("run", "", tool + " is not installed: apt-get install " + dumper->package());
      return;
    }
    const Patience patience{std::chrono::steady_clock::now() + options_.timeout, options_.timeout};
    Result<std::string> version = dumper->tool_version(*runner_, patience);
    if (version) {
      state.version = *std::move(version);
    } else {
      state.missing = version.error();
    }
  }

  static ItemResult failed_item(const PlanItem& item) {
    ItemResult result;
    result.id = item.id;
    result.kind = item.source.kind;
    result.path = item.source.path;
    result.status = ItemStatus::kFailed;
    return result;
  }

  // No exception may leave a task: it would end the run of all others.
  ItemResult guarded(const PlanItem& item, int worker) const {
    try {
      return one(item, worker);
    } catch (const std::exception& error) {
      ItemResult result = failed_item(item);
      result.error = plain_error("copy", item.source.path, error.what());
      return result;
    }
  }

  ItemResult one(const PlanItem& item, int worker) const {
    ItemResult result = failed_item(item);
    if (stop_requested() != 0) {
      result.status = ItemStatus::kSkipped;
      result.error = plain_error("", "", "stopped before its turn");
    } else if (item.refused) {
      result.error = item.refused;
    } else if (tools_.at(item.source.kind).missing) {
      result.error = tools_.at(item.source.kind).missing;
    } else {
      const ItemContext context{*root_,
                                *runner_,
                                host_,
                                tools_.at(item.source.kind).version,
                                kFirstSandboxUid + static_cast<std::uint32_t>(worker),
                                options_.keep,
                                options_.timeout,
                                options_.max_time};
      return dump_item(item, *find_dumper(item.source.kind), context);
    }
    return result;
  }

  int dump_all() {
    const auto start = std::chrono::steady_clock::now();
    RunRecord record{
        host_, "repo-dump " REPO_BACKUP_VERSION, getpid(), summary_.started, std::nullopt, nullptr};
    const std::string record_name = free_record_name();
    Status recorded = replace_file_at(root_->runs.get(), record_name, write_run_record(record));
    if (!recorded) {
      put(err_, fmt::format("repo-dump: cannot {} in {}/control/runs\n", describe(recorded.error()),
                            printable(root_->path)));
      return exit_status(ExitCode::kFailed);
    }
    std::vector<ItemResult> results(plan_.size());
    std::mutex printing;
    bool printed = true;
    for_each_item([&](std::size_t i, int worker) {
      results[i] = guarded(plan_[i], worker);
      const std::lock_guard lock(printing);
      printed = print_item(results[i]) && printed;
    });

    bool incomplete = !summary_.scan_complete;
    for (const ItemResult& result : results) {
      ++summary_.counts[result.status];
      summary_.bytes += result.bytes;
      incomplete = incomplete || result.status != ItemStatus::kCopied || result.error;
    }
    summary_.finished = utc_now();
    summary_.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    summary_.exit_status = exit_status(incomplete ? ExitCode::kIncomplete : ExitCode::kOk);
    if (stop_requested() != 0) summary_.exit_status = exit_status_for_signal(stop_requested());
    record.summary = summary_;
    record.results = &results;
    recorded = replace_file_at(root_->runs.get(), record_name, write_run_record(record));
    if (recorded && !options_.results.empty()) recorded = write_results(results);
    if (!recorded) {
      put(err_, fmt::format("repo-dump: cannot {}\n", describe(recorded.error())));
      summary_.exit_status = std::max(summary_.exit_status, exit_status(ExitCode::kIncomplete));
    }
    if (options_.json) {
      put(out_, summary_line(summary_));
    } else if (!options_.quiet) {
      put(out_, text_summary(summary_, root_->path));
    }
    if (std::fflush(out_) != 0 || !printed) {
      // The copies are there, and so is the record of the run.
      output_failed();
      return std::max(summary_.exit_status, exit_status(ExitCode::kIncomplete));
    }
    return summary_.exit_status;
  }

  bool print_item(const ItemResult& result) {
    if (options_.json) {
      put(out_, result_line(result));
    } else if (!options_.quiet || result.error) {
      put(out_, text_line(result));
    }
    return std::fflush(out_) == 0;
  }

  Status write_results(const std::vector<ItemResult>& results) const {
    std::string lines;
    for (const ItemResult& result : results) lines += result_line(result);
    return replace_file(options_.results, lines + summary_line(summary_));
  }

  std::string free_record_name() const {
    UtcTime time = summary_.started;
    while (faccessat(root_->runs.get(), (stamp(time) + ".json").c_str(), F_OK, 0) == 0) {
      time += std::chrono::seconds(1);
    }
    return stamp(time) + ".json";
  }

  int output_failed() const {
    put(err_, fmt::format("repo-dump: cannot write to standard output\n"));
    return exit_status(ExitCode::kFailed);
  }

  const DumpOptions& options_;
  std::FILE* out_;
  std::FILE* err_;
  const std::string host_ = host_name();
  std::vector<PlanItem> plan_;
  std::vector<SpaceNeed> needs_;
  std::vector<std::optional<Error>> unreadable_;  // what open_source said when it was measured
  TargetLook target_;
  std::optional<DumpRoot> root_;
  std::unique_ptr<CommandRunner> runner_;
  std::map<std::string, ToolState> tools_;
  RunSummary summary_;
};

}  // namespace

int run_dump(const DumpOptions& options, std::FILE* out, std::FILE* err) {
  return Run(options, out, err).run();
}

}  // namespace repo

#include "scanner/scan.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/descriptor_limit.h"
#include "base/exit_code.h"
#include "base/file_io.h"
#include "base/host.h"
#include "base/print.h"
#include "base/priority.h"
#include "base/stop_signal.h"
#include "base/task_pool.h"
#include "scanner/check_kinds.h"
#include "scanner/kind_places.h"
#include "scanner/manifest.h"
#include "scanner/manifest_file.h"
#include "scanner/pointers.h"
#include "scanner/roots.h"
#include "scanner/scan_diff.h"
#include "scanner/scan_progress.h"
#include "scanner/walk_apart.h"
#include "scanner/walker.h"

namespace repo {
namespace {

// Leaves room for what each thread has in its hands.
int open_directory_budget(int jobs) {
  constexpr std::uint64_t kMost = 65536;
  const auto open = static_cast<long>(std::min(raise_descriptor_limit(), kMost));
  return static_cast<int>(std::clamp(open - 3L * jobs - 16, 0L, 32768L));
}

Status print(std::FILE* out, std::string_view bytes) {
  if (!put(out, bytes) || std::fflush(out) != 0) {
    return system_error("write", "standard output", errno);
  }
  return {};
}

std::string listing(ScanResult& result, bool nul) {
  std::sort(result.repositories.begin(), result.repositories.end(),
            [](const Repository& a, const Repository& b) { return a.path < b.path; });
  std::string text;
  for (const Repository& repository : result.repositories) {
    text += nul ? repository.path : printable(repository.path);
    text += nul ? '\0' : '\n';
  }
  return text;
}

void tell(const ScanOptions& options, const ScanResult& result, std::FILE* err) {
  for (const Error& error : result.errors) {
    put(err, fmt::format("repo-scan: cannot {}\n", describe(error)));
  }
  if (options.quiet) return;
  // There may be hundreds of snapshots: with one reason, the first few.
  constexpr std::size_t kShown = 3;
  std::map<std::string, std::size_t> of_reason;
  for (const Pruned& pruned : result.pruned) {
    const bool is_shown = pruned.notable && ++of_reason[pruned.why] <= kShown;
    if (!is_shown && !options.verbose) continue;
    put(err,
        fmt::format("repo-scan: {}: {} ({})\n", pruned.notable ? "not looked at" : "not entered",
                    printable(pruned.path), printable(pruned.why)));
  }
  for (const auto& [why, count] : of_reason) {
    if (count <= kShown || options.verbose) continue;
    put(err, fmt::format("repo-scan: not looked at: {} more ({}), see the manifest or -v\n",
                         count - kShown, printable(why)));
  }
  for (const std::string& line : tell_lost_pointers(result, options.verbose)) {
    put(err, fmt::format("repo-scan: {}\n", line));
  }
  const ScanStats& stats = result.stats;
  put(err, fmt::format("repo-scan: {} repositories in {} directories, {:.2f} s{}\n",
                       result.repositories.size(), stats.directories, stats.seconds,
                       result.complete ? "" : ", INCOMPLETE"));
}

Result<ScanResult> with_progress(const ScanOptions& options, const std::vector<std::string>& roots,
                                 std::FILE* err) {
  ScanProgress progress(err, !options.quiet && shows_progress(options.progress, err));
  return scan(options, roots, &progress);
}

// The difference, and then the manifest: what could not be told will be told by the next scan.
Status write_difference(const ScanOptions& options, const Manifest& older,
                        const std::string& manifest, const std::string& tool, std::FILE* out,
                        std::FILE* err) {
  const Result<ToldDifference> told = difference_to(older, manifest, tool, options.json);
  if (!told) return told.error();
  if (!options.quiet) put(err, "repo-scan: " + told->summary + "\n");
  Status written = print(out, told->result);
  if (written && !options.output.empty()) written = replace_file(options.output, manifest);
  return written;
}

int stopped(std::FILE* err) {
  put(err, fmt::format("repo-scan: stopped by signal {}: nothing was written\n", stop_requested()));
  return exit_status_for_signal(stop_requested());
}

}  // namespace

Result<ScanResult> scan(const ScanOptions& options, const std::vector<std::string>& roots,
                        WalkWatcher* watcher) {
  const auto start = std::chrono::steady_clock::now();
  const Result<std::vector<Mount>> mounts = read_mounts();
  if (!mounts) return mounts.error();
  const WalkMap map(*mounts, {roots, options.one_file_system, options.network, options.fs_types,
                              options.excludes, options.layers});
  WalkOptions walk_options{{},
                           options.kinds,
                           options.excludes,
                           open_directory_budget(options.jobs),
                           !options.no_leaf_skip,
                           options.layers,
                           watcher,
                           options.known};
  // First, while there is no other thread.
  std::vector<Pruned> not_reached =
      places_not_reached(options.known, options.kinds, map, roots, options.excludes, options.stall);
  ScanResult apart = walk_apart(walk_options, map, options.jobs, options.stall);
  for (const WalkMap::Root& root : map.roots()) {
    if (!root.may_hang) walk_options.roots.push_back(root.path);
  }
  const std::unique_ptr<TaskPool> pool = make_task_pool(options.jobs);
  ScanResult result = walk(walk_options, map, real_file_system(), *pool);
  merge(std::move(apart), result);
  for (Pruned& each : not_reached) result.pruned.push_back(std::move(each));
  resolve_pointers(result);
  result.stats.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

int run_scan(const ScanOptions& options, std::FILE* out, std::FILE* err) {
  if (options.check_kinds) return check_kinds(options.kinds_folder, out, err);
  if (options.nice) {
    if (Status lowered = lower_priority(); !lowered) {
      put(err, fmt::format("repo-scan: --nice: {}\n", describe(lowered.error())));
    }
  }
  if (!options.output.empty()) {
    if (const Status checked = check_replaceable(options.output); !checked) {
      put(err, fmt::format("repo-scan: cannot {}\n", describe(checked.error())));
      return exit_status(ExitCode::kFailed);
    }
  }
  std::optional<Manifest> older;
  if (!options.diff.empty()) {
    Result<Manifest> loaded = load_manifest(options.diff);
    if (stop_requested() != 0) return stopped(err);
    if (!loaded) {
      put(err, fmt::format("repo-scan: cannot {}\n", describe(loaded.error())));
      return exit_status(ExitCode::kUsage);
    }
    older = *std::move(loaded);
  }
  ManifestHeader header{"repo-scan " REPO_BACKUP_VERSION, host_name(), utc_now(), {}, {}, {}};
  std::vector<Error> root_errors;
  header.roots = resolve_roots(options.roots, options.stall, root_errors);
  if (header.roots.empty()) {
    for (const Error& error : root_errors) {
      put(err, fmt::format("repo-scan: cannot {}\n", describe(error)));
    }
    return exit_status(ExitCode::kFailed);
  }
  Result<ScanResult> result = with_progress(options, header.roots, err);
  if (!result) {
    put(err, fmt::format("repo-scan: cannot {}\n", describe(result.error())));
    return exit_status(ExitCode::kFailed);
  }
  result->errors.insert(result->errors.end(), root_errors.begin(), root_errors.end());
  result->complete = result->complete && root_errors.empty();
  header.finished = utc_now();
  header.kinds.assign(options.kinds.begin(), options.kinds.end());
  for (const UserKind& each : options.known.user()) {
    if (!options.kinds.empty() && !options.kinds.contains(each.name)) continue;
    header.user_kinds.push_back({each.name, each.signature.paths});
  }

  if (stop_requested() != 0) return stopped(err);
  tell(options, *result, err);
  const bool complete = result->complete;
  Status written;
  if (options.list) {
    const std::string text = listing(*result, options.nul);
    written = options.output.empty() ? print(out, text) : replace_file(options.output, text);
  } else {
    const std::string text = write_manifest(header, *std::move(result));
    if (older) {
      written = write_difference(options, *older, text, header.tool, out, err);
    } else {
      written = options.output.empty() ? print(out, text) : replace_file(options.output, text);
    }
  }
  if (!written) {
    put(err, fmt::format("repo-scan: cannot {}\n", describe(written.error())));
    return exit_status(ExitCode::kFailed);
  }
  return exit_status(complete ? ExitCode::kOk : ExitCode::kIncomplete);
}

}  // namespace repo

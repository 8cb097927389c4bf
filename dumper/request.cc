#include "dumper/request.h"

#include <algorithm>
#include <optional>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/dumper.h"
#include "dumper/identity.h"
#include "dumper/plan.h"
#include "scanner/manifest_file.h"

namespace repo {
namespace {

Refusal usage(const std::string& message) { return {ExitCode::kUsage, message}; }

std::optional<Refusal> choose_items(const DumpOptions& options, const Dumpers& dumpers,
                                    Request& request) {
  std::vector<std::string> unknown;
  for (PlanItem& item :
       make_plan(request.manifest, {options.kinds, options.only}, dumpers, unknown)) {
    RunItem& added = request.items.emplace_back();
    added.accepted = options.accept.contains(item.id) || options.accept.contains(item.source.path);
    added.plan = std::move(item);
    // Whoever names an item wants it.
    if (options.only.empty()) {
      added.decision = decide(request.policy, added.plan.source, std::nullopt);
    }
  }
  if (!unknown.empty()) {
    return usage("--only " + printable(unknown.front()) + ": no item of the manifest");
  }
  for (const std::string& kind : options.kinds) {
    if (!dumpers.find(kind)) return usage("--kinds " + printable(kind) + ": no such kind");
  }
  for (const std::string& each : options.accept) {
    const bool known = std::any_of(
        request.items.begin(), request.items.end(),
        [&](const RunItem& item) { return item.plan.id == each || item.plan.source.path == each; });
    if (!known) return usage("--accept " + printable(each) + ": no item of the manifest");
  }
  if (!options.forget.empty() && !request.manifest.complete) {
    return usage("--forget: the scan was not complete, so nothing is known to be gone");
  }
  return std::nullopt;
}

std::optional<Refusal> check_results_file(const std::string& file) {
  if (file.empty()) return std::nullopt;
  const Status checked = check_replaceable(file);
  if (checked) return std::nullopt;
  return refuse(ExitCode::kUsage, checked.error());
}

std::optional<Refusal> choose_target(const DumpOptions& options, const Dumpers& dumpers,
                                     Request& request) {
  Result<TargetLook> target = look_at_target(options.to);
  if (!target) return refuse(ExitCode::kFailed, target.error());
  request.target = *std::move(target);
  const std::string& top = request.target.path;
  for (RunItem& item : request.items) {
    const std::string& path = item.plan.source.path;
    if (!item.plan.refused && is_within(path, top)) {
      item.plan.refused = plain_error("copy", path, "it is one of the copies in " + top);
    }
  }
  for (const ManifestItem& item : request.manifest.items) {  // whether they are wanted or not
    // Not among the working files of an hg repository either, but for one of the whole machine.
    const Repository& source = item.repository;
    const std::string& taken = source.path == "/" ? source.store : source.path;
    const bool is_copy = is_within(source.path, top);
    if (dumpers.find(source.kind) && !is_copy && is_within(top, taken)) {
      return Refusal{ExitCode::kFailed, "cannot use " + printable(top) +
                                            ": it lies inside the repository " +
                                            printable(source.path)};
    }
  }
  return std::nullopt;
}

}  // namespace

Refusal refuse(ExitCode code, const Error& error) { return {code, "cannot " + describe(error)}; }

std::variant<Request, Refusal> read_request(const DumpOptions& options, const Dumpers& dumpers) {
  Request request;
  Result<Manifest> manifest = load_manifest(options.manifest);
  if (!manifest) return refuse(ExitCode::kUsage, manifest.error());
  request.manifest = *std::move(manifest);
  request.policy = options.policy;
  request.unknown_owners = find_owners(request.policy, find_user);
  if (auto refusal = choose_items(options, dumpers, request)) return *std::move(refusal);
  if (auto refusal = check_results_file(options.results)) return *std::move(refusal);
  if (auto refusal = choose_target(options, dumpers, request)) return *std::move(refusal);
  return request;
}

}  // namespace repo

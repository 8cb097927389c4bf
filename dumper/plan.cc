#include "dumper/plan.h"

#include <algorithm>
#include <map>

#include "base/bytes_path.h"
#include "dumper/dumper.h"
#include "scanner/probe.h"

namespace repo {
namespace {

std::optional<Error> refusal(const Repository& source, const Manifest& manifest,
                             bool shares_its_id) {
  auto refuse = [&](const std::string& why) { return plain_error("copy", source.path, why); };
  if (!find_dumper(source.kind)) {
    return refuse("no way is known to copy the kind " + source.kind);
  }
  const bool inside =
      std::any_of(manifest.roots.begin(), manifest.roots.end(),
                  [&](const std::string& root) { return is_within(source.path, root); });
  if (!inside) return refuse("outside the roots that the manifest names");
  if (source.store != store_of(source.kind, source.path)) {
    return refuse("its store should be " + store_of(source.kind, source.path) +
                  ", the manifest says " + source.store);
  }
  if (shares_its_id) return refuse("another item of the manifest has the same kind and id");
  return std::nullopt;
}

}  // namespace

std::vector<PlanItem> make_plan(const Manifest& manifest, const PlanFilter& filter,
                                std::vector<std::string>& unknown) {
  std::map<std::pair<std::string, std::string>, int> seen;
  std::set<std::string> named;
  for (const ManifestItem& item : manifest.items) {
    ++seen[{item.repository.kind, item.id}];
    named.insert(item.id);
    named.insert(item.repository.path);
  }
  for (const std::string& each : filter.only) {
    if (!named.contains(each)) unknown.push_back(each);
  }
  std::vector<std::string> stores;
  for (const ManifestItem& item : manifest.items) stores.push_back(item.repository.store);
  std::sort(stores.begin(), stores.end());

  std::vector<PlanItem> plan;
  for (const ManifestItem& item : manifest.items) {
    const Repository& source = item.repository;
    if (!filter.kinds.empty() && !filter.kinds.contains(source.kind)) continue;
    if (!filter.only.empty() && !filter.only.contains(item.id) &&
        !filter.only.contains(source.path)) {
      continue;
    }
    PlanItem planned{item.id, source, std::nullopt, {}};
    planned.refused = refusal(source, manifest, seen[{source.kind, item.id}] > 1);
    // Sorted: everything below the store stands together behind it.
    const std::string below = source.store == "/" ? "/" : source.store + "/";
    for (auto each = std::lower_bound(stores.begin(), stores.end(), below);
         each != stores.end() && each->starts_with(below); ++each) {
      if (*each == source.store) continue;  // "/" is below itself here
      const std::size_t cut = source.path == "/" ? 1 : source.path.size() + 1;
      planned.nested.push_back(each->substr(cut));
    }
    plan.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace repo

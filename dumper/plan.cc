#include "dumper/plan.h"

#include <algorithm>
#include <map>

#include "base/bytes_path.h"
#include "dumper/dumper.h"
#include "scanner/probe.h"
#include "scanner/signature.h"

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
  if (!store_inside(source)) {
    return refuse("no " + source.kind + " repository has its store at " + source.store);
  }
  if (shares_its_id) return refuse("another item of the manifest has the same kind and id");
  return std::nullopt;
}

// What lies in the kind's own folders is the repository's, whatever a manifest says: the walk looks
// for no other there.
bool is_own(const Repository& source, const std::string& inside_store) {
  const std::string first = inside_store.substr(0, inside_store.find('/'));
  for (const Signature& row : signatures()) {
    if (row.kind != source.kind) continue;
    for (const std::string_view own : row.pruned) {
      if (row.inside.empty() ? own == first : own == row.inside) return true;
    }
  }
  return false;
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
  std::vector<const Repository*> by_store;
  for (const ManifestItem& item : manifest.items) by_store.push_back(&item.repository);
  std::sort(by_store.begin(), by_store.end(),
            [](const Repository* a, const Repository* b) { return a->store < b->store; });

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
    auto each = std::lower_bound(by_store.begin(), by_store.end(), below,
                                 [](const Repository* repository, const std::string& path) {
                                   return repository->store < path;
                                 });
    for (; each != by_store.end() && (*each)->store.starts_with(below); ++each) {
      if ((*each)->store == source.store) continue;  // "/" is below itself here
      const std::string inside = (*each)->store.substr(below.size());
      if (!is_own(source, inside)) planned.nested.push_back(**each);
    }
    plan.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace repo

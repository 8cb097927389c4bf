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
                             const Dumper* dumper, bool shares_its_id) {
  auto refuse = [&](const std::string& why) { return plain_error("copy", source.path, why); };
  if (!dumper) {
    return refuse("no way is known to copy the kind " + source.kind);
  }
  const bool inside =
      std::any_of(manifest.roots.begin(), manifest.roots.end(),
                  [&](const std::string& root) { return is_within(source.path, root); });
  if (!inside) return refuse("outside the roots that the manifest names");
  const bool is_store =
      dumper->user_kind() ? source.store == source.path : store_inside(source).has_value();
  if (!is_store) {
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
    for (const std::string& own : row.pruned) {
      if (row.inside.empty() ? own == first : own == row.inside) return true;
    }
  }
  return false;
}

using ByStore = std::vector<const Repository*>;  // sorted by that

ByStore::const_iterator first_from(const ByStore& by_store, const std::string& path) {
  return std::lower_bound(by_store.begin(), by_store.end(), path,
                          [](const Repository* repository, const std::string& from) {
                            return repository->store < from;
                          });
}

// The outermost of the stores in `seen` that `store` lies in; empty where there is none.
std::string covering(const std::set<std::string>& seen, const std::string& store,
                     std::size_t from) {
  for (std::size_t at = store.find('/', from); at != std::string::npos;
       at = store.find('/', at + 1)) {
    std::string above = store.substr(0, at);
    if (seen.contains(above)) return above;
  }
  return "";
}

// The outermost repositories inside `source`: where one is left out, so is all that is in it. Users
// may have put thousands into each other.
std::vector<Repository> nested_in(const Repository& source, const ByStore& by_store) {
  std::vector<Repository> nested;
  std::set<std::string> seen;
  // Sorted: everything below a store stands together behind it, though not at once ("a-b" < "a/b").
  const std::string below = source.store == "/" ? "/" : source.store + "/";
  auto each = first_from(by_store, below);
  while (each != by_store.end() && (*each)->store.starts_with(below)) {
    const std::string& store = (*each)->store;
    const std::string outer = covering(seen, store, below.size());
    if (!outer.empty()) {
      constexpr char kAfterSlash = '/' + 1;
      each = first_from(by_store, outer + kAfterSlash);
      continue;
    }
    // "/" is below itself here.
    if (store != source.store && !is_own(source, store.substr(below.size())) &&
        seen.insert(store).second) {
      nested.push_back(**each);
    }
    ++each;
  }
  return nested;
}

}  // namespace

std::vector<PlanItem> make_plan(const Manifest& manifest, const PlanFilter& filter,
                                const Dumpers& dumpers, std::vector<std::string>& unknown) {
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
  ByStore by_store;
  for (const ManifestItem& item : manifest.items) {
    const Dumper* dumper = dumpers.find(item.repository.kind);
    if (!dumper || !dumper->user_kind()) by_store.push_back(&item.repository);
  }
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
    PlanItem planned{item.id, source, std::nullopt, {}, dumpers.find(source.kind)};
    planned.refused = refusal(source, manifest, planned.dumper, seen[{source.kind, item.id}] > 1);
    planned.nested = nested_in(source, by_store);
    plan.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace repo

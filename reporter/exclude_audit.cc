#include "reporter/exclude_audit.h"

#include <algorithm>
#include <optional>

#include "base/bytes_path.h"

namespace repo {
namespace {

// What decides about an excluded path.
struct Around {
  std::vector<const KnownRepository*> inside;  // repositories whose store is the path or below it
  const KnownRepository* innermost = nullptr;  // whose store holds the path, or is it
};

// `sorted` by store. Stores around `path` are found by its own beginnings, those in it follow one
// another: a list of thousands against thousands is no product of the two.
class Stores {
 public:
  explicit Stores(const std::vector<KnownRepository>& known) {
    for (const KnownRepository& each : known) sorted_.push_back(&each);
    std::stable_sort(sorted_.begin(), sorted_.end(),
                     [](const auto* a, const auto* b) { return a->store < b->store; });
  }

  Around around(const std::string& path) const {
    Around found;
    add_all(path, found.inside);
    // Not one run in the order of bytes: "/a b" sorts between "/a" and "/a/b".
    const std::string below = path == "/" ? path : path + '/';
    for (auto each = first(below); each != sorted_.end() && (*each)->store.starts_with(below);
         ++each) {
      if ((*each)->store != path) found.inside.push_back(*each);
    }
    for (std::string up = path;; up = parent(up)) {
      Sorted here;
      add_all(up, here);
      if (here.empty() && up != "/") continue;
      if (here.empty()) break;
      // Two of one store (a path of another kind inside it): the worse one decides.
      const auto worse =
          std::find_if(here.begin(), here.end(), [](const auto* each) { return !each->promised; });
      found.innermost = worse == here.end() ? here.front() : *worse;
      break;
    }
    return found;
  }

 private:
  using Sorted = std::vector<const KnownRepository*>;

  static std::string parent(const std::string& path) {
    return path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
  }

  Sorted::const_iterator first(const std::string& store) const {
    return std::lower_bound(sorted_.begin(), sorted_.end(), store,
                            [](const auto* each, const auto& text) { return each->store < text; });
  }

  void add_all(const std::string& store, Sorted& to) const {
    for (auto each = first(store); each != sorted_.end() && (*each)->store == store; ++each) {
      to.push_back(*each);
    }
  }

  Sorted sorted_;
};

std::optional<ExcludeFinding> audit(const std::string& path, const Around& around) {
  ExcludeFinding finding{path, ExcludeFault::kNoFreshCopy};
  for (const KnownRepository* each : around.inside) {
    if (!each->promised) finding.repositories.push_back(*each);
  }
  const KnownRepository* outer = around.innermost;
  if (outer != nullptr && !outer->promised && outer->store != path) {
    finding.repositories.push_back(*outer);
  }
  if (!finding.repositories.empty()) return finding;
  if (outer != nullptr) return std::nullopt;
  finding.fault =
      around.inside.empty() ? ExcludeFault::kHoldsNoRepository : ExcludeFault::kReachesBeyond;
  return finding;
}

}  // namespace

std::vector<ExcludeFinding> audit_excludes(const std::vector<std::string>& excluded,
                                           const std::vector<KnownRepository>& known) {
  const Stores stores(known);
  std::vector<ExcludeFinding> findings;
  for (const std::string& path : excluded) {
    if (auto finding = audit(path, stores.around(path))) findings.push_back(std::move(*finding));
  }
  return findings;
}

std::string describe(const ExcludeFinding& finding) {
  std::string line = printable(finding.path) + ": ";
  switch (finding.fault) {
    case ExcludeFault::kNoFreshCopy:
      line += "no fresh verified copy of ";
      for (const KnownRepository& each : finding.repositories) {
        if (&each != &finding.repositories.front()) line += ", ";
        line += printable(each.path);
        if (!each.state.empty()) line += " (" + printable(each.state) + ')';
      }
      break;
    case ExcludeFault::kReachesBeyond:
      line += "is more than stores of repositories: what else is in it has no copy";
      break;
    case ExcludeFault::kHoldsNoRepository:
      line += "holds no repository that was found";
      break;
  }
  return line;
}

}  // namespace repo

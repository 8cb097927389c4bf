#include "scanner/diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/bytes_path.h"
#include "scanner/signature.h"

namespace repo {
namespace {

// One of the older manifest that is not there any more, or one of the newer that was not there.
struct Loose {
  const Repository* repository = nullptr;
  bool taken = false;  // by a pair
  bool replaced = false;
};

using Key = std::tuple<std::string_view, std::string_view, std::string_view>;  // path, kind, store
Key key_of(const Repository& each) { return {each.path, each.kind, each.store}; }

using ByKey = std::map<Key, const Repository*>;

ByKey by_key(const Manifest& manifest) {
  ByKey all;
  for (const ManifestItem& item : manifest.items) {
    all.emplace(key_of(item.repository), &item.repository);
  }
  return all;
}

// Nothing where it is not known.
std::string identity_of(const Repository& repository) {
  const char* key = repository.kind == "svn"        ? "uuid"
                    : repository.kind == "hg"       ? "first"
                    : repository.kind == "postgres" ? "system_identifier"
                                                    : "";
  return find_text(repository.detail, key).value_or("");
}

bool differ(const Repository& a, const Repository& b) {
  const std::string one = identity_of(a);
  const std::string other = identity_of(b);
  return !one.empty() && !other.empty() && one != other;
}

// Says of one that was not found why that proves nothing.
class Doubt {
 public:
  explicit Doubt(const Manifest& now) : now_(now) {
    for (const Pruned& each : now.pruned) pruned_.emplace(each.path, &each);
    for (const Error& each : now.errors) errors_.emplace(each.path, &each);
    for (const ManifestItem& each : now.items) {
      for (const Signature& row : signatures()) {
        if (row.kind != each.repository.kind) continue;
        rows_.emplace(row.inside.empty() ? each.repository.store : each.repository.path, &row);
      }
    }
  }

  std::optional<std::string> about(const Repository& lost) const {
    if (!looked_for(now_, lost.kind, lost.path)) return "this kind was not looked for";
    const bool inside =
        std::any_of(now_.roots.begin(), now_.roots.end(),
                    [&](const std::string& root) { return is_within(lost.path, root); });
    if (!inside) return "outside the roots";
    for (std::string_view step = lost.path;; step = parent_of(step)) {
      if (auto why = about_step(step, lost.path)) return why;
      if (step == "/") break;
    }
    // What is broken names the part that is.
    const std::string inside_it = join_path(lost.path, "");
    for (auto each = errors_.lower_bound(inside_it);
         each != errors_.end() && each->first.starts_with(inside_it); ++each) {
      if (each->second->op == "probe") return text_of(*each->second);
    }
    if (!now_.complete) return "the scan is not complete";
    return std::nullopt;
  }

 private:
  static std::string_view parent_of(std::string_view path) {
    return path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  }

  static std::string text_of(const Error& error) {
    return "cannot " + error.op + " " + error.path + ": " + error.message;
  }

  // `step` is `path` or a directory above it.
  std::optional<std::string> about_step(std::string_view step, std::string_view path) const {
    if (const auto pruned = pruned_.find(step); pruned != pruned_.end()) {
      return (step == path ? "" : std::string(step) + " was ") +
             "not entered: " + pruned->second->why;
    }
    if (const auto error = errors_.find(step); error != errors_.end()) {
      return text_of(*error->second);
    }
    if (step == path) return std::nullopt;
    // A repository's own folders are not entered, and stand nowhere.
    const std::size_t begin = step == "/" ? 1 : step.size() + 1;
    const std::string_view child = path.substr(begin, path.find('/', begin) - begin);
    const auto [first, last] = rows_.equal_range(step);
    for (auto row = first; row != last; ++row) {
      const auto& own = row->second->pruned;
      if (std::find(own.begin(), own.end(), child) == own.end()) continue;
      return join_path(step, child) + " belongs to a repository, and was not entered";
    }
    return std::nullopt;
  }

  const Manifest& now_;
  std::map<std::string_view, const Pruned*> pruned_;
  std::map<std::string_view, const Error*> errors_;
  std::multimap<std::string_view, const Signature*> rows_;  // of what was found there
};

class Comparison {
 public:
  Comparison(const Manifest& older, const Manifest& now)
      : doubt_(now),
        before_(by_key(older)),
        after_(by_key(now)),
        same_host_(older.host == now.host),
        scanned_(older.finished) {}

  std::vector<DifferenceItem> run() {
    for (const auto& [key, repository] : before_) {
      const auto found = after_.find(key);
      if (found == after_.end()) {
        if (auto why = doubt_.about(*repository)) {
          add({Difference::kUnknown, repository->kind, repository->path, "", "", *std::move(why)});
        } else {
          lost_.push_back({repository});
        }
      } else if (differ(*repository, *found->second)) {
        lost_.push_back({repository, false, true});
        fresh_.push_back({found->second, false, true});
      }
    }
    for (const auto& [key, repository] : after_) {
      if (!before_.contains(key)) fresh_.push_back({repository});
    }
    auto by_path = [](const Loose& a, const Loose& b) {
      return key_of(*a.repository) < key_of(*b.repository);
    };
    std::sort(fresh_.begin(), fresh_.end(), by_path);

    if (same_host_) {
      pair([this](const Repository& each) {
        const auto place = std::tuple(each.kind, each.device, each.inode);
        const bool is_younger = each.born && scanned_ && *each.born > *scanned_;
        return is_younger ? std::nullopt : std::optional(place);
      });
    }
    pair([](const Repository& each) {
      std::string identity = identity_of(each);
      const bool known = !identity.empty();
      return known ? std::optional(std::pair(each.kind, std::move(identity))) : std::nullopt;
    });
    tell_replaced();
    tell_changed();
    for (const Loose& each : lost_) {
      if (!each.taken) add({Difference::kGone, each.repository->kind, each.repository->path});
    }
    for (const Loose& each : fresh_) {
      if (!each.taken) add({Difference::kNew, each.repository->kind, each.repository->path});
    }
    std::sort(items_.begin(), items_.end(), [](const DifferenceItem& a, const DifferenceItem& b) {
      auto shown = [](const DifferenceItem& each) {
        const bool moved = each.what == Difference::kMoved;
        return std::tie(moved ? each.from : each.path, each.kind, each.what);
      };
      return shown(a) < shown(b);
    });
    return std::move(items_);
  }

 private:
  void add(DifferenceItem item) { items_.push_back(std::move(item)); }

  // One that is lost with the first that is fresh and has the same token.
  template <typename Token>
  void pair(Token token) {
    using Value = typename decltype(token(Repository()))::value_type;
    std::multimap<Value, Loose*> waiting;  // equal ones in the order of paths
    for (Loose& each : fresh_) {
      if (each.taken) continue;
      if (auto value = token(*each.repository)) waiting.emplace(*std::move(value), &each);
    }
    for (Loose& each : lost_) {
      const auto value = each.taken ? std::nullopt : token(*each.repository);
      if (!value) continue;
      const auto [first, last] = waiting.equal_range(*value);
      for (auto other = first; other != last; ++other) {
        const Repository& there = *other->second->repository;
        if (differ(*each.repository, there)) continue;
        add({Difference::kMoved, there.kind, there.path, each.repository->path});
        each.taken = other->second->taken = true;
        waiting.erase(other);
        break;
      }
    }
  }

  void tell_replaced() {
    std::map<Key, Loose*> others;
    for (Loose& each : fresh_) {
      if (each.replaced && !each.taken) {
        others.emplace(key_of(*each.repository), &each);
      }
    }
    for (Loose& each : lost_) {
      if (!each.replaced || each.taken) continue;
      const auto other = others.find(key_of(*each.repository));
      if (other == others.end()) continue;
      add({Difference::kReplaced, each.repository->kind, each.repository->path});
      each.taken = other->second->taken = true;
    }
  }

  // One kind that is lost and one that is fresh at the same path.
  void tell_changed() {
    std::map<std::string_view, std::pair<std::vector<Loose*>, std::vector<Loose*>>> at;
    for (Loose& each : lost_) {
      if (!each.taken) at[each.repository->path].first.push_back(&each);
    }
    for (Loose& each : fresh_) {
      if (!each.taken) at[each.repository->path].second.push_back(&each);
    }
    for (auto& [path, both] : at) {
      if (both.first.size() != 1 || both.second.size() != 1) continue;
      const Repository& was = *both.first[0]->repository;
      const Repository& is = *both.second[0]->repository;
      add({Difference::kChanged, is.kind, is.path, "", was.kind});
      both.first[0]->taken = both.second[0]->taken = true;
    }
  }

  const Doubt doubt_;
  const ByKey before_;
  const ByKey after_;
  const bool same_host_;
  const std::optional<UtcTime> scanned_;  // when the older scan ended
  std::vector<Loose> lost_;
  std::vector<Loose> fresh_;
  std::vector<DifferenceItem> items_;
};

}  // namespace

std::vector<DifferenceItem> compare(const Manifest& older, const Manifest& now) {
  return Comparison(older, now).run();
}

}  // namespace repo

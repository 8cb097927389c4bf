#include "scanner/pointers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/bytes_path.h"
#include "scanner/item_id.h"

namespace repo {
namespace {

// What leads into a repository, by path or store.
using Places = std::unordered_map<std::string_view, const Repository*>;

void enter(Places& places, std::string_view place, const Repository& repository) {
  const Repository*& known = places[place];
  // Two that share a store (one was a root): whichever thread was first.
  if (known == nullptr || repository.path < known->path) known = &repository;
}

const Repository* find_target(const Places& places, std::string_view target, bool is_git) {
  if (const auto found = places.find(target); found != places.end()) return found->second;
  if (!is_git) return nullptr;
  // Whoever writes a target of a thousand folders "modules" gets no thousand looks for it.
  int looks = 32;
  for (std::size_t end = target.rfind('/'); end != std::string_view::npos && end > 0 && looks > 0;
       end = target.rfind('/', end - 1)) {
    const std::string_view inside = target.substr(end);
    if (!inside.starts_with("/worktrees/") && !inside.starts_with("/modules/")) continue;
    --looks;
    const auto found = places.find(target.substr(0, end));
    if (found != places.end() && found->second->store == target.substr(0, end)) {
      return found->second;
    }
  }
  return nullptr;
}

// The repository of a linked worktree's administrative folder.
std::string_view without_worktree(std::string_view target) {
  const std::size_t at = target.rfind("/worktrees/");
  return at == std::string_view::npos || at == 0 ? target : target.substr(0, at);
}

std::string line_for(const Pointer& pointer) {
  std::string_view verb = "leads to";
  std::string_view target = pointer.target;
  if (pointer.why == "share") verb = "is a share of";
  if (pointer.why == "submodule") verb = "is a submodule, kept in";
  if (pointer.why == "separate git directory") verb = "has its git directory at";
  if (pointer.why == "linked worktree") {
    verb = "is a linked worktree of";
    target = without_worktree(target);
  }
  return fmt::format("{} {} {}, which was not found", printable(pointer.path), verb,
                     printable(target));
}

}  // namespace

std::string canonical_by_text(std::string_view base, std::string_view path) {
  path = path.substr(0, path.find('\0'));
  std::string result(path.starts_with('/') || base == "/" ? "" : base);
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(name.size() + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      const std::size_t slash = result.rfind('/');
      result.resize(slash == std::string::npos ? 0 : slash);
      continue;
    }
    result += '/';
    result += name;
  }
  return result.empty() ? "/" : result;
}

void resolve_pointers(ScanResult& result) {
  if (result.pointers.empty()) return;
  std::map<std::string_view, Places> kinds;
  for (const Repository& each : result.repositories) {
    Places& places = kinds[each.kind];
    enter(places, each.path, each);
    if (each.store != each.path) enter(places, each.store, each);
  }
  for (Pointer& pointer : result.pointers) {
    pointer.repository.reset();
    const auto places = kinds.find(pointer.kind);
    if (places == kinds.end()) continue;
    const Repository* found = find_target(places->second, pointer.target, pointer.kind == "git");
    if (found != nullptr) pointer.repository = make_item_id(found->path);
  }
}

std::vector<std::string> tell_lost_pointers(const ScanResult& result, bool all) {
  std::vector<const Pointer*> lost;
  for (const Pointer& each : result.pointers) {
    if (!each.repository) lost.push_back(&each);
  }
  constexpr std::size_t kShown = 3;
  const std::size_t shown = all ? lost.size() : std::min(lost.size(), kShown);
  std::partial_sort(lost.begin(), lost.begin() + static_cast<std::ptrdiff_t>(shown), lost.end(),
                    [](const Pointer* a, const Pointer* b) {
                      return std::tie(a->path, a->kind, a->target, a->why) <
                             std::tie(b->path, b->kind, b->target, b->why);
                    });
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < shown; ++i) lines.push_back(line_for(*lost[i]));
  if (shown < lost.size()) {
    lines.push_back(
        fmt::format("{} more lead to repositories that were not found, see the manifest or -v",
                    lost.size() - shown));
  }
  return lines;
}

}  // namespace repo

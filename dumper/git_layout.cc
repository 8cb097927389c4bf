#include "dumper/git_layout.h"

#include <algorithm>

namespace repo {
namespace {

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

bool is_at_or_below(std::string_view path, std::string_view folder) {
  return path == folder || is_below(path, folder);
}

std::string_view last_component(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// "refs/heads/x" of "worktrees/NAME/refs/heads/x"; empty for what is no worktree's.
std::string_view in_worktree(std::string_view path) {
  if (!is_below(path, "worktrees")) return {};
  path.remove_prefix(std::string_view("worktrees/").size());
  const std::size_t slash = path.find('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
}

bool is_refs(std::string_view path) {
  return path == "HEAD" || is_at_or_below(path, "refs") || is_at_or_below(path, "reftable");
}

// What a dead git process leaves behind, or a living one has in its hands. Not in hooks and lfs:
// there any name may be somebody's.
bool is_transient(std::string_view path) {
  const std::string_view name = last_component(path);
  const bool of_git = path.find('/') == std::string_view::npos || is_below(path, "refs") ||
                      is_below(path, "reftable") || is_below(path, "objects") ||
                      is_below(path, "info") || !in_worktree(path).empty();
  if (of_git && name.ends_with(".lock")) return true;
  if (path == "gc.pid") return true;
  if (!is_below(path, "objects")) return false;
  return name.starts_with("tmp_") || name.starts_with(".tmp-") || name.starts_with("incoming-");
}

}  // namespace

GitPart git_part(std::string_view path) {
  if (is_transient(path)) return GitPart::kLeftOut;
  if (is_refs(path) || is_refs(in_worktree(path))) return GitPart::kRefs;
  if (path == "packed-refs") return GitPart::kPackedRefs;
  if (is_at_or_below(path, "objects/pack")) return GitPart::kPacks;
  if (path == "objects/info/alternates") return GitPart::kLeftOut;
  if (is_at_or_below(path, "objects/info")) return GitPart::kNames;
  if (is_at_or_below(path, "objects") || is_at_or_below(path, "lfs")) return GitPart::kContent;
  return GitPart::kNames;
}

bool leads_to(std::string_view path, GitPart part) {
  if (path.empty()) return true;
  switch (part) {
    case GitPart::kRefs:
      return path == "worktrees" || (is_below(path, "worktrees") && in_worktree(path).empty());
    case GitPart::kNames:
    case GitPart::kPacks:
      return path == "objects";
    default:
      return false;
  }
}

void GitDirectories::see(const TreeEntry& entry) {
  const std::string_view name = last_component(entry.path);
  // Whatever it is: what is no directory here is for others to refuse.
  const bool is_landmark = name == "HEAD" || name == "objects" || name == "refs";
  if (is_landmark && ("/" + entry.path).find("/modules/") != std::string::npos) {
    landmarks_.insert(entry.path);
  }
}

std::vector<std::string> GitDirectories::found() const {
  std::vector<std::string> directories = {""};
  for (const std::string& path : landmarks_) {
    if (last_component(path) != "objects" || path.find('/') == std::string::npos) continue;
    const std::string above = path.substr(0, path.rfind('/'));
    if (("/" + above).find("/modules/") == std::string::npos) continue;
    if (landmarks_.contains(above + "/HEAD") && landmarks_.contains(above + "/refs")) {
      directories.push_back(above);
    }
  }
  std::sort(directories.begin(), directories.end());
  return directories;
}

bool is_promisor(std::string_view path) { return path.ends_with(".promisor"); }

bool is_immutable_git(std::string_view path) {
  const auto is_hex = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  const std::string_view name = last_component(path);
  if (is_below(path, "lfs/objects")) return is_hex(name);
  if (is_below(path, "objects/pack")) {
    return name.starts_with("pack-") && !name.ends_with(".keep") && !name.ends_with(".bitmap");
  }
  return is_below(path, "objects") && is_hex(name) && name.size() >= 38;
}

std::string in_git_directory(const std::string& path, const std::vector<std::string>& directories) {
  std::size_t cut = 0;
  for (const std::string& each : directories) {
    if (!each.empty() && is_below(path, each)) cut = std::max(cut, each.size() + 1);
  }
  return path.substr(cut);
}

}  // namespace repo

#include "dumper/git_layout.h"

#include <algorithm>

#include "base/bytes_path.h"

namespace repo {
namespace {

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

// Where git directories of submodules are, of the repository or of a linked worktree.
bool is_in_modules(std::string_view path) {
  return is_below(path, "modules") || is_below(in_worktree(path), "modules");
}

bool is_refs(std::string_view path) { return path == "HEAD" || is_within(path, "refs"); }

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
  if (is_refs(path) || is_refs(in_worktree(path)) || is_reftable(path)) return GitPart::kRefs;
  if (path == "packed-refs") return GitPart::kPackedRefs;
  if (is_within(path, "objects/pack")) return GitPart::kPacks;
  if (path == "objects/info/alternates") return GitPart::kLeftOut;
  if (is_within(path, "objects/info")) return GitPart::kNames;
  if (is_within(path, "objects") || is_within(path, "lfs")) return GitPart::kContent;
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

bool is_git_log(std::string_view path) {
  return is_within(path, "logs") || is_within(in_worktree(path), "logs");
}

bool is_reftable(std::string_view path) {
  return is_within(path, "reftable") || is_within(in_worktree(path), "reftable");
}

namespace {

// What a git directory must have, and what else tells one whose parts got lost.
constexpr unsigned kHead = 1;
constexpr unsigned kObjects = 2;
constexpr unsigned kRefs = 4;
constexpr unsigned kAll = 7;
constexpr unsigned kConfig = 8;

unsigned landmark_of(const TreeEntry& entry) {
  const std::string_view name = last_component(entry.path);
  // A link in such a place is for others to refuse.
  if (name == "HEAD") return entry.is_directory() ? 0U : kHead;
  if (name == "objects") return entry.is_file() ? 0U : kObjects;
  if (name == "refs") return entry.is_file() ? 0U : kRefs;
  if (name == "config") return entry.is_file() ? kConfig : 0U;
  return 0;
}

// Whether `path` is one of a git directory's own folders, or in one: there any name may be that of
// a branch or a hook.
bool is_in_own_folder(std::string_view path) {
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('/'));
    for (const char* own : {"refs", "logs", "objects", "hooks", "info", "lfs"}) {
      if (name == own) return true;
    }
    path.remove_prefix(std::min(name.size() + 1, path.size()));
  }
  return false;
}

}  // namespace

void GitDirectories::see(const TreeEntry& entry) {
  const unsigned landmark = landmark_of(entry);
  if (landmark == 0 || !is_in_modules(entry.path)) return;
  std::string above = entry.path.substr(0, entry.path.rfind('/'));
  if (!is_in_modules(above)) return;
  constexpr std::size_t kNode = 96;  // of a map, with its string
  const std::size_t size = above.size() + kNode;
  if (size_ + size > kLargest) {
    is_too_large_ = true;
    return;
  }
  const auto [seen, is_new] = landmarks_.try_emplace(std::move(above), 0U);
  if (is_new) size_ += size;
  seen->second |= landmark;
}

Result<std::vector<std::string>> GitDirectories::found() const {
  if (is_too_large_) {
    return plain_error("copy", "modules", "more git directories of submodules than can be copied");
  }
  std::vector<std::string> directories = {""};
  for (const auto& [path, landmarks] : landmarks_) {
    if ((landmarks & kAll) == kAll) {
      directories.push_back(path);
    } else if ((landmarks & kConfig) != 0 && !is_in_own_folder(path)) {
      const char* lost = (landmarks & kHead) == 0      ? "HEAD"
                         : (landmarks & kObjects) == 0 ? "objects"
                                                       : "refs";
      return plain_error("copy", path, std::string("git directory of a submodule without ") + lost);
    }
  }
  return directories;
}

bool fsck_starts_from(std::string_view path) {
  const std::string_view inside = in_worktree(path);
  if (is_within(inside, "modules")) return false;
  return path == "HEAD" || path == "packed-refs" || path == "index" || path == "shallow" ||
         is_within(path, "refs") || is_within(path, "logs") || is_within(path, "worktrees");
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

// Sources: gitrepository-layout(5); setup.c, is_git_directory(), read_gitfile_gently();
// refs/files-backend.c for HEAD as a symbolic link; git-worktree(1), "DETAILS"; gitsubmodules(7);
// Documentation/technical/reftable.txt.

#include <cctype>
#include <cerrno>

#include "scanner/git_facts.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = std::size_t{1} << 20;

bool is_node(std::string_view text) {
  constexpr std::size_t kSha1 = 40;
  constexpr std::size_t kSha256 = 64;
  if (text.size() != kSha1 && text.size() != kSha256) return false;
  for (const unsigned char c : text) {
    if (std::isxdigit(c) == 0) return false;
  }
  return true;
}

// What HEAD says: a ref, or the name of a commit; empty where it is neither.
Result<std::string> read_head(const Directory& git) {
  const Result<Metadata> entry = git.stat_entry("HEAD");
  if (!entry) return entry.error();
  if (entry->type == EntryType::kSymlink) {  // as git made it until 2005
    Result<std::string> target = git.read_link("HEAD");
    if (target && target->starts_with("refs/")) return target;
    return system_error("read", "HEAD", ELOOP);
  }
  Result<std::string> text = git.read_file("HEAD", kSmall);
  if (!text) return text;
  while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) {
    text->pop_back();
  }
  if (is_node(*text)) return text;
  constexpr std::string_view kRef = "ref:";
  if (!text->starts_with(kRef)) return std::string();
  const std::size_t begin = text->find_first_not_of(" \t", kRef.size());
  if (begin == std::string::npos || text->compare(begin, 5, "refs/") != 0) return std::string();
  return text->substr(begin);
}

bool is_directory(const Directory& directory, const std::string& name) {
  const Result<Metadata> entry = directory.stat_entry(name);
  return entry && entry->type == EntryType::kDirectory;
}

bool exists(const Directory& directory, const std::string& name) {
  return static_cast<bool>(directory.stat_entry(name));
}

// `objects` or `refs`: what is wrong with it.
std::optional<ProbeResult> missing_part(const Directory& git, const std::string& prefix,
                                        const std::string& name) {
  const Result<Metadata> entry = git.stat_entry(name);
  if (!entry) {
    return broken(prefix + name, entry.error().code, "git repository whose " + name + " are gone");
  }
  if (entry->type == EntryType::kDirectory) return std::nullopt;
  if (entry->type == EntryType::kSymlink) {
    const Result<std::string> target = git.read_link(name);
    return broken(prefix + name, ELOOP,
                  "git repository whose " + name + " are behind a symbolic link" +
                      (target ? " to " + *target : std::string()));
  }
  return broken(prefix + name, ENOTDIR, "git repository whose " + name + " are no directory");
}

// The administrative folder of a linked worktree: its objects and refs are elsewhere, and it
// belongs to them. A folder .git that says the same of itself is no worktree of git's making.
ProbeResult probe_common(const Directory& git, const std::string& prefix) {
  if (prefix.empty()) return {};
  Result<std::string> common = git.read_file("commondir", kSmall);
  if (!common) {
    return broken(prefix + "commondir", common.error().code,
                  "git directory that does not say where its objects are");
  }
  while (common->ends_with('\n')) common->pop_back();
  const std::string target = common->starts_with('/') ? *common : prefix + *common;
  return {.target = Target{target, "git directory with the objects and refs of another"}};
}

// A git directory; `prefix` leads to it from the directory that is probed.
ProbeResult probe_git_directory(const Directory& git, const std::string& prefix) {
  if (exists(git, "commondir")) return probe_common(git, prefix);
  const Result<std::string> head = read_head(git);
  if (!head || head->empty()) {
    const bool is_one = is_directory(git, "objects") && is_directory(git, "refs") &&
                        (exists(git, "config") || exists(git, "packed-refs"));
    if (!is_one) return {};
    return broken(prefix + "HEAD", head ? 0 : head.error().code,
                  head ? "git repository whose HEAD names neither a ref nor a commit"
                       : "git repository whose HEAD cannot be read");
  }
  for (const char* part : {"objects", "refs"}) {
    if (auto missing = missing_part(git, prefix, part)) return *std::move(missing);
  }
  const Result<std::string> config = git.read_file("config", kSmall);
  if (!config && config.error().code != ENOENT) {
    return broken(prefix + "config", config.error().code,
                  "git repository whose config cannot be read");
  }
  return {.detail = read_git_facts(git, *head, config ? *config : std::string(), !prefix.empty())};
}

// The file .git of a linked worktree, a submodule, or `git init --separate-git-dir`.
ProbeResult probe_git_file(const Directory& directory) {
  const Result<std::string> text = directory.read_file(".git", kSmall);
  if (!text) return broken(".git", text.error().code, "git pointer that cannot be read");
  constexpr std::string_view kStart = "gitdir:";
  if (!text->starts_with(kStart)) return {};
  std::string path = text->substr(kStart.size());
  path.erase(0, path.find_first_not_of(' '));
  while (path.ends_with('\n') || path.ends_with('\r')) path.pop_back();
  if (path.empty()) return {};
  const std::string parent = path.substr(0, path.rfind('/') + 1);
  std::string why = "separate git directory";
  if (parent.ends_with("/worktrees/")) why = "linked worktree";
  if (path.find("/modules/") != std::string::npos) why = "submodule";
  return {.target = Target{std::move(path), std::move(why)}};
}

}  // namespace

ProbeResult probe_git(const Directory& directory, std::string_view inside) {
  if (inside.empty()) return probe_git_directory(directory, "");
  const Result<Metadata> entry = directory.stat_entry(".git");
  if (!entry) {
    return entry.error().code == ENOENT ? ProbeResult()
                                        : broken(".git", entry.error().code, "cannot look at it");
  }
  switch (entry->type) {
    case EntryType::kSymlink: {
      const Result<std::string> target = directory.read_link(".git");
      return broken(".git", ELOOP,
                    "git repository behind a symbolic link" +
                        (target ? " to " + *target : std::string()) + ", which is not followed");
    }
    case EntryType::kFile:
      return probe_git_file(directory);
    case EntryType::kDirectory:
      break;
    default:
      return {};
  }
  const Result<std::unique_ptr<Directory>> git = directory.open_directory(".git", false);
  if (!git) return broken(".git", git.error().code, "git repository that cannot be read");
  return probe_git_directory(**git, ".git/");
}

}  // namespace repo

// Sources: gitrepository-layout(5); setup.c, check_repository_format_gently(), for core.bare and
// config.worktree; refs/packed-backend.c for packed-refs; object-file.c, link_alt_odb_entries(),
// for the lines of objects/info/alternates.
#include "scanner/git_facts.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes_path.h"
#include "base/text.h"
#include "scanner/git_config.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = 65536;

// Whether something is there; nothing where that cannot be told.
std::optional<bool> is_there(const Directory& directory, const std::string& path) {
  const Result<Metadata> entry = directory.stat_entry(path);
  if (entry) return true;
  const int code = entry.error().code;
  return code == ENOENT || code == ENOTDIR ? std::optional(false) : std::nullopt;
}

std::optional<bool> is_bare(const Directory& git, const GitConfig& config, bool is_dot_git) {
  std::optional<bool> bare = config.bare;
  bool has_worktree = config.has_worktree;
  const auto own = config.extensions.find("worktreeconfig");
  if (own != config.extensions.end() && own->second == "true") {
    const Result<std::string> text = git.read_file("config.worktree", kSmall);
    if (!text && text.error().code != ENOENT) return std::nullopt;
    const GitConfig of_worktree = read_git_config(text ? *text : std::string());
    if (of_worktree.bare) bare = of_worktree.bare;
    has_worktree = has_worktree || of_worktree.has_worktree;
  }
  return bare.value_or(!is_dot_git && !has_worktree);
}

// Collects the names of subdirectories, and whether there is anything else but locks.
class Names final : public EntrySink {
 public:
  explicit Names(std::vector<std::string>& directories, const std::string& parent)
      : directories_(directories), parent_(parent) {}
  void on_entry(std::string_view name, EntryType type) override {
    if (name.ends_with(".lock")) return;
    if (type == EntryType::kDirectory) {
      if (directories_.size() <= kMost) directories_.push_back(join_path(parent_, name));
    } else if (type == EntryType::kUnknown) {
      is_odd = true;
    } else {
      has_other = true;
    }
  }
  static constexpr std::size_t kMost = 64;
  bool has_other = false;
  bool is_odd = false;  // of a type that the file system does not tell

 private:
  std::vector<std::string>& directories_;
  const std::string& parent_;
};

// Whether a file is below `refs`. An empty repository has two or three folders there.
std::optional<bool> has_loose_ref(const Directory& git) {
  std::vector<std::string> waiting = {"refs"};
  for (std::size_t opened = 0; !waiting.empty(); ++opened) {
    if (opened > Names::kMost) return std::nullopt;
    const std::string path = std::move(waiting.back());
    waiting.pop_back();
    const Result<std::unique_ptr<Directory>> directory = git.open_directory(path, false);
    if (!directory) return std::nullopt;
    Names names(waiting, path);
    const Status listed = (*directory)->list(names);
    if (names.has_other) return true;
    if (!listed || names.is_odd) return std::nullopt;
  }
  return false;
}

// Of the first lines of packed-refs: each is a ref, but for the header and what peels a tag.
std::optional<bool> has_packed_ref(const Directory& git) {
  const Result<std::unique_ptr<File>> file = git.open_file("packed-refs");
  if (!file) return file.error().code == ENOENT ? std::optional(false) : std::nullopt;
  std::array<char, 4096> begin{};
  const Result<std::size_t> n = (*file)->read_at(0, begin);
  if (!n) return std::nullopt;
  std::string_view text(begin.data(), *n);
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (!line.empty() && line[0] != '#' && line[0] != '^') return true;
  }
  return *n < begin.size() ? std::optional(false) : std::nullopt;
}

// Whether it has no ref at all. One look is enough for most: HEAD's own ref is there.
std::optional<bool> is_empty(const Directory& git, const std::string& head) {
  if (!head.starts_with("refs/")) return false;  // HEAD names a commit
  if (is_canonical_path("/" + head)) {  // one that leads out of the git directory is no ref
    const Result<Metadata> own = git.stat_entry(head);
    if (own && own->type != EntryType::kDirectory) return false;
  }
  const std::optional<bool> packed = has_packed_ref(git);
  if (packed != false) return packed ? std::optional(false) : std::nullopt;
  const std::optional<bool> loose = has_loose_ref(git);
  return loose ? std::optional(!*loose) : std::nullopt;
}

// How many other object stores are named.
std::optional<std::uint64_t> count_alternates(const Directory& git) {
  const Result<std::string> text = git.read_file("objects/info/alternates", kSmall);
  if (!text) return text.error().code == ENOENT ? std::optional<std::uint64_t>(0) : std::nullopt;
  std::uint64_t count = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view line = take_line(rest);
    if (!line.empty() && line[0] != '#') ++count;
  }
  return count;
}

class Counter final : public EntrySink {
 public:
  void on_entry(std::string_view /*name*/, EntryType /*type*/) override { ++count; }
  std::uint64_t count = 0;
};

std::optional<std::uint64_t> count_worktrees(const Directory& git) {
  const Result<std::unique_ptr<Directory>> directory = git.open_directory("worktrees", false);
  if (!directory) {
    return directory.error().code == ENOENT ? std::optional<std::uint64_t>(0) : std::nullopt;
  }
  Counter counter;
  const Status listed = (*directory)->list(counter);
  return listed ? std::optional(counter.count) : std::nullopt;
}

}  // namespace

Detail read_git_facts(const Directory& git, const std::string& head, std::string_view text,
                      bool is_dot_git) {
  const GitConfig config = read_git_config(text);
  Detail detail;
  auto add = [&](const char* key, const auto& value) {
    if (value) detail.emplace_back(key, *value);
  };
  auto extension = [&](const char* key, const char* otherwise) {
    const auto found = config.extensions.find(key);
    return found == config.extensions.end() ? std::string(otherwise) : found->second;
  };
  const std::string ref_format = extension("refstorage", "files");
  detail.emplace_back("head", head);
  add("bare", is_bare(git, config, is_dot_git));
  if (ref_format == "files") add("empty", is_empty(git, head));
  detail.emplace_back("object_format", extension("objectformat", "sha1"));
  detail.emplace_back("ref_format", ref_format);
  add("shallow", is_there(git, "shallow"));
  detail.emplace_back("partial", config.has_promisor);
  add("alternates", count_alternates(git));
  add("worktrees", count_worktrees(git));
  return detail;
}

}  // namespace repo

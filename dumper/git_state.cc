#include "dumper/git_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/digest.h"
#include "base/file_io.h"
#include "base/text.h"
#include "dumper/git_layout.h"

namespace repo {
namespace {

constexpr std::size_t kLargestRef = std::size_t{64} << 10;
constexpr std::size_t kLargestFile = std::size_t{256} << 20;
constexpr std::size_t kEndOfLog = std::size_t{4} << 20;  // tens of thousands of entries
constexpr std::size_t kLongestValue = 4096;              // a longer one is compared by its digest
// In memory, where several sets are at a time: about a million refs.
constexpr std::size_t kLargestState = std::size_t{256} << 20;

// Configuration, hooks and what else decides how git works with the repository.
bool is_setting(const std::string& path) {
  static const std::set<std::string> files = {"config",       "config.worktree",     "description",
                                              "info/exclude", "info/attributes",     "info/grafts",
                                              "shallow",      "info/sparse-checkout"};
  return files.contains(path) || path.starts_with("hooks/");
}

std::string trimmed(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.pop_back();
  return text;
}

// "OLD NEW NAME <EMAIL> TIME ZONE\tMESSAGE": NEW (refs/files-backend.c, "show_one_reflog_ent").
std::string new_value(std::string_view line) {
  const std::size_t first = std::min(line.find(' '), line.size() - 1);
  return std::string(line.substr(first + 1, line.find(' ', first + 1) - first - 1));
}

// The last `most` bytes of a file below `directory`; the first line of them may be cut.
Result<std::string> end_of(int directory, const std::string& path, std::size_t most) {
  const Result<UniqueFd> file = open_beneath(directory, path, O_RDONLY);
  if (!file) return file.error();
  struct stat st = {};
  if (fstat(file->get(), &st) != 0) return system_error("stat", path, errno);
  if (!S_ISREG(st.st_mode)) return system_error("read", path, EINVAL);
  std::string end(std::min(static_cast<std::size_t>(st.st_size), most), '\0');
  const ssize_t n =
      pread(file->get(), end.data(), end.size(), st.st_size - static_cast<off_t>(end.size()));
  if (n < 0) return system_error("read", path, errno);
  end.resize(static_cast<std::size_t>(n));
  return end;
}

// The new value in the last line of a log.
Result<std::string> newest_in_log(int parent, const std::string& name) {
  Result<std::string> end = end_of(parent, name, kLargestRef);
  if (!end) return end;
  const std::string text = trimmed(*std::move(end));
  if (text.empty()) return text;
  const std::size_t line = text.rfind('\n');  // npos + 1 is 0
  return new_value(std::string_view(text).substr(line + 1));
}

// A state that cannot become too large for the memory.
class BoundedState {
 public:
  // Nothing is exchanged by a second value.
  void add(std::string key, std::string value) {
    if (value.size() > kLongestValue) value = "sha256: " + sha256_hex(value);
    constexpr std::size_t kNode = 128;  // of a map, with its two strings
    size_ += key.size() + value.size() + kNode;
    if (!is_too_large()) state_.emplace(std::move(key), std::move(value));
  }
  bool is_too_large() const { return size_ > kLargestState; }
  GitState take() { return std::move(state_); }

 private:
  GitState state_;
  std::size_t size_ = 0;
};

Error too_many_refs() { return plain_error("read", "refs", "more refs than can be compared"); }

bool is_gone(const Error& error) { return error.code == ENOENT || error.code == ENOTDIR; }

class StateReader final : public TreeVisitor {
 public:
  BoundedState state;

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (entry.path.empty()) return Descend::kYes;
    const GitPart part = git_part(entry.path);
    if (entry.is_directory()) {
      const bool wanted = part == GitPart::kRefs || leads_to(entry.path, GitPart::kRefs) ||
                          entry.path == "hooks" || entry.path == "info" || is_git_log(entry.path);
      return wanted ? Descend::kYes : Descend::kNo;
    }
    if (entry.is_link() && part == GitPart::kRefs) {
      state.add(entry.path, "ref: " + entry.link);
    } else if (entry.is_link() && is_setting(entry.path)) {
      state.add(entry.path, "link: " + entry.link);
    } else if (entry.is_file() && part == GitPart::kRefs && !is_reftable(entry.path)) {
      const Result<std::string> text = read_small_file(parent, name, kLargestRef);
      if (text) {
        state.add(entry.path, trimmed(first_line(*text)));
      } else if (!is_gone(text.error())) {
        return system_error("read", entry.path, text.error().code);
      }
    } else if (entry.is_file() && is_git_log(entry.path)) {
      Result<std::string> newest = newest_in_log(parent, name);
      if (newest) {
        state.add(entry.path, *std::move(newest));
      } else if (!is_gone(newest.error())) {
        return system_error("read", entry.path, newest.error().code);
      }
    } else if (entry.is_file() && (part == GitPart::kRefs || is_setting(entry.path))) {
      const Result<std::string> text = read_small_file(parent, name, kLargestFile);
      if (text) {
        state.add(entry.path, sha256_hex(*text));
      } else if (!is_gone(text.error())) {
        return system_error("read", entry.path, text.error().code);
      }
    }
    if (state.is_too_large()) return too_many_refs();
    return Descend::kNo;
  }
  Status leave(const TreeEntry&, int) override { return {}; }
};

// "HEX NAME" a line; '#' begins a comment, '^' the object that the tag of the line before names.
void add_packed(const std::string& text, BoundedState& state) {
  for (std::string_view rest = text; !rest.empty() && !state.is_too_large();) {
    const std::string_view line = take_line(rest);
    const std::size_t blank = line.find(' ');
    if (line.empty() || line[0] == '#' || line[0] == '^' || blank == std::string::npos) continue;
    const std::string_view name = line.substr(blank + 1);
    if (name.starts_with("refs/")) {
      state.add(std::string(name), std::string(line.substr(0, blank)));
    }
  }
}

}  // namespace

Result<GitState> read_git_state(int git, const Patience& patience) {
  StateReader reader;
  if (Status walked = walk_tree({git, std::nullopt}, reader, patience); !walked) {
    return walked.error();
  }
  // Last: a ref that is packed meanwhile is in here.
  const Result<std::string> packed = read_small_file(git, "packed-refs", kLargestFile);
  if (packed) {
    add_packed(*packed, reader.state);
  } else if (!is_gone(packed.error())) {
    return system_error("read", "packed-refs", packed.error().code);
  }
  if (reader.state.is_too_large()) return too_many_refs();
  return reader.state.take();
}

std::vector<std::string> out_of_time(
    const GitState& before, const GitState& copy, const GitState& after,
    const std::function<std::vector<std::string>(const std::string& ref)>& reflog) {
  std::set<std::string> keys;
  for (const GitState* state : {&before, &copy, &after}) {
    for (const auto& [key, value] : *state) keys.insert(key);
  }
  static const std::string absent;
  auto value = [](const GitState& state, const std::string& key) -> const std::string& {
    const auto found = state.find(key);
    return found == state.end() ? absent : found->second;
  };
  std::vector<std::string> wrong;
  for (const std::string& key : keys) {
    const std::string& copied = value(copy, key);
    if (copied == value(before, key) || copied == value(after, key)) continue;
    const std::vector<std::string> values = reflog(key);
    const auto old = std::find(values.rbegin(), values.rend(), value(before, key));
    // From the value before on; all of it where the log does not know that one.
    const auto gained = old == values.rend() ? values.begin() : old.base();
    if (std::find(gained, values.end(), copied) == values.end()) wrong.push_back(key);
  }
  return wrong;
}

std::vector<std::string> read_reflog(int git, const std::string& ref) {
  // A worktree's HEAD has its log in the worktree's folder.
  const std::size_t slash = ref.find('/', std::string("worktrees/").size());
  const bool of_worktree = ref.starts_with("worktrees/") && slash != std::string::npos;
  const std::string path = is_git_log(ref) ? ref
                           : of_worktree   ? ref.substr(0, slash) + "/logs" + ref.substr(slash)
                                           : "logs/" + ref;
  std::vector<std::string> values;
  const Result<std::string> text = end_of(git, path, kEndOfLog);
  if (!text) return values;
  std::string_view rest = *text;
  if (text->size() == kEndOfLog) take_line(rest);  // it may be cut
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.find(' ') != std::string::npos) values.push_back(new_value(line));
  }
  return values;
}

Detail git_fingerprint(const GitState& state) {
  Sha256 digest;
  Sha256 of_refs;
  std::uint64_t refs = 0;
  for (const auto& [key, value] : state) {
    const bool is_ref = key.starts_with("refs/");
    if (is_ref) ++refs;
    for (Sha256* each : {&digest, &of_refs}) {
      if (each == &of_refs && !is_ref) continue;
      each->update(key);
      each->update(std::string_view("\0", 1));
      each->update(value);
      each->update("\n");
    }
  }
  const auto head = state.find("HEAD");
  // What HEAD leads to: an object, or nothing in a repository without a commit.
  const std::string named = head == state.end() ? std::string() : head->second;
  constexpr std::string_view kSymbolic = "ref: ";
  std::string id = named;
  if (named.starts_with(kSymbolic)) {
    const auto ref = state.find(named.substr(kSymbolic.size()));
    id = ref == state.end() ? std::string() : ref->second;
  }
  return {{"head", named},
          {"head_id", id},
          {"refs", refs},
          {"refs_sha256", of_refs.hex()},  // the same in two repositories with other settings
          {"state_sha256", digest.hex()}};
}

}  // namespace repo

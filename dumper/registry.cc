#include <fmt/format.h>
#include <unistd.h>

#include <unordered_set>

#include "base/bytes_path.h"
#include "dumper/dumper.h"
#include "dumper/user_dumper.h"

namespace repo {

Dumpers::Dumpers(const std::vector<UserKind>& user_kinds) {
  of_kind_["svn"] = make_svn_dumper();
  of_kind_["hg"] = make_hg_dumper();
  of_kind_["git"] = make_git_dumper();
  of_kind_["postgres"] = make_postgres_dumper();
  for (const UserKind& kind : user_kinds) of_kind_[kind.name] = make_user_dumper(kind);
}

Dumpers::~Dumpers() = default;

const Dumper* Dumpers::find(const std::string& kind) const {
  const auto found = of_kind_.find(kind);
  return found == of_kind_.end() ? nullptr : found->second.get();
}

bool is_kind(const std::string& name, const std::vector<UserKind>& user_kinds) {
  return Dumpers(user_kinds).find(name) != nullptr;
}

std::optional<Error> Dumper::missing_tool() const {
  for (const char* folder : {"/usr/bin/", "/bin/"}) {
    if (access((folder + tool()).c_str(), X_OK) == 0) return std::nullopt;
  }
  return plain_error("run", "", tool() + " is not installed: apt-get install " + package());
}

Skip DumpJob::skip_nested(const std::string& top) const {
  std::unordered_set<std::string> below;
  for (const std::string& path : nested) {
    if (top.empty()) {
      below.insert(path);
    } else if (path.starts_with(top + "/")) {
      below.insert(path.substr(top.size() + 1));
    }
  }
  return [below = std::move(below)](const std::string& path) { return below.contains(path); };
}

std::optional<std::string> shrunk(const Detail& before, const Detail& now, const std::string& key) {
  const std::optional<std::uint64_t> old = find_number(before, key);
  const std::optional<std::uint64_t> current = find_number(now, key);
  if (!old || !current || *current * 2 >= *old) return std::nullopt;
  return fmt::format("its {} fell from {} to {}", key, *old, *current);
}

std::uint64_t enough_for_a_file(const TreeLook& copy) {
  constexpr std::uint64_t kSlack = std::uint64_t{64} << 20;  // locks, logs, caches
  return copy.apparent + kSlack;
}

Error other_fingerprint() {
  return plain_error("compare", "", "the copy's fingerprint is not the source's");
}

Error tool_error(const std::string& op, const CommandResult& result) {
  if (result.end == CommandResult::End::kStopped) return plain_error("", "", "stopped");
  Error error = plain_error(op, "", describe(result));
  error.output = result.err;
  return error;
}

}  // namespace repo

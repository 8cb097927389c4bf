// Git: the copy is git_copy.h's; here `git fsck` of it.
//
// fsck runs what a repository's configuration names (core.fsmonitor, hooks). So it never sees that:
// it works in a clean git directory that is made for it, with the copy's refs, index, logs and
// worktrees, a configuration of our own, and the objects of the copy. The copy's configuration is
// only read as data, by `git config --file`: what git could not open fails there. What says that a
// repository is old or sloppy (a commit without a time zone) is no damage: such messages are
// warnings.
//
// Sources: git-fsck(1) ("fsck.<msg-id>"); fsck.h; git(1), "Environment Variables"; git-config(1),
// "--includes".

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/number.h"
#include "base/text.h"
#include "dumper/dumper.h"
#include "dumper/git_clean.h"
#include "dumper/git_copy.h"
#include "dumper/git_layout.h"
#include "dumper/git_state.h"
#include "dumper/sandbox.h"
#include "dumper/tree_copier.h"
#include "scanner/git_config.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr const char* kTool = "git";
constexpr const char* kClean = "fsck";  // in staging, beside data/
constexpr const char* kOwnConfig = "config.of-the-copy";
constexpr std::size_t kSmall = std::size_t{1} << 20;

// Why git refuses a repository, or nobody knows what it is; `variables` as `git config` prints
// them, "KEY VALUE" a line. Source: Documentation/technical/repository-version.txt; setup.c.
std::optional<std::string> why_not_opened(std::string_view variables) {
  static const std::set<std::string, std::less<>> known = {
      "compatobjectformat", "noop",       "noop-v1",           "objectformat",  "partialclone",
      "preciousobjects",    "refstorage", "relativeworktrees", "worktreeconfig"};
  std::uint64_t version = 0;
  std::string unknown;
  while (!variables.empty()) {
    const std::string_view line = take_line(variables);
    const std::string_view key = line.substr(0, line.find(' '));
    const std::string_view value = line.substr(std::min(key.size() + 1, line.size()));
    constexpr std::string_view kExtension = "extensions.";
    if (key == "core.repositoryformatversion") {
      const auto number = to_number<std::uint64_t>(value);
      if (!number) return "its repositoryformatversion is no number";
      version = *number;
    } else if (key.starts_with(kExtension) && !known.contains(key.substr(kExtension.size()))) {
      unknown = key;
    }
  }
  if (version > 1) return fmt::format("repository format {} is not known", version);
  if (version == 1 && !unknown.empty()) return printable(unknown) + " is not known";
  return std::nullopt;
}

class GitDumper final : public Dumper {
 public:
  std::string tool() const override { return kTool; }
  std::string package() const override { return "git"; }

  Result<std::string> tool_version(const CommandRunner& runner,
                                   const Patience& patience) const override {
    Command command;
    command.uid = kFirstSandboxUid;
    command.patience = patience;
    command.argv = {kTool, "--version"};
    const CommandResult result = runner.run(command);
    if (!result.ok()) return tool_error("run git --version", result);
    const std::string start = "git version ";
    const std::string line = first_line(result.out);
    return line.starts_with(start) ? line.substr(start.size()) : line;
  }

  Result<TreeLook> look(const DumpJob& job, const Seen& seen) const override {
    return look_at_git(job, seen);
  }

  bool is_immutable(std::string_view path) const override {
    // In whatever git directory it lies: of a submodule, or the repository's own.
    for (const std::string_view folder : {"lfs/objects/", "objects/"}) {
      const std::size_t at = path.rfind(folder);
      if (at == 0 || (at != std::string_view::npos && path[at - 1] == '/')) {
        return is_immutable_git(path.substr(at));
      }
    }
    return false;
  }

  Result<CopyFacts> copy(const DumpJob& job, const CommandRunner&) const override {
    return copy_git(job);
  }

  std::optional<std::string> alarm(const Detail& before, const Detail& now) const override {
    const std::optional<std::string> was = find_text(before, "head_id");
    const std::optional<std::string> is = find_text(now, "head_id");
    if (was && *was != "" && is && *is == "") {
      return "what HEAD names is gone";
    }
    return shrunk(before, now, "refs");
  }

  Result<Verified> verify(const DumpJob& job, CopyFacts& facts,
                          const CommandRunner& runner) const override {
    const Result<CopiedGit> copied = open_copied_git(job);
    if (!copied) return copied.error();
    for (const std::string& directory : copied->directories) {
      const Status good = check(job, *copied, directory, runner);
      // What was made for it is no part of the copy, whatever came of it.
      if (Status removed = remove_tree(job.staging_fd, kClean); !removed) return removed.error();
      if (!good) return good.error();
    }
    const Result<Detail> fingerprint = fingerprint_of(*copied, job.patience);
    if (!fingerprint) return fingerprint.error();
    if (*fingerprint != facts.fingerprint) {
      return other_fingerprint();
    }
    return Verified::kWhole;
  }

 private:
  // A git directory that has nothing but what fsck starts from.
  static Result<UniqueFd> make_clean(const DumpJob& job, int git) {
    if (mkdirat(job.staging_fd, kClean, 0700) != 0) return system_error("create", kClean, errno);
    Result<UniqueFd> clean = open_beneath(job.staging_fd, kClean, O_RDONLY | O_DIRECTORY);
    if (!clean) return clean.error();
    CopyOptions options;
    options.patience = job.patience;
    options.skip = [](const std::string& path) { return !fsck_starts_from(path); };
    const Result<TreeLook> copied = copy_tree({git, std::nullopt}, clean->get(), options);
    if (!copied) return copied.error();
    const Result<std::string> config = read_small_file(git, "config", kSmall);
    if (!config && config.error().code != ENOENT) {
      return system_error("read", "config", config.error().code);
    }
    const Result<UniqueFd> packs = open_beneath(git, "objects/pack", O_RDONLY | O_DIRECTORY);
    Result<std::vector<std::string>> names = std::vector<std::string>();
    if (packs) names = names_in(packs->get());
    if (!names) return names.error();
    const std::string text =
        clean_git_config(read_git_extensions(config ? *config : std::string()),
                         std::any_of(names->begin(), names->end(), is_promisor));
    if (Status made = create_file(clean->get(), "config", text); !made) return made.error();
    // For check_config() alone: git does not read a file of this name.
    const std::string own = config ? *config : std::string();
    if (Status made = create_file(clean->get(), kOwnConfig, own); !made) return made.error();
    for (const char* each : {"objects", "refs"}) {
      const Result<UniqueFd> folder = make_folders(clean->get(), each);
      if (!folder) return folder.error();
      if (fchmod(folder->get(), 0755) != 0) return system_error("change the mode", each, errno);
    }
    if (fchmodat(clean->get(), "config", 0644, 0) != 0 ||
        fchmodat(clean->get(), kOwnConfig, 0644, 0) != 0 || fchmod(clean->get(), 0755) != 0) {
      return system_error("change the mode", kClean, errno);
    }
    return clean;
  }

  // Whether git can open a repository that has this configuration. git reads it as data: of a file
  // that is named, no include is followed.
  static Status check_config(Command command, const CommandRunner& runner, const std::string& of) {
    command.argv = {kTool,          "config",
                    "--file",       std::string("/staging/") + kOwnConfig,
                    "--get-regexp", R"(^(core\.repositoryformatversion|extensions\.))"};
    const CommandResult result = runner.run(command);
    const bool has_none = result.end == CommandResult::End::kExited && result.code == 1;
    if (has_none) return {};
    if (!result.ok()) return tool_error("read the config" + of + " by git", result);
    if (auto why = why_not_opened(result.out)) return plain_error("verify", "config" + of, *why);
    return {};
  }

  static Status check(const DumpJob& job, const CopiedGit& copied, const std::string& directory,
                      const CommandRunner& runner) {
    const Result<UniqueFd> git =
        open_beneath(copied.git.get(), directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (!git) return git.error();
    const Result<UniqueFd> clean = make_clean(job, git->get());
    if (!clean) return clean.error();
    const Result<UniqueFd> objects = open_beneath(git->get(), "objects", O_RDONLY | O_DIRECTORY);
    if (!objects) return objects.error();
    // git asks access(2), which knows no capability; of packs, whether they are a partial clone's.
    if (fchmod(objects->get(), 0755) != 0) return system_error("change the mode", "objects", errno);
    const Result<UniqueFd> packs = open_beneath(objects->get(), "pack", O_RDONLY | O_DIRECTORY);
    if (packs && fchmod(packs->get(), 0755) != 0) {
      return system_error("change the mode", "objects/pack", errno);
    }

    Command command;
    command.uid = job.uid;
    command.patience = job.patience;
    command.environment = {{"GIT_DIR", "/staging"},      {"GIT_OBJECT_DIRECTORY", "/source"},
                           {"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", "/dev/null"},
                           {"GIT_OPTIONAL_LOCKS", "0"},  {"GIT_TERMINAL_PROMPT", "0"},
                           {"GIT_NO_LAZY_FETCH", "1"}};
    command.binds = {{objects->get(), "/source", false}, {clean->get(), "/staging", false}};
    command.reads_any_file = true;
    command.argv = {kTool, "fsck", "--full", "--no-dangling", "--no-progress"};
    const std::string of = directory.empty() ? "" : " of " + printable(directory);
    if (Status good = check_config(command, runner, of); !good) return good;
    CommandResult result = runner.run(command);
    if (!result.ok()) return tool_error("verify by git fsck" + of, result);

    // The index of each linked worktree: fsck takes one at a time.
    const Result<UniqueFd> worktrees =
        open_beneath(clean->get(), "worktrees", O_RDONLY | O_DIRECTORY);
    if (!worktrees) return {};
    const Result<std::vector<std::string>> names = names_in(worktrees->get());
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (!open_beneath(worktrees->get(), name + "/index", O_RDONLY)) continue;
      command.argv = {kTool, "fsck", "--connectivity-only", "--no-dangling", "--no-progress"};
      command.environment.emplace_back("GIT_INDEX_FILE", "/staging/worktrees/" + name + "/index");
      result = runner.run(command);
      command.environment.pop_back();
      if (!result.ok()) {
        return tool_error("verify by git fsck of the worktree " + printable(name), result);
      }
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Dumper> make_git_dumper() { return std::make_unique<GitDumper>(); }

}  // namespace repo

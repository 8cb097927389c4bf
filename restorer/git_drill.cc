// Git: cloned over file://, checked by fsck, every branch head checked out, and a commit pushed to
// a branch of the drill's own. The same, without the push, for the git directories of submodules.
//
// Hooks, config and config.worktree are taken out and replaced by an empty folder and a generated
// configuration (git_clean.h): no filter, hook or fsmonitor of the repository runs. Large files of
// LFS stay pointers. A partial clone lacks objects by design: there fsck is all that can be done.
// Sources: git-clone(1); git-fsck(1); gitrepository-layout(5); git-for-each-ref(1); git-config(1),
// protocol.allow.

#include <fcntl.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/damage.h"
#include "dumper/git_clean.h"
#include "dumper/git_copy.h"
#include "dumper/git_layout.h"
#include "dumper/tree.h"
#include "restorer/drill_script.h"
#include "restorer/drill_scripts.h"
#include "scanner/git_config.h"

namespace repo {
namespace {

struct Directory {
  std::string path;  // relative to data/
  std::string of;    // for people; empty for the repository itself
  bool partial = false;
};

class GitDrill final : public Drill {
 public:
  Result<std::vector<std::string>> run(const DrillJob& job,
                                       const CommandRunner& runner) const override {
    const Detail& recorded = job.record.fingerprint;
    DumpJob copy;
    copy.source.kind = job.record.kind;
    copy.source.path = job.record.path;
    copy.source.store = job.record.store;
    copy.staging_fd = job.scratch;
    copy.patience = job.patience;
    const Result<CopiedGit> copied = open_copied_git(copy);
    if (!copied) return unreadable_fingerprint(copied.error());
    Result<Detail> found = fingerprint_of(*copied, job.patience);
    if (!found) return unreadable_fingerprint(found.error());
    if (Status same = expect_equal(*found, recorded); !same) return same.error();

    std::vector<std::string> steps = {"fingerprint as recorded"};
    const std::string inside =
        job.record.store.substr(std::min(job.record.store.size(), job.record.path.size() + 1));
    bool pushed = false;
    std::vector<Directory> directories;
    for (const std::string& directory : copied->directories) {
      Result<Directory> disarmed = disarm(copied->git.get(), directory);
      if (!disarmed) return disarmed.error();
      disarmed->path = inside + (inside.empty() || directory.empty() ? "" : "/") + directory;
      directories.push_back(*std::move(disarmed));
    }
    for (const Directory& each : directories) {
      const bool pushes = each.of.empty() && !each.partial;
      const std::string own_name =
          pushes ? "repo-restore-drill-" + job.record.generation : std::string();
      Result<ScriptResult> done = run_script(
          job, runner,
          {kGitDrillScript,
           {each.path.empty() ? "." : each.path, each.of, own_name, each.partial ? "yes" : "no"},
           {{"GIT_CONFIG_NOSYSTEM", "1"},
            {"GIT_CONFIG_GLOBAL", "/dev/null"},
            {"GIT_TERMINAL_PROMPT", "0"},
            {"GIT_NO_LAZY_FETCH", "1"},
            {"GIT_ADVICE", "0"},
            {"GIT_AUTHOR_NAME", "drill"},
            {"GIT_AUTHOR_EMAIL", "drill@localhost"},
            {"GIT_COMMITTER_NAME", "drill"},
            {"GIT_COMMITTER_EMAIL", "drill@localhost"}}});
      if (!done) return done.error();
      if (!done->facts["differing"].empty()) {
        return unusable("a clone has other branches or tags" + each.of + ": " +
                        done->facts["differing"]);
      }
      pushed = pushed || pushes;
      steps.insert(steps.end(), done->steps.begin(), done->steps.end());
      if (each.partial) steps.push_back("a partial clone" + each.of + ": it was not cloned");
    }
    if (!pushed) return steps;
    // The control: one branch later it is another state.
    found = fingerprint_of(*copied, job.patience);
    if (!found) return unreadable_fingerprint(found.error());
    const std::uint64_t refs = find_number(recorded, "refs").value_or(0);
    if (find_number(*found, "refs") != refs + 1) {
      return unusable("a branch that was pushed is not among its refs");
    }
    return steps;
  }

 private:
  static Result<Directory> disarm(int git, const std::string& path) {
    const Result<UniqueFd> directory =
        open_beneath(git, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
    if (!directory) return directory.error();
    constexpr std::size_t kSmall = std::size_t{1} << 20;
    const Result<std::string> config = read_small_file(directory->get(), "config", kSmall);
    if (!config && config.error().code != ENOENT) {
      return unreadable_fingerprint(config.error());
    }
    const std::map<std::string, std::string> extensions =
        read_git_extensions(config ? *config : std::string());
    const auto storage = extensions.find("refstorage");
    if (storage != extensions.end() && storage->second != "files") {
      return plain_error(
          "", "", "git here cannot read refs that are kept as " + printable(storage->second));
    }
    Directory disarmed;
    if (!path.empty()) disarmed.of = " of " + printable(path);
    const Result<UniqueFd> packs =
        open_beneath(directory->get(), "objects/pack", O_RDONLY | O_DIRECTORY);
    if (packs) {
      const Result<std::vector<std::string>> names = names_in(packs->get());
      if (!names) return names.error();
      disarmed.partial = std::any_of(names->begin(), names->end(), is_promisor);
    }
    if (Status emptied = empty_folder(directory->get(), "hooks"); !emptied) return emptied.error();
    if (Status removed = remove_tree(directory->get(), "config.worktree"); !removed) {
      return removed.error();
    }
    const Result<UniqueFd> info = open_beneath(directory->get(), "info", O_RDONLY | O_DIRECTORY);
    if (info) {  // grafts make another history of what is there
      if (Status removed = remove_tree(info->get(), "grafts"); !removed) return removed.error();
    }
    Status put =
        put_file(directory->get(), "config", clean_git_config(extensions, disarmed.partial));
    if (!put) return put.error();
    // git takes no directory for a repository that has no refs/; it may have got lost as empty.
    const Result<UniqueFd> refs = make_folders(directory->get(), "refs");
    if (!refs) return refs.error();
    return disarmed;
  }
};

}  // namespace

std::unique_ptr<Drill> make_git_drill() { return std::make_unique<GitDrill>(); }

}  // namespace repo

#include "dumper/git_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/git_alternates.h"
#include "dumper/git_layout.h"
#include "dumper/git_state.h"
#include "dumper/tree_copier.h"
#include "scanner/probe.h"

namespace repo {
namespace {

std::string joined(const std::string& folder, const std::string& path) {
  if (folder.empty() || path.empty()) return folder + path;
  return folder + "/" + path;
}

Error in(Error error, const std::string& folder) {
  error.path = joined(folder, error.path);
  return error;
}

// Objects and refs that are not where they should be. (A ref may be a symbolic link to another ref:
// git made such ones once, and takes no other link for that. It is copied as a link. Any other is
// followed by git.)
// `path`: of the entry in its git directory.
std::optional<Error> odd_data(const TreeEntry& entry, const std::string& path) {
  if (entry.is_directory() || entry.is_file()) return std::nullopt;
  const bool is_ref = path.starts_with("refs/") || path == "HEAD";
  const bool matters = is_ref || path == "objects" || path.starts_with("objects/") ||
                       path == "refs" || path == "packed-refs";
  const bool is_symbolic_ref = is_ref && entry.is_link() && entry.link.starts_with("refs/");
  if (!matters || is_symbolic_ref) return std::nullopt;
  return plain_error("copy", entry.path,
                     entry.is_link()
                         ? "data behind a symbolic link is not copied: it leads to " + entry.link
                         : "a FIFO, socket or device among the data");
}

// One git directory without those of its submodules.
class DirectoryCopy {
 public:
  DirectoryCopy(const DumpJob& job, int source, int target, const CopyOptions& options,
                std::set<std::string> others)
      : job_(job),
        source_(source),
        target_(target),
        options_(options),
        others_(std::move(others)) {}

  GitState state;
  std::vector<std::string> notes;
  bool has_twins = false;

  Status run() {
    Result<GitState> before = read_git_state(source_, job_.patience);
    if (!before) return before.error();
    for (const GitPart part : {GitPart::kRefs, GitPart::kPackedRefs, GitPart::kNames}) {
      if (Status copied = pass(part); !copied) return copied;
    }
    Result<GitState> after = read_git_state(source_, job_.patience);
    if (!after) return after.error();
    Result<GitState> copy = read_git_state(target_, job_.patience);
    if (!copy) return copy.error();
    const std::vector<std::string> wrong =
        out_of_time(*before, *copy, *after,
                    [this](const std::string& ref) { return read_reflog(source_, ref); });
    if (!wrong.empty()) return busy(wrong.front(), "changed more than once while it was copied");
    state = *std::move(copy);
    if (state.contains("shallow")) notes.push_back("a shallow clone: its history is cut");
    if (faccessat(target_, "reftable", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      notes.push_back("its refs are in a reftable: copied, and not verified");
    }
    if (Status copied = pass(GitPart::kContent); !copied) return copied;
    if (Status copied = packs(); !copied) return copied;
    return borrowed();
  }

 private:
  // Everything of one part, in the places where it can be.
  Status pass(GitPart part) {
    CopyOptions options = options_;
    options.skip = [this, part](const std::string& path) {
      if (others_.contains(path) || (options_.skip && options_.skip(path))) return true;
      return git_part(path) != part && !leads_to(path, part);
    };
    // Seen before, and looked at again: its owner may have exchanged it meanwhile.
    options.refuse = [this](const TreeEntry& entry) {
      std::optional<Error> odd = odd_data(entry, entry.path);
      const bool leads_to_others =
          std::any_of(others_.begin(), others_.end(),
                      [&](const std::string& each) { return each.starts_with(entry.path + "/"); });
      if (leads_to_others && !entry.is_directory()) {
        odd = plain_error("copy", entry.path, "no directory any more");
      }
      return odd;
    };
    const Result<TreeLook> copied = copy_tree({source_, std::nullopt}, target_, options);
    return copied ? Status() : Status(copied.error());
  }

  Status packs() {
    Result<UniqueFd> source = open_beneath(source_, "objects/pack", O_RDONLY | O_DIRECTORY);
    if (!source) {
      return source.error().code == ENOENT ? Status() : Status(in(source.error(), "objects/pack"));
    }
    Result<UniqueFd> target = make_folders(target_, "objects/pack");
    if (!target) return target.error();
    CopyOptions options = options_;
    options.skip = [this](const std::string& path) {
      const std::string full = joined("objects/pack", path);
      return git_part(full) == GitPart::kLeftOut || (options_.skip && options_.skip(full));
    };
    options.refuse = [](const TreeEntry& entry) {
      return odd_data(entry, joined("objects/pack", entry.path));
    };
    const SharedBelow shared(options_.shared, "objects/pack");
    options.shared = shared.get();
    const Result<TreeLook> copied =
        copy_packs({source->get(), std::nullopt}, target->get(), options);
    if (!copied) return in(copied.error(), "objects/pack");
    const Result<std::vector<std::string>> names = names_in(target->get());
    if (!names) return in(names.error(), "objects/pack");
    if (std::any_of(names->begin(), names->end(), is_promisor)) {
      notes.push_back("a partial clone: objects that are only at its remote are not in the copy");
    }
    return {};
  }

  Status borrowed() {
    Result<UniqueFd> source = open_beneath(source_, "objects", O_RDONLY | O_DIRECTORY);
    if (!source) return in(source.error(), "objects");
    if (Result<UniqueFd> pack = make_folders(target_, "objects/pack"); !pack) return pack.error();
    Result<UniqueFd> target = open_beneath(target_, "objects", O_RDONLY | O_DIRECTORY);
    if (!target) return in(target.error(), "objects");
    const Result<BroughtIn> brought =
        bring_in_alternates(job_, source->get(), target->get(), options_);
    if (!brought) return brought.error();
    notes.insert(notes.end(), brought->notes.begin(), brought->notes.end());
    has_twins = brought->has_twins;
    return {};
  }

  const DumpJob& job_;
  const int source_;
  const int target_;
  const CopyOptions& options_;
  const std::set<std::string> others_;  // git directories inside, copied on their own
};

}  // namespace

Result<CopyFacts> copy_git(const DumpJob& job) {
  const std::string inside = store_inside(job.source).value_or("");
  if (mkdirat(job.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
  Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
  if (!data) return data.error();
  Result<UniqueFd> source =
      open_beneath(job.source_fd, inside.empty() ? "." : inside, O_RDONLY | O_DIRECTORY);
  if (!source) return in(source.error(), inside);
  if (!inside.empty() && mkdirat(data->get(), inside.c_str(), 0700) != 0) {
    return system_error("create", inside, errno);
  }
  Result<UniqueFd> target =
      open_beneath(data->get(), inside.empty() ? "." : inside, O_RDONLY | O_DIRECTORY);
  if (!target) return in(target.error(), inside);

  const Skip nested = job.skip_nested(inside);
  const TreeSource whole{source->get(), std::nullopt};
  GitDirectories finder;
  const Result<TreeLook> first = look_at_tree(
      whole, nested, job.patience, [&finder](const TreeEntry& entry) { finder.see(entry); });
  if (!first) return in(first.error(), inside);
  if (inflates(*first)) return too_much_for_its_size();
  const Result<std::vector<std::string>> found = finder.found();
  if (!found) return in(found.error(), inside);
  const std::vector<std::string>& directories = *found;
  std::optional<Error> odd;
  const Result<TreeLook> again =
      look_at_tree(whole, nested, job.patience, [&](const TreeEntry& entry) {
        if (!odd) odd = odd_data(entry, in_git_directory(entry.path, directories));
      });
  if (!again) return in(again.error(), inside);
  if (odd) return in(*odd, inside);

  CopyFacts facts;
  GitState all;
  for (const std::string& directory : directories) {
    const std::string here = directory.empty() ? "." : directory;
    Result<UniqueFd> from = open_beneath(source->get(), here, O_RDONLY | O_DIRECTORY);
    if (!from) return in(from.error(), joined(inside, directory));
    Result<UniqueFd> to = make_folders(target->get(), directory);
    if (!to) return in(to.error(), joined(inside, directory));
    std::set<std::string> others;
    const std::string below = directory.empty() ? "" : directory + "/";
    for (const std::string& each : directories) {
      if (each != directory && each.starts_with(below)) others.insert(each.substr(below.size()));
    }
    CopyOptions options;
    options.patience = job.patience;
    options.skip = [&nested, &directory](const std::string& path) {
      return nested(joined(directory, path));
    };
    const SharedBelow shared(job.shared, joined(inside, directory));
    options.shared = shared.get();
    DirectoryCopy one(job, from->get(), to->get(), options, std::move(others));
    if (Status copied = one.run(); !copied) return in(copied.error(), joined(inside, directory));
    facts.has_twins = facts.has_twins || one.has_twins;
    for (auto& [key, value] : one.state) all.emplace(joined(directory, key), value);
    for (const std::string& note : one.notes) {
      facts.notes.push_back((directory.empty() ? "" : printable(directory) + ": ") + note);
    }
  }
  facts.fingerprint = git_fingerprint(all);
  return facts;
}

Result<TreeLook> look_at_git(const DumpJob& job, const Seen& seen) {
  const std::string inside = store_inside(job.source).value_or("");
  const Result<UniqueFd> source =
      open_beneath(job.source_fd, inside.empty() ? "." : inside, O_RDONLY | O_DIRECTORY);
  if (!source) return in(source.error(), inside);
  const Skip nested = job.skip_nested(inside);
  const Skip skip = [&nested](const std::string& path) {
    return git_part(path) == GitPart::kLeftOut && path != "objects/info/alternates" ? true
                                                                                    : nested(path);
  };
  return look_at_tree({source->get(), std::nullopt}, skip, job.patience,
                      [&](const TreeEntry& entry) {
                        if (!seen) return;
                        TreeEntry inner = entry;
                        inner.path = joined(inside, entry.path);
                        seen(inner);
                      });
}

Result<CopiedGit> open_copied_git(const DumpJob& job) {
  const std::string path = joined("data", store_inside(job.source).value_or(""));
  Result<UniqueFd> git = open_beneath(job.staging_fd, path, O_RDONLY | O_DIRECTORY);
  if (!git) return git.error();
  GitDirectories finder;
  const Result<TreeLook> look =
      look_at_tree({git->get(), std::nullopt}, Skip(), job.patience,
                   [&finder](const TreeEntry& entry) { finder.see(entry); });
  if (!look) return look.error();
  Result<std::vector<std::string>> found = finder.found();
  if (!found) return found.error();
  return CopiedGit{*std::move(git), *std::move(found)};
}

Result<Detail> fingerprint_of(const CopiedGit& copied, const Patience& patience) {
  GitState all;
  for (const std::string& directory : copied.directories) {
    const Result<UniqueFd> git =
        open_beneath(copied.git.get(), directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (!git) return in(git.error(), directory);
    const Result<GitState> state = read_git_state(git->get(), patience);
    if (!state) return in(state.error(), directory);
    for (const auto& [key, value] : *state) all.emplace(joined(directory, key), value);
  }
  return git_fingerprint(all);
}

}  // namespace repo

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

// Objects and refs that are not where they should be. (A ref may be a symbolic link: git made such
// ones once. It is copied as a link.)
std::optional<Error> odd_data(const TreeLook& look, const std::vector<std::string>& directories) {
  for (const TreeEntry& entry : look.entries) {
    if (entry.is_directory() || entry.is_file()) continue;
    const std::string path = in_git_directory(entry.path, directories);
    const bool matters = path == "objects" || path.starts_with("objects/") || path == "refs" ||
                         path == "packed-refs";
    if (!matters) continue;
    return plain_error("copy", entry.path,
                       entry.is_link()
                           ? "data behind a symbolic link is not copied: it leads to " + entry.link
                           : "a FIFO, socket or device among the data");
  }
  return std::nullopt;
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

  TreeLook look;  // of all that was copied
  GitState state;
  std::vector<std::string> notes;

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
    if (!wrong.empty()) {
      Error error = system_error("copy", wrong.front(), EBUSY);
      error.message = "changed more than once while it was copied";
      return error;
    }
    state = *std::move(copy);
    if (state.contains("shallow")) notes.push_back("a shallow clone: its history is cut");
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
    Result<CopyPass> copied = copy_tree({source_, std::nullopt}, target_, options);
    if (!copied) return copied.error();
    // What only leads to the part is in the look of its own one.
    look.add(std::move(copied->look), "");
    return {};
  }

  Status packs() {
    Result<UniqueFd> source = open_beneath(source_, "objects/pack", O_RDONLY | O_DIRECTORY);
    if (!source) {
      return source.error().code == ENOENT ? Status() : Status(in(source.error(), "objects/pack"));
    }
    Result<UniqueFd> target = make("objects/pack");
    if (!target) return target.error();
    CopyOptions options = options_;
    options.skip = [this](const std::string& path) {
      const std::string full = joined("objects/pack", path);
      return git_part(full) == GitPart::kLeftOut || (options_.skip && options_.skip(full));
    };
    Result<CopyPass> copied = copy_packs({source->get(), std::nullopt}, target->get(), options);
    if (!copied) return in(copied.error(), "objects/pack");
    if (has_promisor_packs(copied->look)) {
      notes.push_back("a partial clone: objects that are only at its remote are not in the copy");
    }
    look.add(std::move(copied->look), "objects/pack");
    return {};
  }

  Status borrowed() {
    Result<UniqueFd> source = open_beneath(source_, "objects", O_RDONLY | O_DIRECTORY);
    if (!source) return in(source.error(), "objects");
    if (Result<UniqueFd> pack = make("objects/pack"); !pack) return pack.error();
    Result<UniqueFd> target = open_beneath(target_, "objects", O_RDONLY | O_DIRECTORY);
    if (!target) return in(target.error(), "objects");
    Result<std::vector<std::string>> told =
        bring_in_alternates(source->get(), job_.source.uid, target->get(), options_);
    if (!told) return told.error();
    notes.insert(notes.end(), told->begin(), told->end());
    return {};
  }

  // A folder of the copy, two levels deep at most.
  Result<UniqueFd> make(const std::string& path) {
    const std::string parent = path.substr(0, path.rfind('/'));
    for (const std::string& each : {parent, path}) {
      if (mkdirat(target_, each.c_str(), 0700) == 0) {
        Result<UniqueFd> made = open_beneath(target_, each, O_RDONLY | O_DIRECTORY);
        if (!made) return made.error();
        if (options_.readers &&
            (fchown(made->get(), 0, *options_.readers) != 0 || fchmod(made->get(), 0750) != 0)) {
          return system_error("change the mode", each, errno);
        }
      } else if (errno != EEXIST) {
        return system_error("create", each, errno);
      }
    }
    return open_beneath(target_, path, O_RDONLY | O_DIRECTORY);
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
  const Result<TreeLook> first = look_at_tree(whole, nested, job.patience);
  if (!first) return in(first.error(), inside);
  const std::vector<std::string> directories = git_directories(*first);
  CopyFacts facts;
  if (auto odd = odd_data(*first, directories)) return in(*odd, inside);
  if (inflates(*first)) return too_much_for_its_size();
  CopyOptions options;
  options.patience = job.patience;
  if (geteuid() == 0) options.readers = job.uid;
  TreeLook look;
  GitState all;
  for (const std::string& directory : directories) {
    Result<UniqueFd> from =
        open_beneath(source->get(), directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (!from) return in(from.error(), joined(inside, directory));
    if (!directory.empty() && mkdirat(target->get(), directory.c_str(), 0700) != 0) {
      return system_error("create", joined(inside, directory), errno);
    }
    Result<UniqueFd> to =
        open_beneath(target->get(), directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (!to) return in(to.error(), joined(inside, directory));
    if (options.readers &&
        (fchown(to->get(), 0, *options.readers) != 0 || fchmod(to->get(), 0750) != 0)) {
      return system_error("change the mode", joined(inside, directory), errno);
    }
    std::set<std::string> others;
    const std::string below = directory.empty() ? "" : directory + "/";
    for (const std::string& each : directories) {
      if (each != directory && each.starts_with(below)) others.insert(each.substr(below.size()));
    }
    options.skip = [&nested, &directory](const std::string& path) {
      return nested(joined(directory, path));
    };
    DirectoryCopy one(job, from->get(), to->get(), options, std::move(others));
    if (Status copied = one.run(); !copied) return in(copied.error(), joined(inside, directory));
    look.add(std::move(one.look), directory);
    for (auto& [key, value] : one.state) all.emplace(joined(directory, key), value);
    for (const std::string& note : one.notes) {
      facts.notes.push_back((directory.empty() ? "" : printable(directory) + ": ") + note);
    }
  }
  facts.fingerprint = git_fingerprint(all);

  const Skip left_out = [&](const std::string& path) {
    return nested(path) || git_part(in_git_directory(path, directories)) == GitPart::kLeftOut;
  };
  Result<std::vector<OwnersLine>> owners = owners_of(whole, inside, left_out, job.patience);
  if (!owners) return in(owners.error(), inside);
  facts.owners = *std::move(owners);
  if (!inside.empty()) {
    // data/ itself stands for the directory with the working files.
    const Result<std::vector<Attribute>> attributes = read_attributes(job.source_fd, ".");
    TreeEntry top;
    if (!attributes || fstat(job.source_fd, &top.st) != 0) {
      return system_error("stat", "", attributes ? errno : attributes.error().code);
    }
    facts.owners.insert(facts.owners.begin(), {'d', "", owners_line(top, "", *attributes)});
    TreeLook above;
    above.entries.push_back(std::move(top));
    facts.source_look = std::move(above);
  }
  facts.source_look.add(std::move(look), inside);
  facts.source_look.sort();
  return facts;
}

Result<CopiedGit> open_copied_git(const DumpJob& job) {
  const std::string path = joined("data", store_inside(job.source).value_or(""));
  Result<UniqueFd> git = open_beneath(job.staging_fd, path, O_RDONLY | O_DIRECTORY);
  if (!git) return git.error();
  const Result<TreeLook> look = look_at_tree({git->get(), std::nullopt}, Skip(), job.patience);
  if (!look) return look.error();
  std::vector<std::string> directories = git_directories(*look);
  return CopiedGit{*std::move(git), std::move(directories)};
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

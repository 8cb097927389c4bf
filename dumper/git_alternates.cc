#include "dumper/git_alternates.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "base/text.h"
#include "dumper/git_layout.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = std::size_t{1} << 20;
constexpr int kDeepest = 5;  // object-file.c: "ignoring alternate object stores, nesting too deep"

// "pack-1234" of "pack-1234.idx".
std::string stem(const std::string& name) { return name.substr(0, name.find('.')); }

class Borrowed {
 public:
  Borrowed(const DumpJob& job, int target, const CopyOptions& options)
      : job_(job),
        owner_(job.source.uid),
        identity_(identity_of(owner_)),
        target_(target),
        options_(options) {
    options_.keep_existing = true;
  }

  BroughtIn brought;

  Status from(int objects, const std::optional<Identity>& as, int depth) {
    Result<std::vector<std::string>> named = names_in(objects, as);
    if (!named) return named.error();
    for (const std::string& path : *named) {
      const std::string shown = printable(path.substr(0, PATH_MAX));
      if (auto error = out_of_patience(options_.patience)) return *error;
      if (depth == kDeepest) {
        note("alternates are nested too deep: " + shown + " is left out");
        continue;
      }
      Result<UniqueFd> place = open_directory_as(objects, path, identity_);
      if (!place) {
        note(fmt::format("the alternate {} cannot be read by the owner: {}", shown,
                         place.error().message));
        continue;
      }
      struct stat st = {};
      if (fstat(place->get(), &st) != 0) return system_error("stat", path, errno);
      if (!seen_.insert({st.st_dev, st.st_ino}).second) continue;
      if (Status copied = copy(place->get()); !copied) return copied;
      note("objects of the alternate " + shown + " are in the copy");
      if (Status deeper = from(place->get(), identity_, depth + 1); !deeper) return deeper;
    }
    return {};
  }

 private:
  // There may be any number of lines to tell of.
  void note(std::string text) {
    constexpr std::size_t kTold = 20;
    if (brought.notes.size() > kTold) return;
    if (brought.notes.size() == kTold) text = "and more alternates";
    brought.notes.push_back(std::move(text));
  }

  // One path a line; '#' begins a comment. Where somebody else than the owner may write, he may
  // have planted it: then the owner's rights are not what to follow it with.
  Result<std::vector<std::string>> names_in(int objects, const std::optional<Identity>& as) {
    const ActAs act_as(as);
    std::vector<std::string> names;
    const Result<UniqueFd> file = open_beneath(objects, "info/alternates", O_RDONLY);
    if (!file && file.error().code == ENOENT) return names;
    struct stat st = {};
    if (!file || fstat(file->get(), &st) != 0) {
      return system_error("read", "objects/info/alternates", file ? errno : file.error().code);
    }
    const bool is_his = st.st_uid == owner_ || st.st_uid == 0;
    if (!S_ISREG(st.st_mode) || !is_his || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
      note(
          "somebody else than the owner can write objects/info/alternates: "
          "not followed (chmod go-w)");
      return names;
    }
    const Result<std::string> text = read_to_end(file->get(), kSmall);
    if (!text) return system_error("read", "objects/info/alternates", text.error().code);
    for (std::string_view rest = *text; !rest.empty();) {
      const std::string_view line = take_line(rest);
      if (!line.empty() && line[0] != '#') names.emplace_back(line);
    }
    return names;
  }

  Status copy(int objects) {
    const Result<TreeLook> look = look_at_tree({objects, identity_}, Skip(), options_.patience);
    if (!look) return in(look.error(), "objects");
    if (inflates(*look)) return in(too_much_for_its_size(), "objects/info/alternates");
    CopyOptions loose = options_;
    loose.skip = [](const std::string& path) {
      return path == "info" || path == "pack" || git_part("objects/" + path) == GitPart::kLeftOut;
    };
    const SharedBelow shared(options_.shared, "objects");
    loose.shared = shared.get();
    const UniqueFd twin = job_.copy_of ? job_.copy_of(path_of(objects)) : UniqueFd();
    loose.twin = {twin.get(),
                  [](const std::string& path) { return is_immutable_git("objects/" + path); },
                  &brought.has_twins};
    const Result<TreeLook> copied = copy_tree({objects, identity_}, target_, loose);
    if (!copied) return in(copied.error(), "objects");

    const Result<UniqueFd> packs = [&] {
      const ActAs act_as(identity_);
      return open_beneath(objects, "pack", O_RDONLY | O_DIRECTORY);
    }();
    if (!packs) {
      return packs.error().code == ENOENT ? Status() : Status(in(packs.error(), "objects/pack"));
    }
    const Result<UniqueFd> target = open_beneath(target_, "pack", O_RDONLY | O_DIRECTORY);
    if (!target) return in(target.error(), "objects/pack");
    // A pack of the same name may have other bytes: its files go together or not at all. An index
    // over several packs belongs to the folder that it was made in.
    const Result<std::vector<std::string>> present = repo::names_in(target->get());
    if (!present) return in(present.error(), "objects/pack");
    std::set<std::string> stems;
    for (const std::string& name : *present) stems.insert(stem(name));
    CopyOptions packed = options_;
    const SharedBelow shared_packs(options_.shared, "objects/pack");
    packed.shared = shared_packs.get();
    const Result<UniqueFd> twin_packs =
        twin ? open_beneath(twin.get(), "pack", O_RDONLY | O_DIRECTORY) : UniqueFd();
    packed.twin = {twin_packs ? twin_packs->get() : -1,
                   [](const std::string& path) { return is_immutable_git("objects/pack/" + path); },
                   &brought.has_twins};
    packed.skip = [stems](const std::string& path) {
      return stems.contains(stem(path)) || path.starts_with("multi-pack-index") ||
             git_part("objects/pack/" + path) == GitPart::kLeftOut;
    };
    const Result<TreeLook> done = copy_packs({packs->get(), identity_}, target->get(), packed);
    return done ? Status() : Status(in(done.error(), "objects/pack"));
  }

  // Where an open directory is now (proc(5)); a hint alone, since it may be moved at any time.
  static std::string path_of(int directory) {
    std::string text(PATH_MAX, '\0');
    const std::string link = fmt::format("/proc/self/fd/{}", directory);
    const ssize_t n = readlink(link.c_str(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }

  static Error in(Error error, const std::string& folder) {
    error.path = error.path.empty() ? folder : folder + "/" + error.path;
    return error;
  }

  const DumpJob& job_;
  const uid_t owner_;
  const Identity identity_;
  const int target_;
  CopyOptions options_;
  std::set<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

Result<BroughtIn> bring_in_alternates(const DumpJob& job, int objects, int target,
                                      const CopyOptions& options) {
  Borrowed borrowed(job, target, options);
  if (Status done = borrowed.from(objects, std::nullopt, 0); !done) return done.error();
  return std::move(borrowed.brought);
}

Result<TreeLook> copy_packs(const TreeSource& source, int target, const CopyOptions& options) {
  const Result<TreeLook> first = copy_tree(source, target, options);
  Result<TreeLook> last = first;
  constexpr int kRounds = 20;
  for (int i = 0; last && i < kRounds; ++i) {
    Result<TreeLook> next = update_tree(source, target, first->began, options);
    if (!next || *last == *next) return next;
    last = std::move(next);
  }
  if (!last) return last;
  return busy("", "packs come and go all the time");
}

}  // namespace repo

#include "dumper/svn_copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file_io.h"
#include "base/number.h"
#include "dumper/svn_layout.h"
#include "dumper/svn_rep_cache.h"
#include "dumper/tree_copier.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr std::size_t kSmall = std::size_t{1} << 20;

// A small file as it is at one time.
struct SmallFile {
  std::string text;
  struct stat st = {};
};

Result<SmallFile> read_whole(int directory, const std::string& path) {
  const Result<UniqueFd> file = open_beneath(directory, path, O_RDONLY);
  if (!file) return system_error("open", path, file.error().code);
  SmallFile small;
  if (fstat(file->get(), &small.st) != 0) return system_error("stat", path, errno);
  if (!S_ISREG(small.st.st_mode)) return system_error("read", path, EINVAL);
  Result<std::string> content = read_to_end(file->get(), kSmall);
  if (!content) return system_error("read", path, content.error().code);
  small.text = *std::move(content);
  return small;
}

Status write_whole(int directory, const std::string& path, const SmallFile& small) {
  const std::size_t slash = path.rfind('/');
  const Result<UniqueFd> parent =
      open_beneath(directory, path.substr(0, slash), O_RDONLY | O_DIRECTORY);
  if (!parent) return parent.error();
  const std::string name = path.substr(slash + 1);
  if (Status made = create_file(parent->get(), name, small.text); !made) return made;
  const struct timespec times[2] = {small.st.st_mtim, small.st.st_mtim};
  utimensat(parent->get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  return {};
}

Result<std::uint64_t> read_shard_size(int repository) {
  const Result<SmallFile> format = read_whole(repository, "db/format");
  if (!format && format.error().code != ENOENT) return format.error();
  return format ? shard_size(format->text) : 0;
}

class SvnCopy {
 public:
  SvnCopy(const DumpJob& job, int data)
      : job_(job),
        data_(data),
        source_{job.source_fd, std::nullopt},
        nested_(job.skip_nested("")) {}

  Result<CopyFacts> run() {
    Result<Detail> before = svn_detail(job_.source_fd);
    if (!before) return before.error();
    if (Status fit = check_svn_source(job_); !fit) return fit.error();

    CopyFacts facts;
    if (Status copied = rep_cache(facts.notes); !copied) return copied.error();
    Result<std::string> state = settle();
    if (!state) return state.error();

    if (Status written = write_whole(data_, "db/current", current_); !written) {
      return written.error();
    }
    Result<SmallFile> txn_current = read_whole(job_.source_fd, "db/txn-current");
    if (txn_current) {
      Status written = write_whole(data_, "db/txn-current", *txn_current);
      if (!written) return written.error();
    } else if (txn_current.error().code != ENOENT) {
      return txn_current.error();
    }
    const Result<Detail> after = svn_detail(job_.source_fd);
    if (!after) return after.error();
    if (find_text(*after, "uuid") != find_text(*before, "uuid")) {
      return plain_error("compare", "", "the uuid changed during the copy");
    }
    const std::uint64_t revision = find_number(*after, "revision").value_or(0);
    // A commit in flight has written one file more at most.
    if (highest_ > revision + 1) {
      return plain_error("copy", "db/current",
                         fmt::format("says revision {}, but db/revs holds {}: revisions would be "
                                     "lost; svnadmin recover mends it",
                                     revision, highest_));
    }
    Result<Detail> copied = svn_detail(data_);
    if (!copied) return copied.error();
    facts.fingerprint = *std::move(copied);
    facts.fingerprint.emplace_back("state_sha256", *std::move(state));
    return facts;
  }

 private:
  Status rep_cache(std::vector<std::string>& notes) {
    const Result<UniqueFd> from = open_beneath(job_.source_fd, "db", O_RDONLY | O_DIRECTORY);
    if (!from) return from.error();
    if (mkdirat(data_, "db", 0700) != 0) return system_error("create", "db", errno);
    const Result<UniqueFd> to = open_beneath(data_, "db", O_RDONLY | O_DIRECTORY);
    if (!to) return to.error();
    Result<std::optional<std::string>> told = copy_rep_cache(from->get(), to->get(), job_.patience);
    if (!told) {
      Error error = told.error();
      if (!error.path.empty()) error.path = "db/" + error.path;
      return error;
    }
    if (*told) notes.push_back(**told);
    return {};
  }

  Status read_extent() {
    Result<SmallFile> current = read_whole(job_.source_fd, "db/current");
    if (!current) return current.error();
    current_ = *std::move(current);
    const std::uint64_t youngest = extent_.youngest;
    const std::optional<std::uint64_t> revision = leading_number(current_.text);
    if (!revision) return plain_error("read", "db/current", "it holds no revision");
    extent_.youngest = *revision;
    if (extent_.youngest < youngest) return busy("db/current", "it went back meanwhile");
    const Result<std::uint64_t> shard = read_shard_size(job_.source_fd);
    if (!shard) return shard.error();
    extent_.shard = *shard;
    return read_min_unpacked();
  }

  Status read_min_unpacked() {
    const Result<SmallFile> file = read_whole(job_.source_fd, "db/min-unpacked-rev");
    if (!file) return file.error().code == ENOENT ? Status() : Status(file.error());
    const std::optional<std::uint64_t> revision = leading_number(file->text);
    if (!revision) return plain_error("read", "db/min-unpacked-rev", "it holds no revision");
    extent_.min_unpacked = *revision;
    return {};
  }

  // Revisions, and the state that they belong to: nothing of the state has changed from before the
  // revisions were copied until after. Each round is of a db/current that is read before all else:
  // of older ones a shard may have been packed since with younger revisions in it. Returns the
  // state's digest.
  Result<std::string> settle() {
    auto all_but = [this](SvnPart part) {
      return [this, part](const std::string& path) {
        const bool wanted = svn_part(path) == part || leads_to_parts(path, extent_.shard);
        return !wanted || nested_(path) || is_beyond(path, extent_);
      };
    };
    const Skip state = all_but(SvnPart::kState);
    const Skip revisions = all_but(SvnPart::kRevisions);
    std::optional<TreeLook> state_before;
    std::optional<TreeLook> revisions_before;
    constexpr int kRounds = 20;
    for (int i = 0; i < kRounds; ++i) {
      if (Status known = read_extent(); !known) return known.error();
      Result<TreeLook> of_state = pass(state, state_before);
      if (!of_state) return of_state.error();
      if (Status read = read_min_unpacked(); !read) return read.error();
      Result<TreeLook> of_revisions = pass(revisions, revisions_before);
      if (!of_revisions) return of_revisions.error();
      if (Status dropped = drop_beyond(); !dropped) return dropped.error();
      // What the digest is of, too: a commit's temporary file may be there just then.
      LookBuilder digested;
      Result<std::string> digest =
          digest_tree(source_, state, job_.patience,
                      [&digested](const TreeEntry& entry) { digested.add(entry); });
      if (!digest) return digest;
      const Result<TreeLook> now = look_at_tree(source_, state, job_.patience);
      if (!now) return now.error();
      const bool is_packed_beyond = extent_.min_unpacked > extent_.youngest + 1;
      if (digested.finish() == *of_state && *now == *of_state && !is_packed_beyond) return digest;
      if (!state_before) state_before = *of_state;
      if (!revisions_before) revisions_before = *of_revisions;
    }
    return busy("", "its settings change, or it is packed, all the time");
  }

  // The first time copies, then brings up to date what was copied since the first time.
  Result<TreeLook> pass(const Skip& skip, const std::optional<TreeLook>& first) const {
    CopyOptions options;
    options.skip = skip;
    options.patience = job_.patience;
    options.shared = job_.shared;
    options.refuse = odd_svn_data;  // seen before, and maybe exchanged since
    return first ? update_tree(source_, data_, first->began, options)
                 : copy_tree(source_, data_, options);
  }

  // What was copied before it was packed; and how far the source's revisions go.
  Status drop_beyond() {
    const Result<UniqueFd> revs = open_beneath(data_, "db/revs", O_RDONLY | O_DIRECTORY);
    if (!revs) return revs.error();
    const Result<std::vector<std::string>> names = names_in(revs->get());
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (!is_beyond("db/revs/" + name, extent_)) continue;
      if (Status removed = remove_tree(revs->get(), name); !removed) return removed;
    }
    const Result<UniqueFd> source = open_beneath(job_.source_fd, "db/revs", O_RDONLY | O_DIRECTORY);
    if (!source) return source.error();
    highest_ = highest_in(source->get(), 2);
    return {};
  }

  // The highest number of a revision file below db/revs of the source, which has one or two levels.
  static std::uint64_t highest_in(int directory, int levels) {
    const Result<std::vector<std::string>> names = names_in(directory);
    if (!names) return 0;
    std::uint64_t highest = 0;
    std::string highest_name;
    for (const std::string& name : *names) {
      const auto revision = revision_of("db/revs/" + name);
      if (revision && *revision >= highest) {
        highest = *revision;
        highest_name = name;
      }
    }
    if (highest_name.empty() || levels == 1) return highest;
    const Result<UniqueFd> shard = open_beneath(directory, highest_name, O_RDONLY | O_DIRECTORY);
    return shard ? highest_in(shard->get(), levels - 1) : highest;
  }

  const DumpJob& job_;
  const int data_;
  const TreeSource source_;
  const Skip nested_;
  SmallFile current_;  // db/current
  SvnExtent extent_;   // that it stands for
  std::uint64_t highest_ = 0;
};

}  // namespace

Result<Detail> svn_detail(int repository) {
  ProbeResult result = probe_svn(*borrow_directory(repository));
  if (result.detail) return *std::move(result.detail);
  if (result.error) return *std::move(result.error);
  return plain_error("probe", "", "no svn repository any more");
}

Status check_svn_source(const DumpJob& job) {
  std::optional<Error> odd;
  const Result<TreeLook> look = look_at_svn(job, [&odd](const TreeEntry& entry) {
    if (!odd) odd = odd_svn_data(entry);
  });
  if (!look) return look.error();
  if (odd) return *odd;
  return inflates(*look) ? Status(too_much_for_its_size()) : Status();
}

Result<TreeLook> look_at_svn(const DumpJob& job, const Seen& seen) {
  const Skip nested = job.skip_nested("");
  const Skip skip = [&nested](const std::string& path) {
    return svn_part(path) == SvnPart::kLeftOut || nested(path);
  };
  return look_at_tree({job.source_fd, std::nullopt}, skip, job.patience, seen);
}

Result<Detail> svn_fingerprint(int repository, const Skip& skip, const Patience& patience) {
  Result<Detail> detail = svn_detail(repository);
  if (!detail) return detail;
  const Result<std::uint64_t> shard = read_shard_size(repository);
  if (!shard) return shard.error();
  Result<std::string> state = digest_tree(
      {repository, std::nullopt},
      [&](const std::string& path) {
        const bool wanted = svn_part(path) == SvnPart::kState || leads_to_parts(path, *shard);
        return !wanted || (skip && skip(path));
      },
      patience);
  if (!state) return state.error();
  detail->emplace_back("state_sha256", *std::move(state));
  return detail;
}

Result<CopyFacts> copy_svn(const DumpJob& job) {
  if (mkdirat(job.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
  const Result<UniqueFd> data = open_beneath(job.staging_fd, "data", O_RDONLY | O_DIRECTORY);
  if (!data) return data.error();
  return SvnCopy(job, data->get()).run();
}

}  // namespace repo

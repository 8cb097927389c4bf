#include "dumper/seal.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/checksums.h"
#include "dumper/owners.h"

namespace repo {
namespace {

constexpr const char* kChecksums = "SHA256SUMS";

// Names for a sentence: the first few, and how many there are.
class Named {
 public:
  void add(const std::string& path) {
    constexpr std::size_t kShown = 3;
    if (++count_ <= kShown) shown_ += (count_ == 1 ? "" : ", ") + printable(path);
  }
  std::uint64_t count() const { return count_; }
  std::string text() const { return shown_ + fmt::format(" ({} in all)", count_); }

 private:
  std::uint64_t count_ = 0;
  std::string shown_;
};

// Whether a link leads to something beside it or below.
bool leads_inside(int parent, const std::string& name) {
  struct open_how how = {};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return static_cast<bool>(
      UniqueFd(static_cast<int>(syscall(SYS_openat2, parent, name.c_str(), &how, sizeof how))));
}

bool is_special(mode_t mode) { return !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode); }

// A file of a generation that was sealed before.
bool is_sealed(const struct stat& st) {
  constexpr mode_t kAnyMode = 07777;
  return st.st_uid == geteuid() && (st.st_mode & kAnyMode & ~S_IXUSR) == 0600;
}

class Sealer final : public TreeVisitor {
 public:
  Sealer(const SealJob& job, LineWriter& checksums, LineWriter& owners,
         std::optional<ChecksumReader> previous)
      : job_(job), checksums_(checksums), owners_(owners), previous_(std::move(previous)) {}

  Totals totals;

  std::string links_sha256() { return links_digest_.hex(); }

  // Of what the source has and the copy has not.
  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (links_.count() > 0) {
      notes.push_back("links are copied as links, without what they lead to: " + links_.text());
    }
    if (left_out_.count() > 0) {
      notes.push_back("FIFOs and devices are not copied: " + left_out_.text());
    }
    return notes;
  }

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    if (entry.is_directory()) {
      if (Status done = enter_directory(entry, name); !done) return done.error();
      return Descend::kYes;
    }
    Status done;
    if (entry.is_link()) {
      done = seal_link(entry, parent, name);
    } else if (entry.is_file()) {
      done = seal_file(entry, parent, name);
    } else {
      return plain_error("seal", entry.path, "no file, directory or link");
    }
    if (!done) return done.error();
    return Descend::kNo;
  }

  Status leave(const TreeEntry& entry, int directory) override {
    const Level level = std::move(levels_.back());
    levels_.pop_back();
    if (fchown(directory, geteuid(), getegid()) != 0 || fchmod(directory, 0700) != 0) {
      return system_error("change the mode", entry.path, errno);
    }
    if (!level.source) return {};
    const struct timespec times[2] = {level.at_source.st_mtim, level.at_source.st_mtim};
    if (futimens(directory, times) != 0) return system_error("set the time of", entry.path, errno);
    return {};
  }

 private:
  // A directory on the way to where the walk is, and what stands for it elsewhere.
  struct Level {
    UniqueFd source;
    std::optional<Identity> as;
    struct stat at_source = {};
    UniqueFd previous;
  };

  Status enter_directory(const TreeEntry& entry, const std::string& name) {
    ++totals.directories;
    Level level;
    const bool is_top = entry.path.empty();
    if (job_.elsewhere && job_.elsewhere->at == entry.path) {
      level.source = UniqueFd(fcntl(job_.elsewhere->fd.get(), F_DUPFD_CLOEXEC, 0));
      level.as = job_.elsewhere->as;
    } else if (is_top) {
      level.source = UniqueFd(fcntl(job_.source, F_DUPFD_CLOEXEC, 0));
    } else if (levels_.back().source) {
      level.as = levels_.back().as;
      const ActAs as(level.as);
      level.source = open_directory(levels_.back().source.get(), name);
      // Gone, or not for the owner to see.
      const bool is_none = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == EACCES;
      if (!level.source && !is_none) return system_error("open", entry.path, errno);
    }
    if (is_top && job_.shared.previous >= 0) {
      level.previous = UniqueFd(fcntl(job_.shared.previous, F_DUPFD_CLOEXEC, 0));
    } else if (!is_top && levels_.back().previous) {
      level.previous = open_directory(levels_.back().previous.get(), name);
    }
    if (level.source && fstat(level.source.get(), &level.at_source) != 0) {
      return system_error("stat", entry.path, errno);
    }
    levels_.push_back(std::move(level));
    if (!levels_.back().source) return {};
    if (Status told = tell_owner(entry.path, ".", levels_.back().at_source); !told) return told;
    return tell_specials(entry.path);
  }

  // What stands for an entry at the source, where that is of the same type.
  std::optional<struct stat> at_source(const TreeEntry& entry, const std::string& name) const {
    const Level& level = levels_.back();
    if (!level.source) return std::nullopt;
    struct stat st = {};
    const ActAs as(level.as);
    if (fstatat(level.source.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        (st.st_mode & S_IFMT) != (entry.st.st_mode & S_IFMT)) {
      return std::nullopt;
    }
    return st;
  }

  // A line of `owners` for what is called `name` in the source's directory.
  Status tell_owner(const std::string& path, const std::string& name, const struct stat& st) {
    const Level& level = levels_.back();
    Result<std::vector<Attribute>> attributes = [&] {
      const ActAs as(level.as);
      return read_attributes(level.source.get(), name);
    }();
    if (!attributes) {
      const int code = attributes.error().code;
      return code == ENOENT ? Status() : system_error(attributes.error().op, path, code);
    }
    return owners_.write(owners_line(st, path, *attributes));
  }

  // FIFOs, sockets and devices in the source's directory: they are not in the copy.
  Status tell_specials(const std::string& path) {
    const Level& level = levels_.back();
    const Result<std::vector<Listed>> entries = [&] {
      const ActAs as(level.as);
      return entries_in(level.source.get());
    }();
    if (!entries) return system_error("read", path, entries.error().code);
    for (const auto& [name, type] : *entries) {
      if (type == DT_REG || type == DT_DIR || type == DT_LNK) continue;
      struct stat st = {};
      {
        const ActAs as(level.as);
        if (fstatat(level.source.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) continue;
      }
      if (!is_special(st.st_mode)) continue;
      const std::string full = path.empty() ? name : path + "/" + name;
      if (Status told = tell_owner(full, name, st); !told) return told;
      if (!S_ISSOCK(st.st_mode)) left_out_.add(full);  // a socket holds nothing
    }
    return {};
  }

  Status seal_link(const TreeEntry& entry, int parent, const std::string& name) {
    ++totals.links;
    const bool is_symbolic_ref = entry.link.starts_with("refs/");  // of git
    if (!is_symbolic_ref && !leads_inside(parent, name)) links_.add(entry.path);
    if (fchownat(parent, name.c_str(), geteuid(), getegid(), AT_SYMLINK_NOFOLLOW) != 0) {
      return system_error("change the owner", entry.path, errno);
    }
    links_digest_.add(entry.path, entry.link);
    const auto source = at_source(entry, name);
    if (source) return tell_owner(entry.path, name, *source);
    return owners_.write(owners_line(entry.st, entry.path, {}));
  }

  Status seal_file(const TreeEntry& entry, int parent, const std::string& name) {
    struct stat before = {};
    const Level& level = levels_.back();
    const bool in_previous =
        level.previous && job_.shared.immutable(entry.path) &&
        fstatat(level.previous.get(), name.c_str(), &before, AT_SYMLINK_NOFOLLOW) == 0 &&
        is_same_file(before, entry.st);
    const bool is_previous = in_previous && before.st_ino == entry.st.st_ino;
    const bool is_twin = !is_previous && job_.has_twins && entry.st.st_nlink > 1 &&
                         job_.shared.immutable(entry.path) && is_sealed(entry.st);
    const bool linked = is_previous || is_twin;
    if (entry.st.st_nlink != 1 && !linked) {
      return plain_error("seal", entry.path, "a file with several names");
    }
    const std::string listed = "data/" + entry.path;
    const std::optional<std::string> known =
        in_previous && previous_ ? previous_->find(listed) : std::nullopt;

    const UniqueFd file(openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return system_error("open", entry.path, errno);
    const bool is_taken_over = known && !job_.read_shared;
    Result<std::string> digest =
        is_taken_over ? Result<std::string>(*known) : hash(file.get(), entry);
    if (!digest) return digest.error();
    if (known && *digest != *known) {
      return plain_error(kSealShare, entry.path, "it has changed in the generation before");
    }
    if (Status written = checksums_.write(checksum_line(*digest, listed)); !written) return written;
    ++totals.files;
    totals.bytes += static_cast<std::uint64_t>(entry.st.st_size);
    if (known || is_twin) totals.shared += static_cast<std::uint64_t>(entry.st.st_size);

    const auto source = at_source(entry, name);
    if (!linked) {
      const mode_t executable = (source ? source->st_mode : entry.st.st_mode) & S_IXUSR;
      if (fchown(file.get(), geteuid(), getegid()) != 0 ||
          fchmod(file.get(), 0600 | executable) != 0) {
        return system_error("change the mode", entry.path, errno);
      }
    }
    return source ? tell_owner(entry.path, name, *source) : Status();
  }

  Result<std::string> hash(int file, const TreeEntry& entry) const {
    Result<FileDigest> digest = digest_file(file, job_.patience);
    if (!digest) {
      Error error = digest.error();
      if (!error.op.empty()) error.path = entry.path;
      return error;
    }
    if (digest->size != static_cast<std::uint64_t>(entry.st.st_size)) {
      return plain_error("seal", entry.path, "its size is not what the file system says");
    }
    return std::move(digest->hex);
  }

  const SealJob& job_;
  LineWriter& checksums_;
  LineWriter& owners_;
  std::optional<ChecksumReader> previous_;
  Named links_;
  Named left_out_;
  LinksDigest links_digest_;
  std::vector<Level> levels_;
};

// Nothing where there is none that can be relied on: then every file is hashed.
std::optional<ChecksumReader> known_digests(const SealJob& job) {
  if (job.previous < 0) return std::nullopt;
  const Result<UniqueFd> file = open_beneath(job.previous, kChecksums, O_RDONLY);
  if (!file) return std::nullopt;
  const Result<FileDigest> digest = digest_file(file->get(), job.patience);
  if (!digest || digest->hex != job.previous_checksums_sha256) return std::nullopt;
  Result<LineReader> lines = LineReader::open(job.previous, kChecksums);
  if (!lines) return std::nullopt;
  return ChecksumReader(*std::move(lines));
}

}  // namespace

Result<Sealed> seal(const SealJob& job) {
  Result<LineWriter> checksums = LineWriter::create(job.staging, kChecksums);
  if (!checksums) return checksums.error();
  Result<LineWriter> owners = LineWriter::create(job.staging, "owners");
  if (!owners) return owners.error();
  std::optional<ChecksumReader> known = known_digests(job);
  const Result<UniqueFd> data = open_beneath(job.staging, "data", O_RDONLY | O_DIRECTORY);
  if (!data) return data.error();

  Sealer sealer(job, *checksums, *owners, std::move(known));
  if (Status walked = walk_tree({data->get(), std::nullopt}, sealer, job.patience); !walked) {
    return walked.error();
  }
  Result<std::string> of_checksums = checksums->finish();
  if (!of_checksums) return of_checksums.error();
  Result<std::string> of_owners = owners->finish();
  if (!of_owners) return of_owners.error();
  return Sealed{sealer.totals, sealer.notes(), *std::move(of_checksums), *std::move(of_owners),
                sealer.links_sha256()};
}

}  // namespace repo

#include "restorer/read_back.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/checksums.h"
#include "dumper/damage.h"
#include "dumper/line_file.h"
#include "dumper/tree_look.h"

namespace repo {
namespace {

constexpr const char* kChecksums = "SHA256SUMS";
constexpr const char* kOwners = "owners";

bool is_special(const OwnersLine& line) { return std::strchr("pscb", line.type) != nullptr; }

// The lines of SHA256SUMS and owners, side by side with the walk.
class Listing {
 public:
  static Result<Listing> open(int generation) {
    Result<LineReader> checksums = LineReader::open(generation, kChecksums);
    if (!checksums) return reading_error(kChecksums, checksums.error().code);
    Result<LineReader> owners = LineReader::open(generation, kOwners);
    if (!owners) return reading_error(kOwners, owners.error().code);
    Listing listing(*std::move(checksums), *std::move(owners));
    if (Status begun = listing.next_checksum(); !begun) return begun.error();
    if (Status begun = listing.next_owner(); !begun) return begun.error();
    return listing;
  }

  // What was recorded of the file at `path`, which comes after those asked for before.
  Result<std::string> digest_for(const std::string& path) {
    const std::string listed = "data/" + path;
    if (checksum_ && precedes_in_walk(checksum_->path, listed)) return missing(checksum_->path);
    if (!checksum_ || checksum_->path != listed) {
      return damage(listed, "this file is not in SHA256SUMS: it was put there since");
    }
    std::string hex = std::move(checksum_->hex);
    if (Status next = next_checksum(); !next) return next.error();
    return hex;
  }

  // The line for an entry of this type; empty where there is none.
  Result<std::optional<OwnersLine>> owner_for(const std::string& path, char type) {
    if (owner_ && precedes_in_walk(owner_->path, path)) return missing("data/" + owner_->path);
    if (!owner_ || owner_->path != path) return std::optional<OwnersLine>();
    if (owner_->type != type) {
      return damage("data/" + path, "it is of another type than the one that was copied");
    }
    std::optional<OwnersLine> line = std::move(owner_);
    if (Status next = next_owner(); !next) return next.error();
    return line;
  }

  Status finish() const {
    if (checksum_) return missing(checksum_->path);
    if (owner_) return missing("data/" + owner_->path);
    return {};
  }

 private:
  Listing(LineReader checksums, LineReader owners)
      : checksums_(std::move(checksums)), owners_(std::move(owners)) {}

  static Error missing(const std::string& path) { return damage(path, "it is missing"); }

  Status next_checksum() {
    checksum_.reset();
    const std::optional<std::string> line = checksums_.next();
    if (!line) return {};
    checksum_ = parse_checksum_line(*line);
    return checksum_ ? Status() : Status(damage(kChecksums, "a line of it is none"));
  }

  Status next_owner() {
    do {  // what was not copied stands in no order
      owner_.reset();
      const std::optional<std::string> line = owners_.next();
      if (!line) return {};
      owner_ = parse_owners_line(*line);
      if (!owner_) return damage(kOwners, "a line of it is none");
    } while (is_special(*owner_));
    return {};
  }

  LineReader checksums_;
  LineReader owners_;
  std::optional<ChecksumLine> checksum_;
  std::optional<OwnersLine> owner_;
};

class Reader final : public TreeVisitor {
 public:
  Reader(Listing& listing, CopySink& sink) : listing_(listing), sink_(sink) {}

  Totals totals;
  std::string links_sha256() { return links_.hex(); }
  // Whether the walk ended with an error of the reader or the sink, not with one of its own.
  bool has_failed() const { return has_failed_; }

  Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) override {
    Result<Descend> taken = take(entry, parent, name);
    has_failed_ = !taken;
    return taken;
  }

  Status leave(const TreeEntry& entry, int) override {
    Status left = sink_.leave(entry);
    has_failed_ = !left;
    return left;
  }

 private:
  Result<Descend> take(const TreeEntry& entry, int parent, const std::string& name) {
    if (entry.is_directory()) return of(enter_directory(entry), Descend::kYes);
    if (entry.is_link()) return of(take_link(entry), Descend::kNo);
    if (entry.is_file()) return of(take_file(entry, parent, name), Descend::kNo);
    return damage("data/" + entry.path, "no file, directory or link: it was put there since");
  }

  static Result<Descend> of(const Status& status, Descend descend) {
    if (!status) return status.error();
    return descend;
  }

  Status enter_directory(const TreeEntry& entry) {
    ++totals.directories;
    const Result<std::optional<OwnersLine>> owner = listing_.owner_for(entry.path, 'd');
    if (!owner) return owner.error();
    return sink_.enter(entry, *owner ? &**owner : nullptr);
  }

  Status take_link(const TreeEntry& entry) {
    ++totals.links;
    const Result<std::optional<OwnersLine>> owner = listing_.owner_for(entry.path, 'l');
    if (!owner) return owner.error();
    if (!*owner) {
      return damage("data/" + entry.path, "this link was not copied: it was put there since");
    }
    links_.add(entry.path, entry.link);
    return sink_.take_link(entry, &**owner);
  }

  Status take_file(const TreeEntry& entry, int parent, const std::string& name) {
    ++totals.files;
    const Result<std::string> recorded = listing_.digest_for(entry.path);
    if (!recorded) return recorded.error();
    const Result<std::optional<OwnersLine>> owner = listing_.owner_for(entry.path, 'f');
    if (!owner) return owner.error();
    const UniqueFd file(
        openat(parent, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) return reading_error("data/" + entry.path, errno);
    const Result<std::string> digest =
        sink_.take_file(entry, file.get(), *owner ? &**owner : nullptr);
    if (!digest) return digest.error();
    if (*digest == *recorded) return {};
    return damage("data/" + entry.path, "its SHA-256 is not the recorded one");
  }

  Listing& listing_;
  CopySink& sink_;
  LinksDigest links_;
  bool has_failed_ = false;
};

Status check_digest(int generation, const char* name, const std::string& recorded,
                    const Patience& patience) {
  const Result<UniqueFd> file = open_beneath(generation, name, O_RDONLY);
  if (!file) return reading_error(name, file.error().code);
  const Result<std::string> digest = digest_of(file->get(), name, patience);
  if (!digest) return digest.error();
  if (*digest != recorded) return damage(name, "its SHA-256 is not the one in item.json");
  return {};
}

// What the disk cannot read of the copy's folders is damage, too.
Error of_the_walk(const Error& error) {
  const bool reads = error.op == "read" || error.op == "stat" || error.op == "open";
  return reads && error.code != 0 ? reading_error("data/" + error.path, error.code) : error;
}

class Checker final : public CopySink {
 public:
  explicit Checker(const Patience& patience) : patience_(patience) {}
  Status enter(const TreeEntry&, const OwnersLine*) override { return {}; }
  Status leave(const TreeEntry&) override { return {}; }
  Result<std::string> take_file(const TreeEntry& entry, int file, const OwnersLine*) override {
    return digest_of(file, "data/" + entry.path, patience_);
  }
  Status take_link(const TreeEntry&, const OwnersLine*) override { return {}; }

 private:
  const Patience& patience_;
};

Status compare(const char* what, std::uint64_t found, std::uint64_t recorded) {
  if (found == recorded) return {};
  return damage("data", fmt::format("it has {} {}, and {} were copied", found, what, recorded));
}

}  // namespace

Result<std::string> digest_of(int file, const std::string& path, const Patience& patience) {
  Result<FileDigest> digest = digest_file(file, patience);
  if (digest) return std::move(digest->hex);
  // A stop or a deadline, which say nothing of the copy.
  if (digest.error().op.empty()) return digest.error();
  return reading_error(path, digest.error().code);
}

Status read_back(int generation, const GenerationSummary& record, CopySink& sink,
                 const Patience& patience) {
  Status good = check_digest(generation, kChecksums, record.checksums_sha256, patience);
  if (good) good = check_digest(generation, kOwners, record.owners_sha256, patience);
  if (!good) return good;
  Result<Listing> listing = Listing::open(generation);
  if (!listing) return listing.error();
  const Result<UniqueFd> data = open_beneath(generation, "data", O_RDONLY | O_DIRECTORY);
  if (!data) return reading_error("data", data.error().code);
  Reader reader(*listing, sink);
  good = walk_tree({data->get(), std::nullopt}, reader, patience);
  if (!good) return reader.has_failed() ? good : of_the_walk(good.error());
  if (Status ended = listing->finish(); !ended) return ended;
  if (Status same = compare("files", reader.totals.files, record.totals.files); !same) return same;
  if (Status same = compare("links", reader.totals.links, record.totals.links); !same) return same;
  if (!record.links_sha256.empty() && reader.links_sha256() != record.links_sha256) {
    return damage("data", "a symbolic link leads elsewhere than the one that was copied");
  }
  return compare("directories", reader.totals.directories, record.totals.directories);
}

Status check_generation(int generation, const GenerationSummary& record, const Patience& patience) {
  Checker checker(patience);
  return read_back(generation, record, checker, patience);
}

}  // namespace repo

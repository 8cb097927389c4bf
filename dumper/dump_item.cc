#include "dumper/dump_item.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "base/file_io.h"
#include "base/stop_signal.h"
#include "dumper/publish.h"
#include "dumper/seal.h"
#include "scanner/probe.h"

namespace repo {
namespace {

constexpr int kTries = 3;

Error in_item(Error error, const Repository& source) {
  // Paths inside the copy and the source alike: below the repository is where a person looks.
  if (error.path.empty()) {
    error.path = source.path;
  } else if (error.path[0] != '/') {
    error.path = source.path + "/" + error.path;
  }
  return error;
}

// Removes the staging directory once it is ours, unless it was handed over.
class Staged {
 public:
  Staged(const DumpRoot& root, std::string name) : root_(root), name_(std::move(name)) {}
  Staged(const Staged&) = delete;
  Staged& operator=(const Staged&) = delete;
  ~Staged() {
    // What cannot be removed now is removed by the next run's recover_staging().
    if (taken_ && !handed_over_) static_cast<void>(remove_tree(root_.staging.get(), name_));
  }
  void take() { taken_ = true; }
  void hand_over() { handed_over_ = true; }

 private:
  const DumpRoot& root_;
  std::string name_;
  bool taken_ = false;
  bool handed_over_ = false;
};

class ItemDump {
 public:
  ItemDump(const PlanItem& item, const Dumper& dumper, const ItemContext& context)
      : item_(item),
        dumper_(dumper),
        context_(context),
        patience_{std::chrono::steady_clock::now() + context.max_time, context.stall} {}

  Status run(ItemResult& result) {
    Result<UniqueFd> source = open_source(item_.source);
    if (!source) return source.error();
    const std::string name = staging_name(item_.source.kind, item_.id);
    Staged staged(context_.root, name);
    // Open from before the first write: syncfs(2) tells a descriptor of the write errors since it
    // was opened, and tells each descriptor once.
    const UniqueFd sync(
        openat(context_.root.staging.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!sync) return in_root(system_error("open", "control/staging", errno));

    find_nested();
    Result<CopyFacts> facts = copy_and_verify(source->get(), staged);
    if (!facts) return facts.error();
    Result<UniqueFd> staging =
        open_beneath(context_.root.staging.get(), name, O_RDONLY | O_DIRECTORY);
    if (!staging) return staging.error();
    Result<UniqueFd> data = open_beneath(staging->get(), "data", O_RDONLY | O_DIRECTORY);
    if (!data) return data.error();
    Result<Sealed> sealed = seal(data->get(), facts->source_look, facts->owners, patience_);
    if (!sealed) return sealed.error();

    result.generation =
        next_generation(utc_now(), newest_generation(context_.root, item_.source.kind, item_.id));
    if (Status written = write_records(staging->get(), *facts, *sealed, result.generation);
        !written) {
      return written;
    }
    if (syncfs(sync.get()) != 0) return system_error("syncfs", context_.root.path, errno);
    if (auto error = out_of_patience(patience_)) return *error;
    // From here on what lies in staging may be the generation that was displaced: it is not ours to
    // remove any more. Where publishing fails, the next run's recover_staging() sorts it out.
    staged.hand_over();
    if (Status done = publish(context_.root, item_.source.kind, item_.id); !done) {
      return in_root(done.error());
    }
    // Copied from here on; what fails is told beside that.
    if (Status done = retire_displaced(context_.root, item_.source.kind, item_.id); !done) {
      result.error = in_root(done.error());
    }
    result.bytes = sealed->totals.bytes;
    result.fingerprint = facts->fingerprint;
    result.lock_seconds = facts->lock_seconds;
    result.notes = facts->notes;
    if (result.error) return {};
    if (Status kept = apply_retention(context_.root, item_.source.kind, item_.id, context_.keep);
        !kept) {
      result.error = in_root(kept.error());
    }
    return {};
  }

 private:
  // The manifest may say anything: only what is a repository now is left out of this copy.
  void find_nested() {
    const std::size_t cut = item_.source.path == "/" ? 1 : item_.source.path.size() + 1;
    for (const Repository& each : item_.nested) {
      if (open_source(each)) nested_.push_back(each.store.substr(cut));
    }
  }

  Result<CopyFacts> copy_and_verify(int source, Staged& staged) {
    Error last;
    for (int i = 0; i < kTries; ++i) {
      Result<UniqueFd> staging = make_staging(context_.root, item_.source.kind, item_.id);
      if (!staging) return in_root(staging.error());
      staged.take();
      DumpJob job{item_.source, source, staging->get(), context_.uid, nested_, patience_};
      Result<CopyFacts> facts = dumper_.copy(job, context_.runner);
      if (facts) {
        const Status verified = dumper_.verify(job, *facts, context_.runner);
        if (verified) return facts;
        return verified.error();
      }
      last = facts.error();
      if (last.code != EBUSY) return last;
      // Whoever is at work there may be done in a moment.
      constexpr int kMoment = 500;  // milliseconds, twice as long each time
      struct pollfd stop = {stop_fd(), POLLIN, 0};
      if (i + 1 < kTries) poll(&stop, 1, kMoment << i);
    }
    last.message = "busy, tried " + std::to_string(kTries) + " times: " + last.message;
    return last;
  }

  Status write_records(int staging, const CopyFacts& facts, const Sealed& sealed,
                       const std::string& generation) {
    ItemRecord record;
    record.id = item_.id;
    record.source = item_.source;
    record.host = context_.host;
    record.generation = generation;
    record.verified = utc_now();
    record.tool = dumper_.tool();
    record.tool_version = context_.tool_version;
    record.fingerprint = facts.fingerprint;
    record.notes = facts.notes;
    record.lock_seconds = facts.lock_seconds;
    record.totals = sealed.totals;
    record.checksums_sha256 = sha256_hex(sealed.checksums);
    record.owners_sha256 = sha256_hex(sealed.owners);
    if (fchown(staging, geteuid(), getegid()) != 0 || fchmod(staging, 0700) != 0) {
      return system_error("change the mode", "", errno);
    }
    if (Status made = create_file(staging, "SHA256SUMS", sealed.checksums); !made) return made;
    if (Status made = create_file(staging, "owners", sealed.owners); !made) return made;
    return create_file(staging, "item.json", write_item_record(record));
  }

  Error in_root(Error error) const {
    error.path = context_.root.path + (error.path.empty() ? "" : "/" + error.path);
    return error;
  }

  const PlanItem& item_;
  const Dumper& dumper_;
  const ItemContext& context_;
  const Patience patience_;
  std::vector<std::string> nested_;  // relative to the source's path
};

}  // namespace

Result<UniqueFd> open_source(const Repository& source) {
  struct open_how how = {};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd fd(
      static_cast<int>(syscall(SYS_openat2, AT_FDCWD, source.path.c_str(), &how, sizeof how)));
  if (!fd) {
    Error error = system_error("open", source.path, errno);
    if (error.code == ELOOP) error.message = "a part of the path has become a symbolic link";
    return error;
  }
  struct stat st = {};
  if (fstat(fd.get(), &st) != 0) return system_error("stat", source.path, errno);
  if (st.st_ino != source.inode || st.st_dev != source.device || st.st_uid != source.uid) {
    return plain_error("copy", source.path,
                       "not the directory that was scanned (another inode, device or owner): "
                       "scan again");
  }
  const std::optional<std::string> inside = store_inside(source);
  const std::optional<ProbeResult> probe =
      inside ? probe_kind(source.kind, *inside, *borrow_directory(fd.get())) : std::nullopt;
  if (!probe || (!probe->detail && !probe->error)) {
    return plain_error("copy", source.path, "no " + source.kind + " repository any more");
  }
  if (probe->error) return in_item(*probe->error, source);
  return fd;
}

ItemResult dump_item(const PlanItem& item, const Dumper& dumper, const ItemContext& context) {
  const auto start = std::chrono::steady_clock::now();
  ItemResult result;
  result.id = item.id;
  result.kind = item.source.kind;
  result.path = item.source.path;
  const Status done = ItemDump(item, dumper, context).run(result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (done) {
    result.status = ItemStatus::kCopied;
    return result;
  }
  result.generation.clear();
  const bool vanished = done.error().op == "open" && done.error().path == item.source.path &&
                        (done.error().code == ENOENT || done.error().code == ENOTDIR);
  result.status = vanished ? ItemStatus::kVanished : ItemStatus::kFailed;
  if (stop_requested() != 0) result.status = ItemStatus::kSkipped;
  result.error = in_item(done.error(), item.source);
  return result;
}

}  // namespace repo

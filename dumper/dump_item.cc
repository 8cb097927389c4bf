#include "dumper/dump_item.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <system_error>

#include "base/file_io.h"
#include "base/stop_signal.h"
#include "dumper/by_hand.h"
#include "dumper/item_result.h"
#include "dumper/publish.h"
#include "dumper/seal.h"
#include "scanner/item_id.h"

namespace repo {
namespace {

constexpr int kTries = 3;
// The step that refuses to share, with what may be another repository or was damaged since.
constexpr const char* kShare = kSealShare;
constexpr const char* kNotShared =
    "copied whole, not with files of the generation before, which may be damaged on the target: ";

// For a full target, which has no path among those of the source.
Error of_target(Error error, const DumpRoot& root) {
  const bool is_full = error.code == ENOSPC || error.code == EDQUOT;
  if (is_full && error.message.empty()) {
    error.message = std::generic_category().message(error.code) + ", in " + root.path;
  }
  return error;
}

// One reason, however many copies it is true of.
void add_doubt(std::vector<std::string>& frozen, const std::string& why) {
  const std::string kDoubt = "a copy before this one is damaged, or could not be used: ";
  std::erase_if(frozen, [&](const std::string& each) { return each.starts_with(kDoubt); });
  frozen.push_back(kDoubt + why);
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
  ItemDump(const PlanItem& item, const Survey& survey, const Dumper& dumper,
           const ItemContext& context)
      : item_(item),
        survey_(survey),
        dumper_(dumper),
        context_(context),
        patience_{start_ + context.max_time, context.stall, true, context.progress, context.room} {}

  Status run(ItemResult& result) {
    const std::string& kind = item_.source.kind;
    Result<UniqueFd> source = open_source(item_.source, dumper_.user_kind());
    if (!source) return source.error();
    if (inflates(survey_.look)) return too_much_for_its_size();
    const std::string name = staging_name(kind, item_.id);
    Staged staged(context_.root, name);
    // Open from before the first write: syncfs(2) tells a descriptor of the write errors since it
    // was opened, and tells each descriptor once.
    const UniqueFd sync(
        openat(context_.root.staging.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!sync) return in_root(system_error("open", "control/staging", errno));
    if (context_.reuse.share && dumper_.shares()) {
      Result<UniqueFd> previous =
          open_beneath(context_.root.current.get(), kind + "/" + item_.id, O_RDONLY | O_DIRECTORY);
      if (!previous) return in_root(previous.error());
      previous_ = *std::move(previous);
    }
    Result<Made> made = make(source->get(), staged);
    if (!made) return made.error();
    Result<Sealed> sealed = seal_copy(*made, source->get());
    if (!sealed && sealed.error().op == kShare) {
      const std::string why = describe(sealed.error());
      previous_.reset();
      made = make(source->get(), staged);
      if (!made) return made.error();
      made->facts.notes.push_back(kNotShared + why);
      in_doubt_ = true;
      sealed = seal_copy(*made, source->get());
    }
    if (!sealed) return sealed.error();
    CopyFacts& facts = made->facts;
    facts.notes.insert(facts.notes.end(), sealed->notes.begin(), sealed->notes.end());
    if (context_.reuse.changed) {
      in_doubt_ = true;
      facts.notes.emplace_back(
          "the copy before this one is not as it was made: something changed it on the target");
    }
    limit_notes(facts.notes);

    result.generation =
        next_generation(utc_now(), newest_generation(context_.root, kind, item_.id));
    Result<std::vector<std::string>> frozen = write_record(*made, *sealed, result.generation);
    if (!frozen) return frozen.error();
    if (syncfs(sync.get()) != 0) return system_error("syncfs", context_.root.path, errno);
    if (auto error = out_of_patience(patience_)) return *error;
    // From here on what lies in staging may be the generation that was displaced: it is not ours to
    // remove any more. Where publishing fails, the next run's recover_staging() sorts it out.
    staged.hand_over();
    if (Status done = publish(context_.root, kind, item_.id); !done) return in_root(done.error());
    // Copied from here on; what fails is told beside that.
    if (Status done = retire_displaced(context_.root, kind, item_.id); !done) {
      result.error = in_root(done.error());
    }
    result.status = ItemStatus::kCopied;
    result.seconds = seconds();
    result.bytes = sealed->totals.bytes;
    result.bytes_written = sealed->totals.bytes - sealed->totals.shared;
    result.fingerprint = facts.fingerprint;
    result.lock_seconds = facts.lock_seconds;
    result.notes = facts.notes;
    result.is_unverified = made->verified == Verified::kNot;
    result.is_alarming = in_doubt_ || !frozen->empty();
    if (!facts.missing.empty()) {
      result.status = ItemStatus::kFailed;
      result.error = told_of_missing(facts.missing);
    }
    for (const std::string& reason : *frozen) {
      result.notes.push_back(told_of_freeze(reason, item_.id));
    }
    if (context_.record) {
      if (Status told = context_.record(result); !told && !result.error) {
        result.error = in_root(told.error());
      }
    }
    if (result.error && facts.missing.empty()) return {};
    if (!facts.missing.empty()) {
      if (Status kept = remove_incomplete(context_.root, kind, item_.id, context_.keep); !kept) {
        result.error = in_root(kept.error());
      }
      return {};
    }
    if (!frozen->empty()) {
      if (Status kept = remove_damaged(context_.root, kind, item_.id); !kept) {
        result.error = in_root(kept.error());
      }
      return {};
    }
    // The generation that was displaced may be bad: no older one goes because of it.
    const int keep = context_.keep + (in_doubt_ ? 1 : 0);
    if (Status kept = apply_retention(context_.root, kind, item_.id, keep); !kept) {
      result.error = in_root(kept.error());
    }
    return {};
  }

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  // A copy in staging that was verified.
  struct Made {
    UniqueFd staging;
    CopyFacts facts;
    Verified verified = Verified::kWhole;
    bool shared = false;  // with the generation before
    bool missed = false;  // not all that could be (Shared::missed)
  };

  Result<Sealed> seal_copy(const Made& made, int source) const {
    SealJob job;
    job.staging = made.staging.get();
    // What a server has told lies nowhere at the source: it is its own.
    const UniqueFd data = made.facts.is_told ? open_directory(job.staging, "data") : UniqueFd();
    job.source = made.facts.is_told ? data.get() : source;
    job.elsewhere = made.facts.elsewhere ? &*made.facts.elsewhere : nullptr;
    job.has_twins = made.facts.has_twins;
    job.previous = made.shared ? previous_.get() : -1;
    const SharedBelow shared({made.shared ? previous_.get() : -1, immutable()}, "data");
    job.shared = {shared.get().previous, immutable()};
    if (made.shared && !made.missed) {
      job.previous_checksums_sha256 = context_.previous->checksums_sha256;
      job.read_shared = !context_.reuse.verified;
    }
    job.patience = patience_;
    return seal(job);
  }

  std::function<bool(const std::string&)> immutable() const {
    return [this](const std::string& path) { return dumper_.is_immutable(path); };
  }

  // Shares with the generation before; where such a copy does not verify, that one may be what is
  // damaged, and all is copied. So it is where this may be another repository.
  Result<Made> make(int source, Staged& staged) {
    if (!previous_) return make_patiently(source, staged, false);
    Result<Made> made = make_patiently(source, staged, true);
    // What a system call refused, another copy would meet again.
    const bool not_whole = !made && made.error().code == 0;
    const bool again = not_whole && stop_requested() == 0 && !out_of_patience(patience_);
    if (!again) return made;
    const Error why = made.error();
    made = make_patiently(source, staged, false);
    if (made && why.op != kShare) {  // of another repository retention tells
      made->facts.notes.push_back(kNotShared + describe(why));
      in_doubt_ = true;
    }
    return made;
  }

  Result<Made> make_patiently(int source, Staged& staged, bool share) {
    Error last;
    for (int i = 0; i < kTries; ++i) {
      Result<Made> made = try_once(source, staged, share);
      if (made || made.error().code != EBUSY) return made;
      last = made.error();
      // Whoever is at work there may be done in a moment.
      constexpr int kMoment = 500;  // milliseconds, twice as long each time
      struct pollfd stop = {stop_fd(), POLLIN, 0};
      if (i + 1 < kTries) poll(&stop, 1, kMoment << i);
    }
    last.message = "busy, tried " + std::to_string(kTries) + " times: " + last.message;
    return last;
  }

  Result<Made> try_once(int source, Staged& staged, bool share) {
    Result<UniqueFd> staging = make_staging(context_.root, item_.source.kind, item_.id);
    if (!staging) return in_root(staging.error());
    staged.take();
    if (context_.room) context_.room->start_anew();
    DumpJob job;
    job.source = item_.source;
    job.source_fd = source;
    job.staging_fd = staging->get();
    job.uid = context_.uid;
    job.nested = survey_.nested;
    job.patience = patience_;
    const SharedBelow shared({share ? previous_.get() : -1, immutable()}, "data");
    bool missed = false;
    job.shared = {shared.get().previous, immutable(), &missed};
    if (share && context_.reuse.verified) job.verified = context_.previous->fingerprint;
    job.servers = context_.servers;
    job.copy_of = [this](const std::string& path) { return copy_of(path); };
    const UniqueFd before = data_before();
    job.previous = before.get();
    Result<CopyFacts> facts = dumper_.copy(job, context_.runner);
    if (!facts) return facts.error();
    if (missed) job.verified.reset();
    if (share) {
      const auto alarm = dumper_.alarm(context_.previous->fingerprint, facts->fingerprint);
      if (alarm) return plain_error(kShare, "", *alarm);
    }
    const Result<Verified> verified = dumper_.verify(job, *facts, context_.runner);
    if (!verified) {
      // They may say why: what could not be read, say.
      Error error = verified.error();
      limit_notes(facts->notes);
      for (const std::string& note : facts->notes) error.message += "; " + note;
      return error;
    }
    return Made{*std::move(staging), *std::move(facts), *verified, share, missed};
  }

  // data/ of the generation before, where nothing is known against it.
  UniqueFd data_before() const {
    if (!context_.previous || !context_.previous_is_bad.empty()) return {};
    Result<UniqueFd> data =
        open_beneath(context_.root.current.get(), item_.source.kind + "/" + item_.id + "/data",
                     O_RDONLY | O_DIRECTORY);
    return data ? *std::move(data) : UniqueFd();
  }

  // What stands for the directory at `path` in the current copy of the item that it belongs to.
  UniqueFd copy_of(const std::string& path) const {
    for (std::size_t end = path.size(); end != 0 && end != std::string::npos;
         end = path.rfind('/', end - 1)) {
      const std::string id = make_item_id(path.substr(0, end));
      if (id == item_.id) continue;
      const std::string place = item_.source.kind + "/" + id + "/data" + path.substr(end);
      Result<UniqueFd> found =
          open_beneath(context_.root.current.get(), place, O_RDONLY | O_DIRECTORY);
      if (found) return *std::move(found);
    }
    return {};
  }

  // Returns why retention is to leave older generations alone.
  Result<std::vector<std::string>> write_record(const Made& made, const Sealed& sealed,
                                                const std::string& generation) {
    const int staging = made.staging.get();
    if (fchown(staging, geteuid(), getegid()) != 0 || fchmod(staging, 0700) != 0) {
      return system_error("change the mode", "", errno);
    }
    const std::optional<GenerationSummary>& previous = context_.previous;
    const UtcTime now = utc_now();
    ItemRecord record;
    record.id = item_.id;
    record.source = item_.source;
    record.host = context_.host;
    record.generation = generation;
    record.verified_whole = now;
    if (made.verified == Verified::kNot) record.verified_whole.reset();
    if (made.verified == Verified::kNewPart) {
      record.verified_whole = previous->verified_whole.value_or(UtcTime());
      record.verified_new = now;
    }
    record.copied_whole = made.shared ? previous->copied_whole.value_or(UtcTime()) : now;
    record.tool = made.facts.tool.empty() ? dumper_.tool() : made.facts.tool;
    record.tool_version = made.facts.tool.empty() ? context_.tool_version : made.facts.tool_version;
    record.missing = made.facts.missing;
    record.fingerprint = made.facts.fingerprint;
    record.notes = made.facts.notes;
    record.by_hand = made.facts.by_hand;
    record.lock_seconds = made.facts.lock_seconds;
    record.totals = sealed.totals;
    record.checksums_sha256 = sealed.checksums_sha256;
    record.owners_sha256 = sealed.owners_sha256;
    record.links_sha256 = sealed.links_sha256;
    record.source_look = survey_.look;
    if (previous && made.facts.missing.empty()) {  // such a copy makes no whole one go
      record.frozen = reasons_to_freeze(
          *previous, context_.accepted,
          dumper_.alarm(previous->fingerprint, made.facts.fingerprint), sealed.totals.bytes);
    }
    if (context_.unreadable_previous && !context_.accepted) {  // it may have been frozen
      record.frozen.emplace_back("the record of the copy before this one cannot be read");
    }
    if (previous && !context_.accepted) {
      // Something may have been found since the run began.
      const std::optional<Doubt> doubt =
          doubt_about(context_.root, item_.source.kind, item_.id, *previous);
      const bool is_new = doubt && context_.previous_is_bad.empty();
      if (is_new && made.shared && !doubt->is_intact) {
        return plain_error("copy", "",
                           "the copy before this one, which it shares files with, has "
                           "just been found damaged: " +
                               doubt->why);
      }
      if (doubt) add_doubt(record.frozen, doubt->why);
    }
    Status written = create_file(staging, "RESTORE.md", restore_by_hand(record, geteuid() == 0));
    if (!written) return written.error();
    Result<TreeLook> look = look_at_generation(staging, patience_);
    if (!look) return look.error();
    record.copy_look = *std::move(look);
    // Whole or not there: with it a copy in staging is a generation (recover_staging()).
    constexpr const char* kUnfinished = "item.json.part";
    written = create_file(staging, kUnfinished, write_item_record(record));
    if (!written) return written.error();
    if (renameat(staging, kUnfinished, staging, "item.json") != 0) {
      return system_error("rename", kUnfinished, errno);
    }
    return record.frozen;
  }

  Error in_root(Error error) const {
    error.path = context_.root.path + (error.path.empty() ? "" : "/" + error.path);
    return error;
  }

  const PlanItem& item_;
  const Survey& survey_;
  const Dumper& dumper_;
  const ItemContext& context_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const Patience patience_;
  UniqueFd previous_;      // the folder of the generation to share with
  bool in_doubt_ = false;  // whether the generation before is what it was
};

}  // namespace

ItemResult dump_item(const PlanItem& item, const Survey& survey, const Dumper& dumper,
                     const ItemContext& context) {
  ItemResult result = blank_result(item);
  ItemDump dump(item, survey, dumper, context);
  if (const Status done = dump.run(result); !done) {
    result = failed_item(item, of_target(done.error(), context.root));
  }
  result.seconds = dump.seconds();
  return result;
}

}  // namespace repo

#include "restorer/drill_item.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/bytes_path.h"
#include "dumper/damage.h"
#include "dumper/space.h"
#include "dumper/tree.h"
#include "restorer/drill.h"
#include "restorer/rebuild.h"
#include "restorer/whole_copy.h"
#include "scanner/user_kind_file.h"

namespace repo {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Removes the item's folder in the scratch place, whatever comes.
class Folder {
 public:
  Folder(const Scratch& scratch, const CopiedItem& item) : scratch_(scratch), item_(item) {}
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  // What cannot be removed now is removed by the next drill (Scratch::take).
  ~Folder() { static_cast<void>(scratch_.remove_folder(item_.kind, item_.id)); }

 private:
  const Scratch& scratch_;
  const CopiedItem& item_;
};

Error no_drill() {
  return plain_error(
      "", "",
      std::string("no drill for this kind is known: no file defines it any more in ") +
          kUserKindsFolder + ", or --kinds-dir");
}

Error cannot(const std::string& why) { return plain_error("", "", why); }

class ItemDrill {
 public:
  ItemDrill(const CopiedItem& item, const DrillContext& context) : item_(item), context_(context) {}

  DrillResult run() {
    result_.id = item_.id;
    result_.kind = item_.kind;
    result_.path = item_.path;
    const Status done = item_.has_current() ? drill(item_.generations.front())
                                            : Status(damage("current", "there is no current copy"));
    result_.time = utc_now();
    result_.seconds = since(start_);
    if (done) {
      result_.state = DrillState::kPassed;
      return std::move(result_);
    }
    result_.state = is_damage(done.error()) ? DrillState::kFailed : DrillState::kNotRun;
    result_.intact = is_unusable(done.error());
    result_.error = damage_text(done.error());
    result_.tool_output = done.error().output;
    if (result_.state == DrillState::kFailed) {
      const Generation* current = item_.has_current() ? &item_.generations.front() : nullptr;
      const WholeCopy whole = find_whole(context_.root, item_, current, context_.patience);
      if (whole.generation) result_.whole_instead = whole.generation->stamp;
      if (!whole.generation) result_.error += told_of_whole(whole);
    }
    return std::move(result_);
  }

 private:
  Status drill(const Generation& generation) {
    const Result<OpenGeneration> opened = open_generation(context_.root, item_, generation);
    if (!opened) return opened.error().code == ENOENT ? taken_away() : opened.error();
    if (generation.is_ours) return cannot(generation.unreadable);
    if (!generation.record) return damage("", generation.unreadable);
    const GenerationSummary& record = *generation.record;
    result_.generation = generation.stamp;
    result_.bytes = record.bytes;
    if (!record.missing.empty()) {
      return cannot("the copy is not complete: " + record.missing.front());
    }
    const Drill* drill = context_.drills.find(item_.kind);
    if (!drill) return no_drill();
    const auto tool = context_.tools.of_kind.find(item_.kind);
    if (tool != context_.tools.of_kind.end() && tool->second.missing) return *tool->second.missing;
    if (Status room = look_for_room(drill->room(record)); !room) return room;

    const Folder folder(context_.scratch, item_);
    const Result<UniqueFd> scratch = context_.scratch.make_folder(item_.kind, item_.id);
    if (!scratch) return scratch.error();
    if (mkdirat(scratch->get(), "data", 0700) != 0) return system_error("create", "data", errno);
    const UniqueFd data = open_directory(scratch->get(), "data");
    if (!data) return system_error("open", "data", errno);

    Patience patience = context_.patience;
    patience.has_room = [this] {
      const Result<Room> free = context_.scratch.free_room();
      return !free ||
             (free->bytes >= context_.reserve.bytes && free->entries >= context_.reserve.entries);
    };
    RebuildOptions options;
    options.owners = false;
    options.patience = patience;
    const Result<Rebuilt> rebuilt = rebuild(opened->folder.get(), record, data.get(), options);
    if (!rebuilt) return is_removed(opened->folder.get()) ? taken_away() : rebuilt.error();
    result_.restore_seconds = since(start_);
    result_.compared.push_back(fmt::format("SHA-256 of {} files as recorded", rebuilt->files));
    const DrillJob job{record, scratch->get(), context_.uid, patience};
    const Result<std::vector<std::string>> compared = drill->run(job, *context_.tools.runner);
    if (!compared) return compared.error();
    if (!drill->is_files_alone(record)) result_.restore_seconds = since(start_);
    result_.compared.insert(result_.compared.end(), compared->begin(), compared->end());
    return {};
  }

  Status look_for_room(const Room& wanted) const {
    const Result<Room> free = context_.scratch.free_room();
    if (!free) return free.error();
    const Room& reserve = context_.reserve;
    const Room usable = {free->bytes - std::min(free->bytes, reserve.bytes),
                         free->entries - std::min(free->entries, reserve.entries)};
    if (wanted.bytes <= usable.bytes && wanted.entries <= usable.entries) return {};
    const bool lacks_bytes = wanted.bytes > usable.bytes;
    return cannot(fmt::format(
        "it needs about {} in {}, where a drill may take {}: make room, or name another place with "
        "--scratch",
        lacks_bytes ? human_bytes(wanted.bytes) : fmt::format("{} inodes", wanted.entries),
        printable(context_.scratch.path()),
        lacks_bytes ? human_bytes(usable.bytes) : fmt::format("{}", usable.entries)));
  }

  static Error taken_away() {
    return cannot("a newer copy took its place meanwhile, and retention has removed this one");
  }

  const CopiedItem& item_;
  const DrillContext& context_;
  const Clock::time_point start_ = Clock::now();
  DrillResult result_;
};

}  // namespace

DrillResult drill_item(const CopiedItem& item, const DrillContext& context) {
  return ItemDrill(item, context).run();
}

Proof updated(Proof proof, const DrillResult& result, const std::vector<Generation>& generations) {
  proof.last = result;
  if (result.state == DrillState::kPassed) {
    proof.passed = result;
    proof.bad.erase(result.generation);
    proof.unusable.erase(result.generation);
  } else if (result.state == DrillState::kFailed && !result.generation.empty()) {
    (result.intact ? proof.unusable : proof.bad)[result.generation] = result.error;
  }
  const auto is_gone = [&](const auto& mark) {
    return std::none_of(generations.begin(), generations.end(), [&](const Generation& generation) {
      return generation.stamp == mark.first;
    });
  };
  std::erase_if(proof.bad, is_gone);
  std::erase_if(proof.unusable, is_gone);
  return proof;
}

}  // namespace repo

#include "dumper/survey.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/publish.h"

namespace repo {
namespace {

// Beside data/ and what is in it: the folder of the generation and its five files.
constexpr std::uint64_t kOwnEntries = 6;

std::string too_much(std::uint64_t bytes, std::uint64_t entries, const Room& room) {
  return bytes > room.bytes
             ? fmt::format("about {}, {} are free", human_bytes(bytes), human_bytes(room.bytes))
             : fmt::format("about {} inodes, {} are free", entries, room.entries);
}

// Nothing is copied before the last look is over: no item may draw that out.
Patience own_patience(const Patience& patience) {
  constexpr std::chrono::minutes kLongest{30};
  Patience own = patience;
  own.deadline = std::chrono::steady_clock::now() + kLongest;
  return own;
}

}  // namespace

Result<Room> room_in(const DumpRoot& root) {
  struct statvfs st = {};
  if (fstatvfs(root.top.get(), &st) != 0) return system_error("measure", root.path, errno);
  // A file system without a fixed number of inodes says 0 of both.
  return Room{st.f_bavail * st.f_frsize, st.f_files > 0 ? st.f_favail : UINT64_MAX};
}

void survey_sources(const ForEachItem& for_each, const Policy& policy, const Patience& patience) {
  for_each([&](RunItem& item) {
    if (item.is_left_out()) return;
    Result<Survey> survey = survey_item(item.plan, *item.plan.dumper, own_patience(patience));
    if (!survey) {
      item.unreadable = survey.error();
      return;
    }
    item.survey = *std::move(survey);
    if (item.decision.verdict == Verdict::kAskAgain) {
      item.decision = decide(policy, item.plan.source, item.survey.look.on_disk);
      if (item.is_listed_only()) return;
    }
    if (inflates(item.survey.look)) {
      item.unreadable = in_source(too_much_for_its_size(), item.plan.source);
      return;
    }
    item.need.bytes = item.survey.look.of_copy.value_or(item.survey.look.on_disk);
    item.need.entries = item.survey.entries + kOwnEntries;
  });
}

void find_reusable(const ForEachItem& for_each, const DumpRoot& root, const ReusePolicy& policy,
                   const Patience& patience) {
  const UtcTime now = utc_now();
  const int current = root.current.get();
  for_each([&](RunItem& item) {
    if (item.plan.refused || item.unreadable) return;
    const std::string& kind = item.plan.source.kind;
    item.previous = current_generation(current, kind, item.plan.id);
    if (item.is_listed_only()) return;
    const Result<UniqueFd> folder =
        open_beneath(current, kind + "/" + item.plan.id, O_RDONLY | O_DIRECTORY);
    item.unreadable_previous = folder && !item.previous;
    if (!item.previous) return;
    bool is_reliable = true;
    if (auto doubt = doubt_about(root, kind, item.plan.id, *item.previous)) {
      item.previous_is_bad = std::move(doubt->why);
      is_reliable = doubt->is_intact;
    }
    if (!is_reliable || policy.full || !folder) return;
    const Result<TreeLook> look = look_at_generation(folder->get(), own_patience(patience));
    item.reuse = what_to_reuse(*item.previous, item.survey.look,
                               look ? look->digest : std::string(), policy, now);
    // An acceptance is for a new generation to record.
    if (item.accepted && !item.previous->frozen.empty()) item.reuse.unchanged = false;
    if (item.reuse.unchanged) {
      item.need = {};
    } else if (item.reuse.share) {
      // What is immutable and new is not there to be shared.
      item.need.bytes -=
          std::min({item.need.bytes, item.survey.immutable_bytes, item.previous->bytes});
      // Linked, or few where they are cloned.
      item.need.entries -= std::min(item.need.entries, item.survey.immutable_files);
    }
  });
}

Result<std::optional<std::string>> find_room(const DumpRoot& root, std::vector<RunItem>& items,
                                             int jobs, int keep) {
  const Result<Room> room = room_in(root);
  if (!room) return room.error();
  auto fits = [&](const SpaceNeed& need) {
    return need.bytes <= room->bytes && need.entries <= room->entries;
  };
  bool any_fits = false;
  SpaceNeed too_large;
  std::vector<SpaceNeed> needs;
  for (RunItem& item : items) {
    if (item.is_left_out()) continue;
    any_fits = any_fits || fits(item.need);
    if (item.reuse.unchanged) continue;
    if (!fits(item.need)) {
      item.plan.refused =
          plain_error("copy", item.plan.source.path,
                      "needs " + too_much(item.need.bytes, item.need.entries, *room));
      too_large.bytes += item.need.bytes;
      too_large.entries += item.need.entries;
      item.need = {};
      continue;
    }
    const std::uint64_t shared = item.reuse.share ? item.survey.immutable_bytes : 0;
    item.need.freed = bytes_to_be_freed(root, item.plan.source.kind, item.plan.id, keep, shared);
    if (item.need.freed > 0) item.need.entries = 0;  // about as many are given back
    needs.push_back(item.need);
  }
  SpaceNeed all;
  all.bytes = bytes_needed(needs, jobs);
  for (const SpaceNeed& need : needs) all.entries += need.entries;
  const bool none_fits = !any_fits && too_large.bytes + too_large.entries > 0;
  if (fits(all) && !none_fits) return std::optional<std::string>();
  return std::optional(fmt::format(
      "the copies need {}: nothing was copied. Make room, or choose items with --only or --kinds",
      too_much(all.bytes + too_large.bytes, all.entries + too_large.entries, *room)));
}

}  // namespace repo

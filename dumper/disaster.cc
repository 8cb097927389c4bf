#include "dumper/disaster.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/proof.h"
#include "dumper/publish.h"
#include "dumper/space.h"
#include "dumper/tree.h"

namespace repo {
namespace {

// A cell of a table.
std::string cell(const std::string& bytes) {
  std::string text;
  for (const char c : printable(bytes)) {
    if (c == '|' || c == '<' || c == '`' || c == '*') text += '\\';
    text += c;
  }
  return text;
}

std::string duration(double seconds) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  if (seconds < 1) return "a second";
  if (seconds < kMinute) return fmt::format("{:.0f} s", std::ceil(seconds));
  if (seconds < kHour) return fmt::format("{:.0f} min", std::ceil(seconds / kMinute));
  return fmt::format("{:.1f} h", seconds / kHour);
}

// What restoring costs, from what was measured: so much for an item and so much for a byte.
class Estimate {
 public:
  explicit Estimate(const std::vector<DisasterItem>& items) {
    double bytes = 0;
    for (const DisasterItem& item : items) {
      if (!item.restore_seconds) continue;
      ++measured_;
      seconds_ += *item.restore_seconds;
      bytes += static_cast<double>(item.bytes);
    }
    if (measured_ == 0) return;
    of_a_byte_ = bytes > 0 ? seconds_ / bytes : 0;
    of_an_item_ = seconds_ / static_cast<double>(measured_);
  }

  bool knows() const { return measured_ > 0; }
  // The larger of the two: small items take their time, too.
  double of(std::uint64_t bytes) const {
    return std::max(of_a_byte_ * static_cast<double>(bytes), std::min(of_an_item_, 1.0));
  }

 private:
  std::size_t measured_ = 0;
  double seconds_ = 0;
  double of_a_byte_ = 0;
  double of_an_item_ = 0;
};

constexpr const char* kSteps = R"(
1. Install the system, its users with their old numbers (or see `--map-owner`), and the packages
   subversion, mercurial, git, PostgreSQL in the version of each copy (its RESTORE.md names it);
   then repo-backup, or go by hand as below.
2. Bring this folder back, from the file-level backup that holds it, say to /mnt/backup, and whatever
   else that backup has, working files among it. Owners, modes and times of this folder do not matter.
3. Repositories that the file-level backup has itself were copied while people wrote to them: move
   them aside (of Git and Mercurial only `.git` and `.hg`).
4. Is all of this folder what it was?

       repo-restore --scrub --from /mnt/backup

5. Everything to its old place, what lies outside before what lies inside it. Places where working
   files are already get their `.git` or `.hg` only:

       repo-restore restore --all --to / --with-files --from /mnt/backup

   Where the newest copy is damaged, an older one is restored, and that is said. What cannot be
   restored, or has something in its place already, is named and stops nothing else; the command can
   be given again.
6. Without repo-backup: each folder below current/ has a RESTORE.md with its commands, in the order of
   the table.

docs/restore.md of repo-backup says more.

)";

Result<std::vector<DisasterItem>> read_items(const DumpRoot& root) {
  std::vector<DisasterItem> items;
  const int current = root.current.get();
  const Result<std::vector<std::string>> kinds = names_in(current);
  if (!kinds) return kinds.error();
  for (const std::string& kind : *kinds) {
    const UniqueFd of_kind = open_directory(current, kind);
    if (!of_kind) continue;
    const Result<std::vector<std::string>> ids = names_in(of_kind.get());
    if (!ids) return ids.error();
    for (const std::string& id : *ids) {
      DisasterItem item;
      item.id = id;
      item.kind = kind;
      if (const auto generation = current_generation(current, kind, id)) {
        const Result<Proof> loaded = load_proof(root.control.get(), kind, id);
        const Proof proof = loaded ? *loaded : Proof();
        item.path = generation->path;
        item.generation = generation->generation;
        item.bytes = generation->bytes;
        item.proven = proof.proven();
        if (proof.passed) item.restore_seconds = proof.passed->restore_seconds;
        item.is_bad = proof.why_bad(generation->generation) != nullptr;
      }
      items.push_back(std::move(item));
    }
  }
  return items;
}

}  // namespace

std::string disaster_text(std::vector<DisasterItem> items, const std::string& host, UtcTime now) {
  // What lies outside comes before what lies inside it.
  std::sort(items.begin(), items.end(), [](const DisasterItem& a, const DisasterItem& b) {
    if (a.path != b.path) return precedes_in_walk(a.path, b.path);
    return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
  });
  const Estimate estimate(items);
  std::uint64_t bytes = 0;
  double seconds = 0;
  std::size_t estimated = 0;
  std::string rows;
  for (const DisasterItem& item : items) {
    bytes += item.bytes;
    std::string time = "not known";
    if (item.restore_seconds) {
      time = duration(*item.restore_seconds);
      seconds += *item.restore_seconds;
    } else if (estimate.knows()) {
      time = "about " + duration(estimate.of(item.bytes));
      seconds += estimate.of(item.bytes);
      ++estimated;
    }
    const std::string proven = item.is_bad   ? "**damaged**"
                               : item.proven ? rfc3339(*item.proven)
                                             : std::string("never");
    rows += item.path.empty()
                ? fmt::format("| {} | *its record cannot be read* | | | | {} |\n", item.kind,
                              cell(item.id))
                : fmt::format("| {} | {} | {} | {} | {} | {} |\n", item.kind, cell(item.path),
                              human_bytes(item.bytes), time, proven, cell(item.id));
  }
  std::string sum = "No drill has measured anything yet: how long it takes is not known.";
  if (estimate.knows()) {
    sum = fmt::format("One after the other that takes about **{}**", duration(seconds));
    sum += estimated == 0
               ? ", as drills have measured here."
               : fmt::format(
                     ", of which {} of {} items are estimated from those that drills have "
                     "measured here.",
                     estimated, items.size());
  }
  return fmt::format(
      "# When {} is lost\n\nWritten {} by repo-backup, from its records and its drills.\n\n"
      "{} items, {}. {}\nAnother disk or machine is faster or slower.\n\n## What to do\n{}"
      "## What there is\n\nProven is when a drill last restored it and used it. A damaged copy has "
      "older ones in older/.\n\n"
      "| kind | path | size | restoring it takes | proven | folder below current/KIND/ |\n"
      "|---|---|---|---|---|---|\n{}",
      cell(host), rfc3339(now), items.size(), human_bytes(bytes), sum, kSteps, rows);
}

Status write_disaster_file(const DumpRoot& root, const std::string& host) {
  Result<std::vector<DisasterItem>> items = read_items(root);
  if (!items) return items.error();
  const std::string text = disaster_text(*std::move(items), host, utc_now());
  constexpr const char* kName = "DISASTER.md";
  Status written = replace_file_at(root.top.get(), kName, text);
  // A repo-dump that begins removes the temporary files of others.
  if (!written && written.error().code == ENOENT) {
    written = replace_file_at(root.top.get(), kName, text);
  }
  return written;
}

}  // namespace repo

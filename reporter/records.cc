#include "reporter/records.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>

#include "base/file_io.h"
#include "dumper/run_log.h"
#include "dumper/tree.h"

namespace repo {
namespace {

constexpr std::string_view kRecord = ".json";

class Reader {
 public:
  Reader(DumpRoot root, UtcTime now) : root_(std::move(root)), now_(now) {
    records_.dir = root_.path;
  }

  Result<Records> read() {
    Result<std::vector<CopiedItem>> items = list_copies(root_);
    if (!items) return items.error();
    records_.items = *std::move(items);
    records_.missing_copies = missing_copies(root_, records_.items);
    look_for_data();
    if (!root_.control) {
      records_.unreadable.push_back(system_error("open", "control", ENOENT));
      return std::move(records_);
    }
    read_runs();
    read_ledger_end();
    read_manifests();
    return std::move(records_);
  }

 private:
  // Opens a folder of control/, which a young dump root may not have.
  UniqueFd folder(const char* name) {
    Result<UniqueFd> opened = open_beneath(root_.control.get(), name, O_RDONLY | O_DIRECTORY);
    if (opened) return *std::move(opened);
    if (opened.error().code != ENOENT) note(opened.error(), "control/");
    return {};
  }

  void note(Error error, const std::string& where) {
    error.path = where + error.path;
    records_.unreadable.push_back(std::move(error));
  }

  // The times that records in a folder are called by, from new to old.
  std::vector<std::string> times_in(int folder, const std::string& where) {
    const Result<std::vector<std::string>> names = names_in(folder);
    if (!names) {
      note(names.error(), where);
      return {};
    }
    std::vector<std::string> times;
    for (const std::string& name : *names) {
      if (!name.ends_with(kRecord)) continue;
      const std::string time = name.substr(0, name.size() - kRecord.size());
      const std::optional<UtcTime> begun = parse_stamp(time);
      if (!begun) continue;
      if (*begun > now_ + kClockMayDiffer) {
        records_.future.push_back(where + name);
      } else {
        times.push_back(time);
      }
    }
    std::sort(times.rbegin(), times.rend());
    return times;
  }

  void read_runs() {
    const UniqueFd runs = folder("runs");
    if (!runs) return;
    const std::vector<std::string> all = times_in(runs.get(), "control/runs/");
    std::set<std::string> read;
    for (const std::string& time : choose_records(all)) {
      read_into(runs.get(), time);
      read.insert(time);
    }
    // Runs of a few items, by hand, must not hide how the others went.
    std::set<std::string> missing = items_without_run();
    for (std::size_t i = 0; i < all.size() && i < kMostRuns && !missing.empty(); ++i) {
      if (!read.insert(all[i]).second || !read_into(runs.get(), all[i])) continue;
      for (const ItemResult& item : records_.runs.back().run.items) missing.erase(item.id);
    }
    std::sort(records_.runs.begin(), records_.runs.end(),
              [](const ReportedRun& a, const ReportedRun& b) { return a.stamp > b.stamp; });
  }

  std::set<std::string> items_without_run() const {
    std::set<std::string> items;
    for (const CopiedItem& item : records_.items) {
      if (item.has_current()) items.insert(item.id);
    }
    for (const ReportedRun& run : records_.runs) {
      for (const ItemResult& item : run.run.items) items.erase(item.id);
      for (const GoneCopy& gone : run.run.gone) items.erase(gone.id);
    }
    return items;
  }

  bool read_into(int runs, const std::string& time) {
    Result<PastRun> run = read_run(runs, time);
    if (run) {
      records_.runs.push_back({time, *std::move(run)});
      return true;
    }
    if (run.error().code == ENOENT) return false;  // as old ones go
    run = plain_error("read", "control/runs/" + time + std::string(kRecord), run.error().message);
    (records_.runs.empty() ? records_.unreadable : records_.passed).push_back(run.error());
    return false;
  }

  Result<PastRun> read_run(int runs, const std::string& time) {
    Result<PastRun> run = read_once(runs, time);
    // It may have begun between the two looks of this one.
    if (run && run->state == RunState::kDied) run = read_once(runs, time);
    return run;
  }

  Result<PastRun> read_once(int runs, const std::string& time) {
    constexpr std::size_t kLargest = std::size_t{1} << 28;
    // Before the record: a run that ends writes its record, and then removes these.
    const Result<UniqueFd> items = open_beneath(runs, time + ".items", O_RDONLY);
    const bool lives = items && is_running(items->get());
    const Result<std::string> text = read_small_file(runs, time + std::string(kRecord), kLargest);
    if (!text) return system_error("read", "", text.error().code);
    Result<PastRun> run = read_run_record(*text);
    if (!run || run->state != RunState::kRunning || lives) return run;
    const std::optional<std::string> dead = died(*text, item_lines(runs, time));
    return dead ? read_run_record(*dead) : std::move(run);
  }

  void read_ledger_end() {
    const Result<UniqueFd> ledger = open_beneath(root_.control.get(), "ledger", O_RDONLY);
    if (!ledger) {
      if (ledger.error().code != ENOENT) note(ledger.error(), "control/");
      return;
    }
    struct stat look = {};
    if (fstat(ledger->get(), &look) != 0 || !S_ISREG(look.st_mode)) {
      note(plain_error("read", "ledger", "it is no regular file"), "control/");
      return;
    }
    const auto size = static_cast<std::size_t>(look.st_size);
    if (size > kLedgerRead) {
      lseek(ledger->get(), static_cast<off_t>(size - kLedgerRead), SEEK_SET);
    }
    // What is appended meanwhile is read with it, a little at most.
    const Result<std::string> text = read_to_end(ledger->get(), 2 * kLedgerRead);
    if (!text) {
      note(system_error("read", "ledger", text.error().code), "control/");
      return;
    }
    records_.ledger = read_ledger(*text);
    if (records_.ledger.unreadable > 0) {
      note(plain_error("read", "ledger", "a line of it is no line of a ledger"), "control/");
    }
  }

  void read_manifests() {
    const UniqueFd manifests = folder(kManifests);
    if (!manifests) return;
    const std::string where = std::string("control/") + kManifests + "/";
    bool is_newest = true;
    for (const std::string& time : times_in(manifests.get(), where)) {
      constexpr std::size_t kLargest = std::size_t{1} << 30;
      const std::string name = time + std::string(kRecord);
      const Result<std::string> text = read_small_file(manifests.get(), name, kLargest);
      Result<Manifest> manifest =
          text ? read_manifest(*text) : system_error("read", name, text.error().code);
      if (!manifest) {
        Error error = plain_error("read", where + name, manifest.error().message);
        (is_newest ? records_.unreadable : records_.passed).push_back(std::move(error));
        records_.has_newest_manifest = records_.has_newest_manifest && !is_newest;
      } else {
        manifest->text.clear();
        if (!add_manifest(*std::move(manifest))) return;
      }
      is_newest = false;
    }
  }

  // False where no other one is needed.
  bool add_manifest(Manifest manifest) {
    if (!records_.manifest) {
      records_.manifest = std::move(manifest);
      return true;
    }
    const Manifest& newest = *records_.manifest;
    if (manifest.sha256 == newest.sha256) return true;  // the same one dumped twice
    if (manifest.roots != newest.roots || manifest.kinds != newest.kinds) {
      records_.others.push_back(std::move(manifest));
    } else if (!records_.manifest_before) {
      records_.manifest_before = std::move(manifest);
    }
    const bool has_all = newest.roots == std::vector<std::string>{"/"} && newest.kinds.empty();
    return !has_all || !records_.manifest_before;
  }

  // A copy that somebody has emptied is none.
  void look_for_data() {
    for (const CopiedItem& item : records_.items) {
      if (!item.has_current()) continue;
      const std::string& place = item.generations.front().place;
      struct stat data = {};
      struct stat sums = {};
      const int top = root_.top.get();
      const bool is_whole =
          fstatat(top, (place + "/data").c_str(), &data, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISDIR(data.st_mode) &&
          fstatat(top, (place + "/SHA256SUMS").c_str(), &sums, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISREG(sums.st_mode);
      if (!is_whole) records_.without_data.push_back(item.kind + "/" + item.id);
    }
  }

  DumpRoot root_;
  UtcTime now_;
  Records records_;
};

}  // namespace

std::vector<std::string> choose_records(const std::vector<std::string>& newest_first) {
  constexpr std::size_t kYear = 366;  // one a night
  std::vector<std::string> chosen;
  const std::size_t recent = std::min(newest_first.size(), kRecentRuns);
  chosen.assign(newest_first.begin(), newest_first.begin() + static_cast<std::ptrdiff_t>(recent));
  const std::size_t end = std::min(newest_first.size(), kYear);
  const std::size_t earlier = std::min(end - recent, kEarlierRuns);
  for (std::size_t i = 1; i <= earlier; ++i) {
    chosen.push_back(newest_first[recent - 1 + i * (end - recent) / earlier]);
  }
  return chosen;
}

Result<Records> read_records(const std::string& dir, UtcTime now) {
  Result<DumpRoot> root = open_copies(dir);
  if (!root) return root.error();
  std::error_code unresolved;  // then it is called as the caller does
  const std::filesystem::path canonical = std::filesystem::canonical(dir, unresolved);
  if (!unresolved) root->path = canonical.string();
  return Reader(*std::move(root), now).read();
}

}  // namespace repo

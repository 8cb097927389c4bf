#include "reporter/records.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

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
    for (const std::string& time : choose_records(times_in(runs.get(), "control/runs/"))) {
      Result<PastRun> run = read_run(runs.get(), time);
      if (run) {
        records_.runs.push_back({time, *std::move(run)});
      } else if (run.error().code != ENOENT) {  // else: as old ones go
        note(run.error(), "control/runs/" + time + std::string(kRecord));
      }
    }
  }

  Result<PastRun> read_run(int runs, const std::string& time) {
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
    for (const std::string& time : times_in(manifests.get(), where)) {
      constexpr std::size_t kLargest = std::size_t{1} << 30;
      const std::string name = time + std::string(kRecord);
      const Result<std::string> text = read_small_file(manifests.get(), name, kLargest);
      Result<Manifest> manifest =
          text ? read_manifest(*text) : system_error("read", name, text.error().code);
      if (!manifest) {
        note(plain_error("read", name, manifest.error().message), where);
      } else if (!records_.manifest) {
        records_.manifest = *std::move(manifest);
      } else if (manifest->sha256 != records_.manifest->sha256) {  // not the same one dumped twice
        records_.manifest_before = *std::move(manifest);
        return;
      }
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

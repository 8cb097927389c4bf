#include "dumper/run_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/clock.h"
#include "base/file_io.h"
#include "dumper/ledger.h"
#include "dumper/line_file.h"
#include "dumper/tree.h"

namespace repo {
namespace {

constexpr const char* kRecord = ".json";
constexpr const char* kItems = ".items";

std::string free_name(int runs, UtcTime time) {
  while (faccessat(runs, (stamp(time) + kRecord).c_str(), F_OK, 0) == 0) {
    time += std::chrono::seconds(1);
  }
  return stamp(time);
}

Status bury(const DumpRoot& root, const std::string& name) {
  const int runs = root.runs.get();
  constexpr std::size_t kOfRunning = 4096;  // it has no items yet
  const Result<std::string> text = read_small_file(runs, name + kRecord, kOfRunning);
  if (!text) {
    const int code = text.error().code;
    return code == EFBIG ? Status() : Status(system_error("read", name + kRecord, code));
  }
  const std::optional<std::string> mended = died(*text, item_lines(runs, name));
  if (!mended) return {};
  if (Status put = replace_file_at(runs, name + kRecord, *mended); !put) return put;
  return append_to_ledger(root.control.get(), ledger_line_died(name, utc_now()));
}

// The lock goes with the open file: no child has it, and a killed process has none.
Status lock(int items, const std::string& name) {
  struct flock wanted = {};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  if (fcntl(items, F_OFD_SETLK, &wanted) == 0) return {};
  return system_error("lock", name, errno);
}

Status keep_manifest(const DumpRoot& root, const std::string& name, std::string_view text) {
  const Result<UniqueFd> folder = open_or_make(root.control.get(), kManifests);
  if (!folder) return folder.error();
  if (Status put = replace_file_at(folder->get(), name + kRecord, text); !put) return put;
  Result<std::vector<std::string>> names = names_in(folder->get());
  if (!names) return names.error();
  std::sort(names->begin(), names->end());  // by time
  for (const std::string& each : *names) {
    if (!is_temporary(each)) continue;
    if (Status removed = remove_tree(folder->get(), each); !removed) return removed;
  }
  std::erase_if(*names, is_temporary);
  const std::size_t surplus = names->size() - std::min(names->size(), kManifestsKept);
  for (std::size_t i = 0; i < surplus; ++i) {
    if (Status removed = remove_tree(folder->get(), (*names)[i]); !removed) return removed;
  }
  return {};
}

}  // namespace

std::vector<std::string> item_lines(int runs, const std::string& run) {
  std::vector<std::string> lines;
  Result<LineReader> reader = LineReader::open(runs, run + kItems);
  if (!reader) return lines;
  while (auto line = reader->next()) lines.push_back(*std::move(line));
  return lines;
}

bool is_running(int items) {
  struct flock held = {};
  held.l_type = F_RDLCK;
  held.l_whence = SEEK_SET;
  return fcntl(items, F_OFD_GETLK, &held) == 0 && held.l_type != F_UNLCK;
}

Result<RunLog> RunLog::begin(const DumpRoot& root, RunRecord record, std::string_view manifest,
                             std::size_t owed) {
  const int runs = root.runs.get();
  RunLog log(root, std::move(record), free_name(runs, record.started));
  const std::string items = log.name_ + kItems;
  log.items_ = UniqueFd(
      openat(runs, items.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!log.items_) return system_error("open", items, errno);
  // Before the record: one that says "running" has a lock to ask for, or died.
  if (Status locked = lock(log.items_.get(), items); !locked) {
    log.lacks_.push_back(locked.error());
  }
  if (Status kept = keep_manifest(root, log.name_, manifest); !kept) {
    log.lacks_.push_back(kept.error());
  }
  Status put = replace_file_at(runs, log.name_ + kRecord, write_run_record(log.record_));
  if (!put) return put.error();
  put = append_to_ledger(root.control.get(), ledger_line_began(log.name_, log.record_, owed));
  if (!put) return put.error();
  return log;
}

Status RunLog::add(const ItemResult& result) const {
  // One write: lines of several threads do not mix.
  Status written = write_all(items_.get(), result_line(result));
  return written ? Status() : Status(system_error("write", name_ + kItems, written.error().code));
}

Status RunLog::end(const RunSummary& summary, const std::vector<ItemResult>& results,
                   const std::vector<GoneCopy>& gone) {
  record_.summary = summary;
  record_.results = &results;
  record_.gone = &gone;
  const int runs = root_->runs.get();
  Status put = replace_file_at(runs, name_ + kRecord, write_run_record(record_));
  if (!put) return system_error(put.error().op, "runs/" + put.error().path, put.error().code);
  unlinkat(runs, (name_ + kItems).c_str(), 0);  // else the next run removes it
  return append_to_ledger(root_->control.get(), ledger_line_ended(name_, record_));
}

std::vector<Error> bury_dead_runs(const DumpRoot& root) {
  const int runs = root.runs.get();
  std::vector<Error> errors;
  auto note = [&errors](const Status& status) {
    if (!status) errors.push_back(status.error());
  };
  const Result<std::vector<std::string>> names = names_in(runs);
  if (!names) return {names.error()};
  std::vector<std::string> records;  // sorted
  std::set<std::string> unburied;    // their items are still needed
  for (const std::string& name : *names) {
    if (!name.ends_with(kRecord)) continue;
    records.push_back(name);
    const std::string run = name.substr(0, name.size() - std::string_view(kRecord).size());
    const Status buried = bury(root, run);
    note(buried);
    if (!buried) unburied.insert(run + kItems);
  }
  const std::size_t surplus = records.size() - std::min(records.size(), kRunsKept);
  for (std::size_t i = 0; i < surplus; ++i) note(remove_tree(runs, records[i]));
  for (const std::string& name : *names) {
    const bool is_done = name.ends_with(kItems) && !unburied.contains(name);
    if (is_done || is_temporary(name)) note(remove_tree(runs, name));
  }
  return errors;
}

}  // namespace repo

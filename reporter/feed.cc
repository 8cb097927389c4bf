#include "reporter/feed.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/exit_code.h"
#include "base/text.h"
#include "dumper/space.h"
#include "reporter/markup.h"
#include "reporter/mime.h"
#include "reporter/text.h"

namespace repo {
namespace {

struct Entry {
  UtcTime time;
  std::string guid;
  std::string title;
  std::string text;
};

Entry entry_of(const RunPoint& run, const std::string& host) {
  Entry entry{run.ended.value_or(run.began), "repo-backup:" + host + ":run:" + run.stamp, "", ""};
  if (!run.summary) {
    entry.title = "FAILED " + host + ": the run of " + rfc3339(run.began) + " died";
    entry.text = "It was killed, or the machine went down, before it ended.";
    return entry;
  }
  const RunSummary& summary = *run.summary;
  const std::size_t failed =
      summary.count(ItemStatus::kFailed) + summary.count(ItemStatus::kVanished);
  const std::size_t good =
      summary.count(ItemStatus::kCopied) + summary.count(ItemStatus::kUnchanged);
  const bool is_good = summary.exit_status == exit_status(ExitCode::kOk);
  const bool is_failed = failed > 0 || summary.exit_status != exit_status(ExitCode::kIncomplete);
  const char* word = is_good ? "OK" : is_failed ? "FAILED" : "WARNING";
  entry.title = fmt::format("{} {}: {} copied or unchanged, {} failed", word, host,
                            counted(good, "item"), failed);
  entry.text = fmt::format(
      "Began {}, exit status {}: {} copied, {} unchanged, {} failed, {} vanished, {} skipped; {} "
      "written in {:.0f} s.",
      rfc3339(run.began), summary.exit_status, summary.count(ItemStatus::kCopied),
      summary.count(ItemStatus::kUnchanged), summary.count(ItemStatus::kFailed),
      summary.count(ItemStatus::kVanished), summary.count(ItemStatus::kSkipped),
      human_bytes(summary.bytes_written), summary.seconds);
  return entry;
}

const char* word_of(const StateChange& change) {
  if (change.is_over) return "OVER";
  return change.key.starts_with(kNoteKey) ? "NOTE" : "TROUBLE";
}

Entry entry_of(const StateChange& change, const std::string& host) {
  return {change.time,
          "repo-backup:" + host + ":change:" + stamp(change.time) + ":" +
              sha256_hex(change.key + (change.is_over ? " over" : "")),
          fmt::format("{} {}: {}", word_of(change), host, printable(change.text)),
          change.is_over ? "This is no more as it was." : "This was not so at the report before."};
}

}  // namespace

std::string feed_of(const Report& report, const std::vector<StateChange>& changes,
                    const std::string& link) {
  const std::string host = printable(report.host);
  std::vector<Entry> entries;
  std::size_t runs = 0;
  for (auto run = report.runs.rbegin(); run != report.runs.rend() && runs < kFeedRuns; ++run) {
    if (run->state == RunState::kRunning) continue;
    entries.push_back(entry_of(*run, host));
    ++runs;
  }
  for (const StateChange& change : changes) entries.push_back(entry_of(change, host));
  if (report.is_test) {
    entries.push_back({report.time, "repo-backup:" + host + ":test:" + stamp(report.time),
                       first_line_of(report), "If you can read this, the feed arrives."});
  }
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.time > b.time; });

  std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\">\n<channel>\n";
  text += "<title>" + escape_markup("repo-backup on " + host) + "</title>\n";
  text += "<link>" + escape_markup(link.empty() ? "file://" + printable(report.dir) : link) +
          "</link>\n";
  text += "<description>" + escape_markup(first_line_of(report)) + "</description>\n";
  text += "<generator>repo-report " REPO_BACKUP_VERSION "</generator>\n";
  text += "<lastBuildDate>" + rfc5322_date(report.time) + "</lastBuildDate>\n";
  for (const Entry& entry : entries) {
    text += "<item>\n<title>" + escape_markup(entry.title) + "</title>\n";
    text += "<guid isPermaLink=\"false\">" + escape_markup(entry.guid) + "</guid>\n";
    text += "<pubDate>" + rfc5322_date(entry.time) + "</pubDate>\n";
    text += "<description>" + escape_markup(entry.text) + "</description>\n</item>\n";
  }
  return text + "</channel>\n</rss>\n";
}

}  // namespace repo

#include "tests/support/sample_reports.h"

#include <fmt/format.h>

#include <array>

#include "base/bytes_path.h"
#include "base/error.h"

namespace repo::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::array kKinds = {"svn", "hg", "git"};

DrillResult drill_of(const ItemState& item, UtcTime time, DrillState state) {
  DrillResult drill;
  drill.id = item.id;
  drill.kind = item.kind;
  drill.path = item.path;
  drill.generation = item.generation;
  drill.time = time;
  drill.state = state;
  drill.restore_seconds = 0.4 + static_cast<double>(item.bytes) / (300.0 * kMiB);
  drill.seconds = 3 * drill.restore_seconds;
  drill.bytes = item.bytes;
  if (state == DrillState::kPassed) drill.compared = {"checked out trunk", "1204 revisions"};
  if (state == DrillState::kFailed) drill.error = "r17 is not what was recorded";
  if (state == DrillState::kNotRun) drill.error = "no room in /var/tmp";
  return drill;
}

ItemState item_of(std::size_t i) {
  ItemState item;
  item.kind = kKinds[i % kKinds.size()];
  item.id = fmt::format("srv-{}-project-{:04}-0a1b2c3d", item.kind, i);
  item.path = fmt::format("/srv/{}/team-{}/project-{:04}", item.kind, i % 17, i);
  item.store = item.path;
  item.generation = "20260130T020000Z";
  item.bytes = (1 + i * i % 977) * kMiB / 3;
  item.bytes_all = 2 * item.bytes;
  item.attempted = item.succeeded = sample_time() - hours(9) - minutes(i % 50);
  item.outcome = ItemStatus::kUnchanged;
  item.proven = sample_time() - days(i % 6) - hours(7);
  item.drill = drill_of(item, *item.proven, DrillState::kPassed);
  for (std::size_t night = 0; night < 40; ++night) {
    const std::uint64_t growth = i % 4 == 0 ? 0 : night * (1 + i % 7);
    item.sizes.push_back({sample_time() - days(40 - night), item.bytes * (100 + growth) / 400,
                          1.5 + static_cast<double>(i % 5)});
  }
  return item;
}

RunPoint run_of(std::size_t nights_ago, std::uint64_t bytes, int exit_status) {
  RunPoint run;
  run.began = sample_time() - days(nights_ago) - hours(10);
  run.stamp = "stamp";
  run.state = RunState::kEnded;
  RunSummary summary;
  summary.started = run.began;
  summary.seconds = 240.0 + static_cast<double>(nights_ago * 37 % 400);
  summary.finished = run.began + std::chrono::seconds(static_cast<int>(summary.seconds));
  summary.counts = {{ItemStatus::kCopied, 3 + nights_ago % 5}, {ItemStatus::kUnchanged, 9}};
  if (exit_status != 0) summary.counts[ItemStatus::kFailed] = 1;
  summary.bytes = bytes;
  summary.bytes_written = bytes / (20 + nights_ago % 13);
  summary.exit_status = exit_status;
  run.ended = summary.finished;
  run.summary = summary;
  return run;
}

void add_runs(Report& report, std::size_t nights) {
  for (std::size_t i = nights; i-- > 0;) {
    RunPoint run = run_of(i, (9000 - i * 20 % 8000) * kMiB, i % 11 == 5 ? 3 : 0);
    if (i % 29 == 17) {
      run.state = RunState::kDied;
      run.summary.reset();
      run.ended.reset();
    }
    report.runs.push_back(std::move(run));
  }
  report.last_good = report.runs.back().ended;
}

void add_drills(Report& report) {
  const std::size_t most = std::min<std::size_t>(report.items.size(), 200);
  for (std::size_t i = 0; i < most; ++i) {
    const DrillState state = i % 23 == 11   ? DrillState::kFailed
                             : i % 19 == 13 ? DrillState::kNotRun
                                            : DrillState::kPassed;
    report.drills.push_back(
        drill_of(report.items[i], sample_time() - hours(6 * (most - i)), state));
  }
}

Report frame(std::string headline) {
  Report report;
  report.time = sample_time();
  report.host = "web1.example";
  report.dir = "/var/data_backup";
  report.headline = std::move(headline);
  report.coverage.scanned = sample_time() - hours(10);
  return report;
}

void fail(ItemState& item) {
  item.outcome = ItemStatus::kFailed;
  item.succeeded = sample_time() - days(4);
  item.findings.push_back({Severity::kFailure, "failed", "svnadmin verify: E160004: r17 is corrupt",
                           "copy it again: scripts/nightly, or repo-dump --only " + item.id,
                           "* Verified revision 15.\n* Verified revision 16.\n"
                           "svnadmin: E160004: Invalid change kind in rev file\n"});
}

void warn(ItemState& item) {
  item.proven.reset();
  item.findings.push_back({Severity::kWarning, "unproven", "no drill has passed yet",
                           "repo-restore --drill " + item.id});
}

}  // namespace

UtcTime sample_time() { return *parse_rfc3339("2026-01-31T12:00:00Z"); }

const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> names = {
      "/srv/<script>alert(1)</script>",
      "/srv/<img src=x onerror=alert(1)>",
      "/srv/\"><svg/onload=alert(1)>",
      "/srv/' onmouseover='alert(1)",
      "/srv/</style></title></script><b>",
      "/srv/&lt;i&gt;&amp;&#x3c;",
      "/srv/two\nlines\r\n\r\n<p>",
      "/srv/%s%n%d{}{0}${HOME}`id`$(id)",
      "/srv/\x1b[31mred\x1b]0;title\x07",
      "/srv/\xE2\x80\xAEgnp.exe\xE2\x80\xA6\xE2\x81\xA6",
      "/srv/\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D/repo",
      "/srv/not-utf8-\xFF\xFE\x80",
      "/srv/\xEF\xBF\xBE\xEF\xBF\xBF\x01\x0B\x7F",
      "/srv/]]>-->*/;{}",
      "/srv/ blanks  at  \t the end ",
      "/srv/" + std::string(3000, 'x'),
      "/srv/\xF0\x9F\xA6\x80 and a\\backslash",
  };
  return names;
}

Report empty_report() {
  Records records;
  records.dir = "/var/data_backup";
  return make_report(records, {}, sample_time(), "web1.example");
}

Report unknown_report() {
  Report report = make_report(system_error("open", "/var/data_backup", 5), "/var/data_backup",
                              sample_time(), "web1.example");
  return report;
}

Report good_report() {
  Report report = frame("all 12 items restorable, oldest proof 5 days");
  for (std::size_t i = 0; i < 12; ++i) report.items.push_back(item_of(i));
  add_runs(report, 60);
  add_drills(report);
  return report;
}

Report mixed_report(std::size_t items) {
  std::size_t failed = 0;
  std::size_t warned = 0;
  Report report = frame("");
  std::vector<ItemState> good;
  std::vector<ItemState> troubled;
  for (std::size_t i = 0; i < items; ++i) {
    ItemState item = item_of(i);
    if (i % 40 == 7) {
      fail(item);
      ++failed;
      report.items.push_back(std::move(item));
    } else if (i % 20 == 3) {
      warn(item);
      ++warned;
      troubled.push_back(std::move(item));
    } else {
      if (i % 10 == 9) {
        item.generation.clear();
        item.sizes.clear();
        item.succeeded = item.proven = std::nullopt;
        item.drill.reset();
        item.bytes = item.bytes_all = 0;
        item.listed_by = "cache folders";
      } else if (i % 10 == 8) {
        item.is_gone = true;
        item.findings.push_back(
            {Severity::kNote, "gone", "its source is gone; the copy stays", ""});
      }
      good.push_back(std::move(item));
    }
  }
  report.items.insert(report.items.end(), troubled.begin(), troubled.end());
  report.items.insert(report.items.end(), good.begin(), good.end());
  report.headline = fmt::format("{} of {} items FAILED, {} to be looked at", failed, items, warned);
  report.findings = {
      {Severity::kWarning, "not looked at", "not looked at: /mnt/nas (nfs)",
       "scan it (repo-scan --help: --network, --fs, --layers, or as a ROOT), or name it in "
       "acknowledge of [repo-report]"},
      {Severity::kNote, "running", "a run is at work since 3 minutes"},
  };
  Coverage& coverage = report.coverage;
  coverage.complete = false;
  coverage.added = {"/srv/git/new-one", "/srv/git/another"};
  coverage.moved = {{"/srv/hg/old-place", "/srv/hg/new-place"}};
  coverage.replaced = {"/srv/svn/made-again"};
  coverage.gone = {"/srv/svn/gone"};
  coverage.unreadable = {system_error("open", "/srv/locked", 13)};
  coverage.not_looked_at = {{"/mnt/nas", "nfs", true}};
  for (int i = 0; i < 30; ++i) coverage.not_dumped.push_back(fmt::format("/home/u{}/repo", i));
  add_runs(report, items < 1000 ? 45 : 500);
  add_drills(report);
  return report;
}

Report failed_report() {
  Report report = frame("12 of 12 items FAILED");
  report.findings = {{Severity::kFailure, "died",
                      "the run of 2026-01-31T02:00:00Z was killed, or the machine went down, "
                      "before it ended",
                      "run it again: scripts/nightly"}};
  for (std::size_t i = 0; i < 12; ++i) {
    report.items.push_back(item_of(i));
    report.items.back().proven.reset();
    fail(report.items.back());
  }
  add_runs(report, 9);
  for (RunPoint& run : report.runs) {
    run.state = RunState::kDied;
    run.summary.reset();
  }
  for (const ItemState& item : report.items) {
    report.drills.push_back(drill_of(item, sample_time() - hours(9), DrillState::kFailed));
  }
  report.last_good.reset();
  return report;
}

Report hostile_report() {
  Report report = frame("");
  const std::vector<std::string>& names = hostile_names();
  for (const std::string& name : names) {
    ItemState item = item_of(report.items.size());
    item.path = name;
    item.listed_by = name;
    item.is_gone = true;
    item.findings.push_back({Severity::kFailure, "failed", printable(name),
                             "repo-restore --drill " + printable(name), name});
    report.items.push_back(std::move(item));
    report.findings.push_back(
        {Severity::kWarning, "moved", printable(name), printable(name), name});
    report.findings.push_back({Severity::kNote, "running", printable(name)});
    Coverage& coverage = report.coverage;
    coverage.added.push_back(name);
    coverage.moved.emplace_back(name, name);
    coverage.replaced.push_back(name);
    coverage.gone.push_back(name);
    coverage.unreadable.push_back(plain_error("open", name, name));
    coverage.not_looked_at.push_back({name, name, true});
    coverage.not_dumped.push_back(name);
    DrillResult drill = drill_of(report.items.back(), sample_time(), DrillState::kFailed);
    drill.error = name;
    drill.compared = {name};
    drill.whole_instead = name;
    report.drills.push_back(std::move(drill));
  }
  // Kinds and ids come from records, too, which somebody may have written.
  report.items.front().kind = names.front();
  report.items.front().id = names.front();
  report.headline = printable(names.front());
  report.host = names.front();
  report.dir = names.front();
  add_runs(report, 3);
  return report;
}

Report self_test_report() {
  Report report = good_report();
  report.is_test = true;
  return report;
}

std::map<std::string, Report (*)()> sample_reports() {
  return {{"empty", empty_report},
          {"unknown", unknown_report},
          {"good", good_report},
          {"mixed", [] { return mixed_report(60); }},
          {"many", [] { return mixed_report(5000); }},
          {"failed", failed_report},
          {"hostile", hostile_report},
          {"self-test", self_test_report}};
}

}  // namespace repo::test

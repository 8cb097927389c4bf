#include "reporter/prometheus.h"

#include <fmt/format.h>

#include <functional>

#include "base/bytes_path.h"
#include "reporter/tally.h"

namespace repo {
namespace {

std::string escaped(const std::string& bytes) {
  std::string text;
  for (const char c : readable(bytes)) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

double seconds_of(UtcTime time) { return static_cast<double>(time.time_since_epoch().count()); }

std::optional<double> seconds_of(const std::optional<UtcTime>& time) {
  return time ? std::optional(seconds_of(*time)) : std::nullopt;
}

double number_of(std::optional<Severity> severity) {
  if (severity == Severity::kFailure) return 2;
  return severity == Severity::kWarning ? 1 : 0;
}

std::optional<UtcTime> last_success_of(const Report& report) {
  for (auto run = report.runs.rbegin(); run != report.runs.rend(); ++run) {
    if (run->summary && run->summary->exit_status == 0) return run->ended;
  }
  return std::nullopt;
}

class Writer {
 public:
  void family(const char* name, const char* help) {
    text_ += fmt::format("# HELP repo_backup_{0} {1}\n# TYPE repo_backup_{0} gauge\n", name, help);
    name_ = name;
  }
  void sample(const std::string& labels, std::optional<double> value) {
    if (!value) return;
    text_ += fmt::format("repo_backup_{}{} {}\n", name_, labels, *value);
  }
  void single(const char* name, const char* help, std::optional<double> value) {
    if (!value) return;
    family(name, help);
    sample("", value);
  }
  void items(const char* name, const char* help, const Report& report,
             const std::function<std::optional<double>(const ItemState&)>& value) {
    family(name, help);
    for (const ItemState& item : report.items) {
      if (is_only_listed(item)) continue;
      sample(fmt::format("{{kind=\"{}\",id=\"{}\",path=\"{}\"}}", escaped(item.kind),
                         escaped(item.id), escaped(item.path)),
             value(item));
    }
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace

std::string prometheus_of(const Report& report) {
  Writer writer;
  writer.single("report_timestamp_seconds", "When this was written.", seconds_of(report.time));
  if (report.is_test) {
    writer.single("self_test_timestamp_seconds", "When the alarm was last tried.",
                  seconds_of(report.time));
  }
  writer.single("state", "0 all good, 1 to be looked at, 2 something failed.",
                number_of(report.severity()));
  writer.single("last_success_timestamp_seconds", "When the last run ended in which all was good.",
                seconds_of(last_success_of(report)));
  writer.single("last_usable_run_timestamp_seconds",
                "When the last run with a usable result ended.", seconds_of(report.last_good));
  if (!report.runs.empty()) {
    const RunPoint& run = report.runs.back();
    writer.single("last_attempt_timestamp_seconds", "When the last run began.",
                  seconds_of(run.began));
    if (run.summary) {
      writer.single("run_duration_seconds", "How long the last run took.", run.summary->seconds);
      writer.single("run_written_bytes", "What the last run wrote.",
                    static_cast<double>(run.summary->bytes_written));
      writer.single("run_exit_status", "How the last run ended.", run.summary->exit_status);
    }
  }
  writer.single("last_scan_timestamp_seconds", "When the last scan ended.",
                seconds_of(report.coverage.scanned));
  writer.single("not_dumped", "Repositories that were found and are in no copy.",
                static_cast<double>(report.coverage.not_dumped.size()));
  writer.items("item_state", "0 good, 1 to be looked at, 2 failed.", report,
               [](const ItemState& item) { return number_of(item.severity()); });
  writer.items("item_last_attempt_timestamp_seconds", "When it was last to be copied.", report,
               [](const ItemState& item) { return seconds_of(item.attempted); });
  writer.items("item_last_success_timestamp_seconds",
               "When it was last copied, or found unchanged.", report,
               [](const ItemState& item) { return seconds_of(item.succeeded); });
  writer.items("item_last_restore_proof_timestamp_seconds",
               "When a drill last restored and used its copy.", report,
               [](const ItemState& item) { return seconds_of(item.proven); });
  writer.items("item_size_bytes", "Of the current copy.", report,
               [](const ItemState& item) -> std::optional<double> {
                 if (item.generation.empty()) return std::nullopt;
                 return static_cast<double>(item.bytes);
               });
  writer.items("item_copy_duration_seconds", "How long it took the last time.", report,
               [](const ItemState& item) -> std::optional<double> {
                 if (item.sizes.empty()) return std::nullopt;
                 return item.sizes.back().seconds;
               });
  writer.items("item_restore_duration_seconds", "How long the last drill restored.", report,
               [](const ItemState& item) -> std::optional<double> {
                 if (!item.drill || item.drill->state != DrillState::kPassed) return std::nullopt;
                 return item.drill->restore_seconds;
               });
  return writer.take();
}

}  // namespace repo

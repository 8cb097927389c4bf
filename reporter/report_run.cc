#include "reporter/report_run.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <set>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/file_io.h"
#include "base/host.h"
#include "base/print.h"
#include "base/priority.h"
#include "base/stop_signal.h"
#include "base/text.h"
#include "base/trust.h"
#include "dumper/ledger.h"
#include "reporter/channels.h"
#include "reporter/nagios.h"
#include "reporter/promise.h"
#include "reporter/records.h"
#include "reporter/report_items.h"
#include "reporter/report_json.h"
#include "reporter/tell.h"
#include "reporter/text.h"

namespace repo {
namespace {

class Run {
 public:
  Run(const ReportOptions& options, std::FILE* out, std::FILE* err)
      : options_(options), out_(out), err_(err), channels_(channels_of(options)) {}

  int run() {
    if (options_.nice) {
      if (Status lowered = lower_priority(); !lowered) {
        tell("--nice: " + describe(lowered.error()));
      }
    }
    switch (options_.command) {
      case ReportCommand::kReport:
        return report();
      case ReportCommand::kSelfTest:
        return self_test();
      case ReportCommand::kCheckConfig:
        return check_config();
      case ReportCommand::kExcludes:
        return excludes();
      case ReportCommand::kAuditExcludes:
        return audit();
      case ReportCommand::kPingStart:
        return start();
      case ReportCommand::kWhere:
        put(out_, options_.from + "\n");
        return exit_status(finish() ? ExitCode::kOk : ExitCode::kFailed);
    }
    return exit_status(ExitCode::kFailed);
  }

 private:
  void tell(const std::string& text) { put(err_, "repo-report: " + text + "\n"); }

  bool finish() { return std::fflush(out_) == 0 && !std::ferror(out_); }

  // The state of the machine; without records, that nothing is known.
  Report read(UtcTime now) {
    Result<Records> records = read_records(options_.from, now);
    if (!records) {
      is_known_ = false;
      return make_report(records.error(), options_.from, now, host_name());
    }
    if (!options_.ended.empty()) records->ledger.nights.push_back({now, options_.ended});
    return make_report(*records, options_.status, now, host_name());
  }

  // How the tools ended stays known after this report.
  void keep_night(UtcTime now) {
    if (options_.ended.empty() || !is_known_) return;
    const UniqueFd control(
        open((options_.from + "/control").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const Status kept = control
                            ? append_to_ledger(control.get(), ledger_line({now, options_.ended}))
                            : Status(system_error("open", "control", errno));
    if (kept) return;
    tell("cannot " + describe(kept.error()) + " in " + printable(options_.from) +
         ": a later report will not know how this run ended");
    is_remembered_ = false;
  }

  // Of the channels of the configuration, whether this report uses them or not.
  std::set<std::string> configured_keys() const {
    ReportOptions configured = options_;
    configured.outputs = options_.in_file;
    return keys_of(configured);
  }

  int report() {
    const UtcTime now = utc_now();
    Report report = read(now);
    keep_night(now);
    Told told;
    if (is_known_) {
      Result<Told> loaded = load_told(options_.from);
      if (loaded) told = *std::move(loaded);
      // Where it cannot be read all is told anew, and update_told() says why.
    }
    add_owed(told, channels_, configured_keys(), 2 * options_.status.expect, report);
    const State state = state_of(report);
    std::vector<StateChange> changes = told.changes;
    std::vector<StateChange> now_changed;
    if (is_known_) now_changed = changes_between(told.state.value_or(State()), state, now);
    if (!told.state) {  // the first report: what is only to be known is nothing new
      std::erase_if(now_changed,
                    [](const StateChange& change) { return change.key.starts_with(kNoteKey); });
    }
    changes.insert(changes.end(), now_changed.begin(), now_changed.end());
    keep_newest(changes);
    const std::vector<Telling> tellings = tell_all(channels_, report, told, changes, false);
    bool delivered = true;
    for (const Telling& telling : tellings) {
      if (telling.delivery) continue;
      delivered = false;
      tell("cannot tell by " + telling.channel + " (" + telling.where +
           "): " + describe(telling.delivery.error()));
    }
    const bool looks_only = channels_.empty() && options_.ended.empty();
    if (is_known_ && !looks_only) keep_told(tellings, state, now_changed, now);
    return print(report, delivered);
  }

  void keep_told(const std::vector<Telling>& tellings, const State& state,
                 const std::vector<StateChange>& changed, UtcTime now) {
    const std::string digest = digest_of(state);
    const Status kept = update_told(options_.from, [&](Told& told) {
      remember(tellings, digest, now, told);
      told.changes.insert(told.changes.end(), changed.begin(), changed.end());
      told.state = state;
    });
    if (kept) return;
    tell("cannot " + describe(kept.error()) + " in " + printable(options_.from) +
         "/control/report: what was told will be told again");
    is_remembered_ = false;
  }

  bool is_to_be_printed(const Report& report) const {
    if (options_.text || !is_known_) return !(options_.quiet && report.is_good());
    const bool is_only_of_failures = options_.quiet || options_.on == When::kFailure;
    return report.is_good() ? !is_only_of_failures : options_.on != When::kSuccess;
  }

  int print(const Report& report, bool delivered) {
    const bool says_nothing_else =
        channels_.empty() && !options_.json && !options_.nagios && !options_.check;
    if (options_.json) {
      put(out_, report_json(report));
    } else if (options_.nagios) {
      put(out_, nagios_of(report, options_.status));
    } else if ((options_.text || says_nothing_else) && is_to_be_printed(report)) {
      put(out_, text_of(report, !options_.text));
    }
    if (!finish()) {
      tell("cannot write to standard output");
      return exit_status(ExitCode::kFailed);
    }
    if (options_.nagios) return nagios_status_of(report);
    if (stop_requested() != 0) return exit_status_for_signal(stop_requested());
    if (!is_known_) {
      if (!options_.json && !options_.text && !says_nothing_else) tell(report.headline);
      return exit_status(ExitCode::kFailed);
    }
    if ((options_.check && !report.is_good()) || !is_remembered_) {
      return exit_status(ExitCode::kIncomplete);
    }
    return exit_status(delivered ? ExitCode::kOk : ExitCode::kUndelivered);
  }

  int self_test() {
    if (channels_.empty()) {
      tell("no channel is configured, so nobody would hear of a failure");
      return exit_status(ExitCode::kUsage);
    }
    const UtcTime now = utc_now();
    const Report plain = read(now);
    Report report = plain;
    report.is_test = true;
    const Result<Told> told = is_known_ ? load_told(options_.from) : Told();
    const std::vector<StateChange> changes = told ? told->changes : std::vector<StateChange>();
    const std::vector<Telling> tellings = tell_all(channels_, report, Told(), changes, true);
    // What stays there must not be a test.
    for (const Channel& channel : channels_) {
      if (channel.shows_state && stop_requested() == 0) {
        static_cast<void>(channel.tell(plain, changes));  // as it was told a moment ago
      }
    }
    bool delivered = true;
    for (const Telling& telling : tellings) {
      if (telling.delivery) {
        put(out_, fmt::format("told      {:<11}{}: {}\n", telling.channel, telling.where,
                              *telling.delivery));
      } else {
        delivered = false;
        put(out_, fmt::format("FAILED    {:<11}{}: cannot {}\n", telling.channel, telling.where,
                              describe(telling.delivery.error())));
      }
    }
    put(out_, delivered ? "look whether each has arrived: what is known here is what stands above\n"
                        : "mend what failed, and try again\n");
    if (is_known_) {
      // A channel that works again owes nothing; its state is told by the next report.
      const Status kept = update_told(options_.from, [&](Told& changed) {
        for (const Telling& telling : tellings) {
          if (!telling.delivery) continue;  // a trial owes nobody anything
          const std::string state = changed.channels[telling.key].state;
          remember({telling}, state, now, changed);
        }
      });
      if (!kept) tell("cannot " + describe(kept.error()) + " in " + printable(options_.from));
    }
    if (!finish()) return exit_status(ExitCode::kFailed);
    if (stop_requested() != 0) return exit_status_for_signal(stop_requested());
    return exit_status(delivered ? ExitCode::kOk : ExitCode::kUndelivered);
  }

  int check_config() {
    bool good = true;
    for (const Channel& channel : channels_) {
      const Status checked = channel.check();
      good = good && checked;
      put(out_, fmt::format("{:<10}{:<11}{}{}\n", checked ? "good" : "WRONG", channel.name,
                            channel.where, checked ? "" : ": cannot " + describe(checked.error())));
    }
    if (channels_.empty()) {
      put(out_, "no channel is configured: repo-report prints a text, for whoever reads it\n");
    }
    const Result<Records> records = read_records(options_.from, utc_now());
    const bool is_young = !records && (records.error().code == ENOENT || is_empty(options_.from));
    put(out_, fmt::format("{:<10}{:<11}{}{}\n",
                          records    ? "good"
                          : is_young ? "none yet"
                                     : "WRONG",
                          "from", printable(options_.from),
                          records || is_young ? "" : ": cannot " + describe(records.error())));
    good = good && (records || is_young);
    if (!finish()) return exit_status(ExitCode::kFailed);
    return exit_status(good ? ExitCode::kOk : ExitCode::kUsage);
  }

  // Where nothing was dumped yet.
  static bool is_empty(const std::string& dir) {
    std::error_code error;
    return std::filesystem::is_empty(dir, error) && !error;
  }

  // Nothing on stdout where nothing is known: then nothing is left out.
  std::optional<std::vector<KnownRepository>> known() {
    const Report report = read(utc_now());
    if (is_known_) return known_repositories(report, options_.max_age);
    tell(report.headline);
    return std::nullopt;
  }

  int excludes() {
    const auto repositories = known();
    if (!repositories) return exit_status(ExitCode::kFailed);
    const Promise promise = make_promise(*repositories);
    const ExcludeList list = make_exclude_list(options_.dialect, promise.stores);
    put(out_, list.bytes);
    if (!options_.quiet) {
      for (const KnownRepository& each : promise.others) {
        tell("stays in the file-level backup: " + printable(each.path) + ": " + each.state);
      }
      for (const std::string& path : list.inexpressible) {
        tell("stays in the file-level backup: " + printable(path) + ": " +
             std::string(name_of(options_.dialect)) + " has no way to name it");
      }
    }
    return exit_status(finish() ? ExitCode::kOk : ExitCode::kFailed);
  }

  int audit() {
    constexpr std::size_t kLargest = std::size_t{64} << 20;
    const Result<UniqueFd> file = open_trusted(options_.audited);
    if (!file) {
      tell("cannot " + describe(file.error()));
      return exit_status(ExitCode::kUsage);
    }
    const Result<std::string> text = read_to_end(file->get(), kLargest);
    const Result<std::vector<std::string>> paths =
        text ? read_exclude_list(*text)
             : Result<std::vector<std::string>>(
                   system_error("read", options_.audited, text.error().code));
    if (!paths) {
      tell("cannot use " + printable(options_.audited) + ": " + describe(paths.error()));
      return exit_status(ExitCode::kUsage);
    }
    const auto repositories = known();
    if (!repositories) return exit_status(ExitCode::kFailed);
    const std::vector<ExcludeFinding> findings = audit_excludes(*paths, *repositories);
    for (const ExcludeFinding& finding : findings) put(out_, describe(finding) + "\n");
    if (!options_.quiet && findings.empty()) {
      put(out_, fmt::format("each of {} has a fresh verified copy\n",
                            counted(paths->size(), "excluded path")));
    }
    if (!finish()) return exit_status(ExitCode::kFailed);
    return exit_status(findings.empty() ? ExitCode::kOk : ExitCode::kIncomplete);
  }

  int start() {
    const Delivery told = ping_start(options_);
    if (told) return exit_status(ExitCode::kOk);
    tell("cannot tell that a run begins: " + describe(told.error()));
    return exit_status(ExitCode::kUndelivered);
  }

  const ReportOptions& options_;
  std::FILE* out_;
  std::FILE* err_;
  std::vector<Channel> channels_;
  bool is_known_ = true;       // there are records that can be read
  bool is_remembered_ = true;  // what was told, and how the run ended
};

}  // namespace

int run_report(const ReportOptions& options, std::FILE* out, std::FILE* err) {
  try {
    return Run(options, out, err).run();
  } catch (const std::exception& error) {
    if (!options.nagios) throw;
    put(out, std::string("REPO-BACKUP UNKNOWN - ") + error.what() + "\n");
    std::fflush(out);
    return kNagiosUnknown;
  }
}

}  // namespace repo

// The command line of repo-report, and its sections of the configuration.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/config_file.h"
#include "base/options_message.h"
#include "reporter/exclude_list.h"
#include "reporter/report.h"
#include "reporter/smtp.h"

namespace repo {

enum class ReportCommand {
  kReport,
  kSelfTest,
  kCheckConfig,
  kExcludes,
  kAuditExcludes,
  kPingStart,
  kWhere,
};

// When a channel is used.
enum class When { kAlways, kSuccess, kFailure, kChange };

// The channels that have an "--on" of their own, and the order in which they are used.
inline constexpr const char* kChannels[] = {"mail", "ping", "syslog", "html", "feed", "prometheus"};

struct MailOptions {
  std::string from;  // empty: root at this host
  std::string sendmail = "/usr/sbin/sendmail";
  SmtpServer server;  // without a host: sendmail. The password is read when it is needed
  std::string password_file;
};

// Which channels there are, and where they lead.
struct Outputs {
  bool syslog = false;
  std::string html;
  std::string feed;
  std::string prometheus;
  std::string ping;       // the URL, which is a secret
  std::string ping_file;  // holds it
  std::vector<std::string> mail;
};

struct ReportOptions {
  ReportCommand command = ReportCommand::kReport;
  std::string from;
  StatusOptions status;
  bool text = false;
  bool json = false;
  bool nagios = false;
  bool check = false;
  bool quiet = false;
  bool nice = false;
  Outputs outputs;
  std::string feed_link;
  MailOptions mail;
  std::string ping_ca;               // whose certificates are trusted; empty: the system's
  bool ping_status = false;          // "/0", "/3" instead of success and fail
  When on = When::kAlways;           // of the text, where that is all
  std::map<std::string, When> when;  // of each of kChannels
  Outputs in_file;                   // what the configuration names, used now or not
  std::vector<std::pair<std::string, int>> ended;  // what a script saw: "repo-scan", 1
  ExcludeDialect dialect = ExcludeDialect::kRestic;
  std::chrono::seconds max_age = std::chrono::hours(26);
  std::string audited;
};

// Whether the channel, one of kChannels, is among them.
bool has_output(const Outputs& outputs, const std::string& channel);

std::variant<ReportOptions, OptionsMessage> parse_report_options(
    int argc, const char* const* argv, const std::string& default_config = kConfigPath);

}  // namespace repo

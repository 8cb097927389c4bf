#include "reporter/channels.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/exit_code.h"
#include "base/file_io.h"
#include "base/target_path.h"
#include "reporter/feed.h"
#include "reporter/html.h"
#include "reporter/http_ping.h"
#include "reporter/mail_text.h"
#include "reporter/mime.h"
#include "reporter/prometheus.h"
#include "reporter/secret.h"
#include "reporter/sendmail.h"
#include "reporter/syslog.h"
#include "reporter/syslog_text.h"
#include "reporter/text.h"

namespace repo {
namespace {

using Tell = std::function<Delivery(const Report&, const std::vector<StateChange>&)>;

// Other programs read these, under other users.
// The folder may be somebody else's: nothing there is opened or followed, only replaced.
Result<TargetPath> place_of_file(const std::string& path, const std::string& dump_root) {
  Result<TargetPath> place = resolve_place(path);
  if (!place) return place;
  std::error_code unresolved;  // then there is none
  const std::string top = std::filesystem::canonical(dump_root, unresolved).string();
  if (!unresolved && is_within(place->full(), top)) {
    return plain_error("write", path, "it would be among the copies and their records");
  }
  if (place->rest.find('/') != std::string::npos) return system_error("write", path, ENOENT);
  struct stat st = {};
  if (fstatat(place->base.get(), place->rest.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      !S_ISREG(st.st_mode)) {
    return plain_error("write", path, "something that is no regular file has this name");
  }
  return place;
}

Delivery write_file(const std::string& path, const std::string& dump_root,
                    const std::string& bytes) {
  const Result<TargetPath> place = place_of_file(path, dump_root);
  if (!place) return place.error();
  if (Status put = replace_file_at(place->base.get(), place->rest, bytes, kFileForAll); !put) {
    return system_error(put.error().op, path, put.error().code);
  }
  return "written to " + printable(path);
}

Status check_file(const std::string& path, const std::string& dump_root) {
  const Result<TargetPath> place = place_of_file(path, dump_root);
  if (!place) return place.error();
  if (faccessat(place->base.get(), ".", W_OK, 0) != 0) return system_error("write", path, errno);
  return {};
}

Channel file_channel(const char* name, const std::string& path, const std::string& dump_root,
                     Tell tell) {
  return {name, printable(path), path, true, When::kAlways, std::move(tell), [path, dump_root] {
            return check_file(path, dump_root);
          }};
}

int priority_of(Severity severity) {
  if (severity == Severity::kFailure) return LOG_ERR;
  return severity == Severity::kWarning ? LOG_WARNING : LOG_INFO;
}

Delivery tell_syslog(const Report& report) {
  std::vector<SyslogLine> lines;
  for (LogLine& line : log_lines_of(report)) {
    lines.push_back({priority_of(line.severity), std::move(line.text)});
  }
  return send_to_syslog(lines);
}

std::string sender_of(const MailOptions& mail, const std::string& host) {
  if (!mail.from.empty()) return mail.from;
  const std::string named = "root@" + host;
  return is_mail_address(named) ? named : "root";
}

Delivery tell_by_mail(const ReportOptions& options, const Report& report) {
  const MailOptions& mail = options.mail;
  const std::vector<std::string>& to = options.outputs.mail;
  const std::string from = sender_of(mail, report.host);
  static unsigned count = 0;  // a second mail of a report must not look like the first one again
  const std::string id = fmt::format("{}.{}.{}", stamp(report.time), getpid(), ++count);
  const MailHead head{from, to, report.time, id, report.host};
  const MailText text{mail_subject_of(report), text_of(report, true), mail_html_of(report)};
  if (mail.server.host.empty()) {
    return send_by_sendmail({mail.sendmail}, mail_message(head, text, LineEnd::kLf));
  }
  SmtpServer server = mail.server;
  if (!mail.password_file.empty()) {
    Result<std::string> password = read_secret(mail.password_file);
    if (!password) return password.error();
    server.password = *std::move(password);
  }
  return send_by_smtp(server, from, to, mail_message(head, text, LineEnd::kCrLf));
}

Status check_mail(const MailOptions& mail) {
  if (mail.server.host.empty()) {
    if (access(mail.sendmail.c_str(), X_OK) == 0) return {};
    return plain_error("run", mail.sendmail,
                       "it is not there: install a mail server (postfix, exim4), or set smtp");
  }
  if (mail.password_file.empty()) return {};
  const Result<std::string> password = read_secret(mail.password_file);
  return password ? Status() : Status(password.error());
}

std::string receivers(const std::vector<std::string>& to) {
  std::string all;
  for (const std::string& each : to) all += (all.empty() ? "" : ", ") + each;
  return all;
}

Result<PingTarget> ping_target(const ReportOptions& options) {
  PingTarget target;
  target.ca_file = options.ping_ca;
  target.url = options.outputs.ping;
  if (!options.outputs.ping_file.empty()) {
    Result<std::string> url = read_secret(options.outputs.ping_file);
    if (!url) return url.error();
    if (!is_ping_url(*url)) {
      return plain_error("use", options.outputs.ping_file, "it holds no http or https URL");
    }
    target.url = *std::move(url);
  }
  return target;
}

Delivery tell_by_ping(const Result<PingTarget>& target, const ReportOptions& options,
                      const Report& report) {
  if (!target) return target.error();
  std::string how(report.is_good() ? kPingSuccess : kPingFailure);
  if (options.ping_status) {
    how = ping_exit_status(exit_status(report.is_good() ? ExitCode::kOk : ExitCode::kIncomplete));
  }
  // A test must not tell a monitor that all is well, nor that it is not.
  if (report.is_test) how = kPingLog;
  // The monitor may be anybody's: no names of repositories.
  return send_ping(*target, how, counts_of(report) + "\n");
}

}  // namespace

std::set<std::string> keys_of(const ReportOptions& options) {
  std::set<std::string> keys;
  for (const Channel& channel : channels_of(options)) keys.insert(channel.key);
  return keys;
}

std::vector<Channel> channels_of(const ReportOptions& options) {
  std::vector<Channel> channels;
  if (has_output(options.outputs, "mail")) {
    const std::string& host = options.mail.server.host;
    channels.push_back({"mail", receivers(options.outputs.mail),
                        receivers(options.outputs.mail) + " by " + host, false, When::kAlways,
                        [&](const Report& report, auto&) { return tell_by_mail(options, report); },
                        [&] { return check_mail(options.mail); }});
  }
  if (has_output(options.outputs, "ping")) {
    const Result<PingTarget> target = ping_target(options);
    channels.push_back({"ping",
                        target ? ping_host(target->url) : printable(options.outputs.ping_file),
                        target ? target->url : options.outputs.ping_file, false, When::kAlways,
                        [&options, target](const Report& report, auto&) {
                          return tell_by_ping(target, options, report);
                        },
                        [target] { return target ? Status() : Status(target.error()); }});
  }
  if (has_output(options.outputs, "syslog")) {
    channels.push_back({"syslog", "/dev/log", "", false, When::kAlways,
                        [](const Report& report, auto&) { return tell_syslog(report); },
                        [] { return check_syslog(); }});
  }
  if (has_output(options.outputs, "html")) {
    channels.push_back(
        file_channel("html", options.outputs.html, options.from, [&](const Report& report, auto&) {
          return write_file(options.outputs.html, options.from, html_of(report));
        }));
  }
  if (has_output(options.outputs, "feed")) {
    channels.push_back(file_channel(
        "feed", options.outputs.feed, options.from, [&](const Report& report, auto& changes) {
          return write_file(options.outputs.feed, options.from,
                            feed_of(report, changes, options.feed_link));
        }));
    channels.back().shows_state = false;  // a test stays there as one item of many
  }
  if (has_output(options.outputs, "prometheus")) {
    channels.push_back(file_channel(
        "prometheus", options.outputs.prometheus, options.from, [&](const Report& report, auto&) {
          return write_file(options.outputs.prometheus, options.from, prometheus_of(report));
        }));
  }
  for (Channel& channel : channels) {
    channel.when = options.when.at(channel.name);
    constexpr std::size_t kDigits = 16;  // the URL of a ping is a secret
    channel.key = channel.name + " " + sha256_hex(channel.key).substr(0, kDigits);
  }
  return channels;
}

Delivery ping_start(const ReportOptions& options) {
  if (!has_output(options.outputs, "ping")) return std::string("no ping is configured");
  const Result<PingTarget> target = ping_target(options);
  if (!target) return target.error();
  return send_ping(*target, kPingStart, "");
}

}  // namespace repo

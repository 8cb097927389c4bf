#include "reporter/channels.h"

#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>

#include "base/bytes_path.h"
#include "base/exit_code.h"
#include "base/file_io.h"
#include "base/host.h"
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
Delivery write_file(const std::string& path, const std::string& bytes) {
  if (Status put = replace_file(path, bytes, kFileForAll); !put) return put.error();
  return "written to " + printable(path);
}

Channel file_channel(const char* name, const std::string& path, Tell tell) {
  return {name, printable(path), When::kAlways, std::move(tell),
          [path] { return check_replaceable(path); }};
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

Delivery tell_by_mail(const MailOptions& mail, const Report& report) {
  const std::string from = sender_of(mail, report.host);
  const MailHead head{from, mail.to, report.time,
                      stamp(report.time) + "." + std::to_string(getpid()), report.host};
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
  return send_by_smtp(server, from, mail.to, mail_message(head, text, LineEnd::kCrLf));
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

std::string receivers(const MailOptions& mail) {
  std::string all;
  for (const std::string& each : mail.to) all += (all.empty() ? "" : ", ") + each;
  return all;
}

Result<PingTarget> ping_target(const ReportOptions& options) {
  PingTarget target;
  target.ca_file = options.ping_ca;
  target.url = options.ping;
  if (!options.ping_file.empty()) {
    Result<std::string> url = read_secret(options.ping_file);
    if (!url) return url.error();
    if (!is_ping_url(*url)) {
      return plain_error("use", options.ping_file, "it holds no http or https URL");
    }
    target.url = *std::move(url);
  }
  return target;
}

Delivery tell_by_ping(const ReportOptions& options, const Report& report) {
  const Result<PingTarget> target = ping_target(options);
  if (!target) return target.error();
  std::string how(report.is_good() ? kPingSuccess : kPingFailure);
  if (options.ping_status) {
    how = ping_exit_status(exit_status(report.is_good() ? ExitCode::kOk : ExitCode::kIncomplete));
  }
  // A test must not tell a monitor that all is well, nor that it is not.
  if (report.is_test) how = kPingLog;
  return send_ping(*target, how, text_of(report, true));
}

}  // namespace

std::vector<Channel> channels_of(const ReportOptions& options) {
  std::vector<Channel> channels;
  if (options.has("html")) {
    channels.push_back(file_channel("html", options.html, [&](const Report& report, auto&) {
      return write_file(options.html, html_of(report));
    }));
  }
  if (options.has("feed")) {
    channels.push_back(file_channel("feed", options.feed, [&](const Report& report, auto& changes) {
      return write_file(options.feed, feed_of(report, changes, options.feed_link));
    }));
  }
  if (options.has("prometheus")) {
    channels.push_back(
        file_channel("prometheus", options.prometheus, [&](const Report& report, auto&) {
          return write_file(options.prometheus, prometheus_of(report));
        }));
  }
  if (options.has("syslog")) {
    channels.push_back({"syslog", "/dev/log", When::kAlways,
                        [](const Report& report, auto&) { return tell_syslog(report); },
                        [] { return check_syslog(); }});
  }
  if (options.has("mail")) {
    channels.push_back(
        {"mail", receivers(options.mail), When::kAlways,
         [&](const Report& report, auto&) { return tell_by_mail(options.mail, report); },
         [&] { return check_mail(options.mail); }});
  }
  if (options.has("ping")) {
    const Result<PingTarget> target = ping_target(options);
    channels.push_back({"ping", target ? ping_host(target->url) : printable(options.ping_file),
                        When::kAlways,
                        [&](const Report& report, auto&) { return tell_by_ping(options, report); },
                        [&] {
                          const Result<PingTarget> read = ping_target(options);
                          return read ? Status() : Status(read.error());
                        }});
  }
  for (Channel& channel : channels) channel.when = options.when.at(channel.name);
  return channels;
}

Delivery ping_start(const ReportOptions& options) {
  if (!options.has("ping")) return std::string("no ping is configured");
  const Result<PingTarget> target = ping_target(options);
  if (!target) return target.error();
  return send_ping(*target, kPingStart, "");
}

}  // namespace repo

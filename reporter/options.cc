#include "reporter/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/number.h"
#include "base/options_config.h"
#include "dumper/options.h"
#include "reporter/http_ping.h"
#include "reporter/mime.h"

namespace repo {
namespace {

constexpr const char* kName = "repo-report";

constexpr const char* kDescription =
    "Tells whether all copies that repo-dump has made are good, fresh and proven restorable.\n\n"
    "  repo-report                     tells through all channels of the configuration; without\n"
    "                                  one, prints a text\n"
    "  repo-report --text              only prints; so with --json, and each channel named here\n"
    "  repo-report --nagios | --check  for monitors and scripts\n"
    "  repo-report --self-test         tries every channel of the configuration\n"
    "  repo-report --excludes restic   paths that a file-level backup may leave out tonight\n\n"
    "It reads the records in the dump root, never a repository, and works when a run has died.\n";

constexpr const char* kExamples =
    "Examples:\n"
    "  repo-report --mail admin@example.org --on failure\n"
    "  repo-report --html /var/www/backup.html --feed /var/www/backup.xml\n"
    "  repo-report --prometheus /var/lib/prometheus/node-exporter/repo-backup.prom\n"
    "  repo-report --excludes restic >/run/excludes    see docs/file-level.md for the rest\n\n";

constexpr std::pair<const char*, When> kWhenWords[] = {{"always", When::kAlways},
                                                       {"success", When::kSuccess},
                                                       {"failure", When::kFailure},
                                                       {"change", When::kChange}};

When when_of(const std::string& word) {
  for (const auto& [each, when] : kWhenWords) {
    if (word == each) return when;
  }
  return When::kAlways;
}

std::string mistake_in_file(const std::string& text) {
  return text.empty() || text == "-" ? std::string("no name of a file") : std::string();
}

OptionsMessage usage(const std::string& message) {
  return {exit_status(ExitCode::kUsage), std::string(kName) + ": " + message + " (see --help)\n"};
}

std::string mistake_in_address(const std::string& text) {
  return is_mail_address(text) ? std::string() : "no address: " + printable(text);
}

std::string mistake_in_url(const std::string& text) {
  return is_ping_url(text) ? std::string() : std::string("no http or https URL");
}

// What CLI11 fills, before it means something.
struct Words {
  std::string expect = "26h";
  std::string proof_age = "7d";
  std::string max_age = "26h";
  std::string on = "always";
  std::map<std::string, std::string> on_channel;
  std::string smtp;
  std::string smtp_tls = "starttls";
  std::string excludes;
  std::vector<std::string> ended;
  bool self_test = false;
  bool check_config = false;
  bool ping_start = false;
  bool where = false;
};

void add_outputs(CLI::App& app, ReportOptions& options) {
  const CLI::Validator file(mistake_in_file, "FILE");
  app.add_flag("--text", options.text, "print the report (default where no channel is named)");
  app.add_flag("--json", options.json, "print it as JSON (docs/schemas/report.schema.json)")
      ->configurable(false);
  app.add_flag("--nagios", options.nagios, "print a Nagios plugin's lines, and end in its codes")
      ->configurable(false);
  app.add_flag("--check", options.check, "end in 3 where something is not as it should be")
      ->configurable(false);
  app.add_option("--html", options.outputs.html, "write a page for people, one file")
      ->type_name("FILE")
      ->check(file);
  app.add_option("--feed", options.outputs.feed, "write an RSS feed")
      ->type_name("FILE")
      ->check(file);
  app.add_option("--feed-link", options.feed_link, "where readers of the feed are led to")
      ->type_name("URL");
  app.add_option("--prometheus", options.outputs.prometheus,
                 "write metrics for the node exporter's textfile collector")
      ->type_name("FILE")
      ->check(file);
  app.add_flag("--syslog", options.outputs.syslog, "write to the system log");
}

void add_mail(CLI::App& app, ReportOptions& options, Words& words) {
  MailOptions& mail = options.mail;
  const CLI::Validator address(mistake_in_address, "ADDRESS");
  app.add_option("--mail", options.outputs.mail, "send a mail (repeatable)")
      ->type_name("ADDRESS")
      ->check(address)
      ->allow_extra_args(false);
  app.add_option("--mail-from", mail.from, "its sender (default: root)")
      ->type_name("ADDRESS")
      ->check(address);
  app.add_option("--sendmail", mail.sendmail, "the program that takes it")->type_name("FILE");
  app.add_option("--smtp", words.smtp, "send it to this server instead")->type_name("HOST[:PORT]");
  app.add_option("--smtp-tls", words.smtp_tls, "starttls, implicit, or none")
      ->type_name("HOW")
      ->check(CLI::IsMember({"starttls", "implicit", "none"}));
  app.add_option("--smtp-user", mail.server.user, "log in under this name")->type_name("NAME");
  app.add_option("--smtp-password", mail.password_file,
                 "the file that holds the password, for its owner alone; a name without '/' is a "
                 "systemd credential")
      ->type_name("FILE");
  app.add_option("--smtp-ca", mail.server.ca_file, "trust these certificates instead")
      ->type_name("FILE");
}

void add_ping(CLI::App& app, ReportOptions& options, Words& words) {
  app.add_option("--ping", options.outputs.ping, "tell a monitor as healthchecks.io understands it")
      ->type_name("URL")
      ->check(CLI::Validator(mistake_in_url, "URL"))
      ->configurable(false);  // whoever has it can say that all is well
  app.add_option("--ping-file", options.outputs.ping_file,
                 "the file that holds that URL, as --smtp-password")
      ->type_name("FILE");
  app.add_option("--ping-ca", options.ping_ca, "trust these certificates instead")
      ->type_name("FILE");
  app.add_flag("--ping-status", options.ping_status,
               "tell it /0 or /3 instead of success or /fail");
  app.add_flag("--ping-start", words.ping_start, "only tell it that a run begins")
      ->configurable(false);
}

void add_thresholds(CLI::App& app, ReportOptions& options, Words& words) {
  const CLI::Validator duration(mistake_in_duration, "DURATION");
  app.add_option("--expect", words.expect, "how old the last run, and each copy, may be")
      ->type_name("DURATION")
      ->check(duration);
  app.add_option("--proof-age", words.proof_age, "how old the last drill of a copy may be")
      ->type_name("DURATION")
      ->check(duration);
  app.add_option("--acknowledge", options.status.acknowledged,
                 "say no more that this was not looked at, and what is below (repeatable)")
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--on", words.on,
                 "when to send messages (mail, ping, syslog): always, success, failure or "
                 "change; files are always written")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"always", "success", "failure", "change"}));
  for (const char* channel : kChannels) {
    app.add_option(std::string("--") + channel + "-on", words.on_channel[channel],
                   "the same for this channel alone")
        ->type_name("WHEN")
        ->check(CLI::IsMember({"always", "success", "failure", "change"}));
  }
}

void add_excludes(CLI::App& app, ReportOptions& options, Words& words) {
  const CLI::Validator duration(mistake_in_duration, "DURATION");
  app.add_option("--excludes", words.excludes,
                 "print, for this tool, which live paths have a fresh verified copy")
      ->type_name("TOOL")
      ->check(CLI::IsMember({"restic", "borg", "rdiff-backup", "rsync", "tar"}))
      ->configurable(false);
  app.add_option("--max-age", words.max_age, "of such a copy")
      ->type_name("DURATION")
      ->check(duration);
  app.add_option("--audit-excludes", options.audited,
                 "of a list of excluded paths, name those that no fresh verified copy stands for; "
                 "exit 3 if any")
      ->type_name("FILE")
      ->configurable(false);
}

// Without a channel on the command line those of the file are used, else they are not: who looks
// by hand does not send mails.
bool names_outputs(const CLI::App& app) {
  constexpr const char* kOutputs[] = {"--text", "--json", "--nagios",     "--check",
                                      "--html", "--feed", "--prometheus", "--syslog",
                                      "--mail", "--ping", "--ping-file"};
  return std::any_of(std::begin(kOutputs), std::end(kOutputs),
                     [&](const char* name) { return app.count(name) > 0; });
}

std::optional<OptionsMessage> read_server(const Words& words, ReportOptions& options) {
  if (words.smtp.empty()) {
    const bool is_set = !options.mail.server.user.empty() || !options.mail.password_file.empty() ||
                        !options.mail.server.ca_file.empty();
    if (is_set) return usage("--smtp-user, --smtp-password and --smtp-ca need --smtp");
    return std::nullopt;
  }
  SmtpServer& server = options.mail.server;
  server.tls = words.smtp_tls == "starttls"   ? MailTls::kStartTls
               : words.smtp_tls == "implicit" ? MailTls::kImplicit
                                              : MailTls::kNone;
  constexpr std::uint16_t kSubmission = 587;
  constexpr std::uint16_t kSubmissions = 465;
  constexpr std::uint16_t kSmtp = 25;
  server.port = server.tls == MailTls::kStartTls   ? kSubmission
                : server.tls == MailTls::kImplicit ? kSubmissions
                                                   : kSmtp;
  server.host = words.smtp;
  // A colon that is not part of an IPv6 address: "mail:25", "[::1]:25", "::1".
  const std::size_t colon = words.smtp.rfind(':');
  const bool has_port =
      colon != std::string::npos && (words.smtp.find(':') == colon || words.smtp[colon - 1] == ']');
  if (has_port) {
    const auto port = to_number<std::uint16_t>(words.smtp.substr(colon + 1), 10);
    if (!port || *port == 0) return usage("--smtp: no port: " + printable(words.smtp));
    server.port = *port;
    server.host = words.smtp.substr(0, colon);
  }
  if (server.host.size() > 1 && server.host.front() == '[' && server.host.back() == ']') {
    server.host = server.host.substr(1, server.host.size() - 2);
  }
  if (!server.user.empty() && options.mail.password_file.empty()) {
    return usage("--smtp-user needs --smtp-password, the file that holds the password");
  }
  if (Status good = check_smtp_server(server); !good) {
    return usage("--smtp: cannot " + describe(good.error()));
  }
  return std::nullopt;
}

std::optional<OptionsMessage> read_command(const Words& words, ReportOptions& options) {
  const int commands = (words.self_test ? 1 : 0) + (words.check_config ? 1 : 0) +
                       (words.ping_start ? 1 : 0) + (words.where ? 1 : 0) +
                       (words.excludes.empty() ? 0 : 1) + (options.audited.empty() ? 0 : 1);
  if (commands > 1) {
    return usage(
        "--self-test, --check-config, --ping-start, --excludes and --audit-excludes: "
        "one at a time");
  }
  if (words.self_test) options.command = ReportCommand::kSelfTest;
  if (words.check_config) options.command = ReportCommand::kCheckConfig;
  if (words.ping_start) options.command = ReportCommand::kPingStart;
  if (words.where) options.command = ReportCommand::kWhere;
  if (!options.audited.empty()) options.command = ReportCommand::kAuditExcludes;
  if (!words.excludes.empty()) {
    options.command = ReportCommand::kExcludes;
    options.dialect = *parse_exclude_dialect(words.excludes);
  }
  if (options.nagios && (options.json || options.text)) {
    return usage("--nagios is what is printed: without --text and --json");
  }
  if (options.json && options.text) return usage("--json or --text: one of them is printed");
  const Outputs& outputs = options.outputs;
  for (const auto& [one, other] : {std::pair(&outputs.html, &outputs.feed),
                                   {&outputs.html, &outputs.prometheus},
                                   {&outputs.feed, &outputs.prometheus}}) {
    if (!one->empty() && *one == *other) {
      return usage("two channels would write the same file: " + printable(*one));
    }
  }
  if (!options.outputs.ping.empty() && !options.outputs.ping_file.empty()) {
    return usage("--ping or --ping-file: one of them");
  }
  for (std::string& path : options.status.acknowledged) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (!is_canonical_path(path)) {
      return usage("--acknowledge: no absolute path without '..': " + printable(path));
    }
  }
  return std::nullopt;
}

std::optional<OptionsMessage> read_ended(const Words& words, ReportOptions& options) {
  for (const std::string& each : words.ended) {
    const std::size_t equals = each.rfind('=');
    const auto code = equals == std::string::npos
                          ? std::nullopt
                          : to_number<std::uint8_t>(each.substr(equals + 1), 10);
    if (!code || equals == 0) return usage("--ended: no TOOL=CODE: " + printable(each));
    options.ended.emplace_back(each.substr(0, equals), *code);
  }
  return std::nullopt;
}

}  // namespace

bool has_output(const Outputs& outputs, const std::string& channel) {
  if (channel == "html") return !outputs.html.empty();
  if (channel == "feed") return !outputs.feed.empty();
  if (channel == "prometheus") return !outputs.prometheus.empty();
  if (channel == "syslog") return outputs.syslog;
  if (channel == "mail") return !outputs.mail.empty();
  return !outputs.ping.empty() || !outputs.ping_file.empty();
}

std::variant<ReportOptions, OptionsMessage> parse_report_options(
    int argc, const char* const* argv, const std::string& default_config) {
  ReportOptions options;
  Words words;
  CLI::App app(kDescription, kName);
  app.set_version_flag("--version", std::string(kName) + " " REPO_BACKUP_VERSION);
  app.footer(
      std::string(kExamples) + kExitCodeHelp +
      "It ends in 0 once it has told, whatever it told; --check ends in 3 where something is not\n"
      "good. With --nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.\n");
  app.add_option("--from", options.from,
                 "dump root (default: repo-dump's --to of the configuration)")
      ->type_name("DIR");
  add_outputs(app, options);
  add_mail(app, options, words);
  add_ping(app, options, words);
  add_thresholds(app, options, words);
  app.add_flag("--self-test", words.self_test, "send a marked test through every channel")
      ->configurable(false);
  app.add_flag("--check-config", words.check_config,
               "look at the configuration, its secrets and its channels; tell nobody")
      ->configurable(false);
  add_excludes(app, options, words);
  app.add_flag("--where", words.where, "for scripts: print where the copies are, and end")
      ->configurable(false);
  app.add_option("--ended", words.ended,
                 "for scripts: how a tool of this run ended, as repo-scan=1 (repeatable)")
      ->type_name("TOOL=CODE")
      ->allow_extra_args(false)
      ->configurable(false);
  app.add_flag("-q,--quiet", options.quiet, "print the text only where something is wrong");
  app.add_flag("--nice", options.nice, "run at idle priority");
  add_config_option(app, default_config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return parse_message(app, error);
  }
  const bool named = names_outputs(app);
  const Outputs named_here = options.outputs;
  const bool named_text = options.text;
  const Result<Config> config = configure(app);
  if (!config) return config_message(app.get_name(), config.error());
  options.in_file = options.outputs;
  options.in_file.mail.erase(
      options.in_file.mail.begin(),  // lists add up, the file's behind
      options.in_file.mail.begin() + static_cast<std::ptrdiff_t>(named_here.mail.size()));
  options.in_file.ping.clear();
  if (named) {
    options.outputs = named_here;
    options.text = named_text;
  }
  if (options.from.empty()) options.from = place_of_copies(*config);
  options.status.expect = *parse_duration(words.expect);
  options.status.proof_age = *parse_duration(words.proof_age);
  options.max_age = *parse_duration(words.max_age);
  options.on = when_of(words.on);
  for (const char* channel : kChannels) {
    const std::string& own = words.on_channel[channel];
    // A page or metrics that were not written would tell of a time that is over.
    const bool is_message = channel == std::string("mail") || channel == std::string("ping") ||
                            channel == std::string("syslog");
    options.when[channel] = when_of(!own.empty() ? own : is_message ? words.on : "always");
  }
  if (auto wrong = read_command(words, options)) return *std::move(wrong);
  if (auto wrong = read_server(words, options)) return *std::move(wrong);
  if (auto wrong = read_ended(words, options)) return *std::move(wrong);
  return options;
}

}  // namespace repo

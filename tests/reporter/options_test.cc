// The command line of repo-report.
#include "reporter/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reporter/options_fixture.h"
#include "tests/support/options_support.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using test::must_parse;
using test::parse;
using test::Parsed;
using test::taken;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(ReportOptionsTest, NothingIsEnoughAndTheRestIsWhatTheHelpSays) {
  const ReportOptions options = must_parse({});
  EXPECT_EQ(options.command, ReportCommand::kReport);
  EXPECT_EQ(options.from, "/var/data_backup");
  EXPECT_EQ(options.status.expect, std::chrono::hours(26));
  EXPECT_EQ(options.status.proof_age, std::chrono::hours(7 * 24));
  EXPECT_EQ(options.max_age, std::chrono::hours(26));
  EXPECT_THAT(options.status.acknowledged, IsEmpty());
  EXPECT_THAT(options.ended, IsEmpty());
  EXPECT_FALSE(options.text || options.json || options.nagios || options.check || options.quiet ||
               options.nice || options.ping_status);
  EXPECT_EQ(options.mail.sendmail, "/usr/sbin/sendmail");
  EXPECT_EQ(options.mail.from + options.mail.server.host + options.mail.password_file, "");
  for (const char* channel : kChannels) {
    EXPECT_FALSE(has_output(options.outputs, channel)) << channel;
    EXPECT_EQ(options.when.at(channel), When::kAlways) << channel;
  }
}

TEST(ReportOptionsTest, EveryChannelIsTaken) {
  const ReportOptions options = must_parse({"--html",
                                            "/h",
                                            "--feed",
                                            "/f",
                                            "--feed-link",
                                            "https://example.org/?a&b",
                                            "--prometheus",
                                            "/p",
                                            "--syslog",
                                            "--mail",
                                            "a@example.org",
                                            "--mail",
                                            "root",
                                            "--mail-from",
                                            "b@example.org",
                                            "--sendmail",
                                            "/opt/sendmail",
                                            "--ping",
                                            "https://hc.example.org/x",
                                            "--ping-ca",
                                            "/ca",
                                            "--ping-status",
                                            "--from",
                                            "/d"});
  EXPECT_EQ(options.outputs.html, "/h");
  EXPECT_EQ(options.outputs.feed, "/f");
  EXPECT_EQ(options.feed_link, "https://example.org/?a&b");
  EXPECT_EQ(options.outputs.prometheus, "/p");
  EXPECT_TRUE(options.outputs.syslog);
  EXPECT_THAT(options.outputs.mail, ElementsAre("a@example.org", "root"));
  EXPECT_EQ(options.mail.from, "b@example.org");
  EXPECT_EQ(options.mail.sendmail, "/opt/sendmail");
  EXPECT_EQ(options.outputs.ping, "https://hc.example.org/x");
  EXPECT_EQ(options.ping_ca, "/ca");
  EXPECT_TRUE(options.ping_status);
  EXPECT_EQ(options.from, "/d");
  for (const char* channel : kChannels)
    EXPECT_TRUE(has_output(options.outputs, channel)) << channel;
}

TEST(ReportOptionsTest, AChannelsOwnWhenIsMoreThanThatOfAll) {
  const ReportOptions options = must_parse(
      {"--mail-on", "failure", "--on", "change", "--html-on", "always", "--feed-on", "success"});
  EXPECT_EQ(options.when.at("mail"), When::kFailure);
  EXPECT_EQ(options.when.at("html"), When::kAlways);
  EXPECT_EQ(options.when.at("feed"), When::kSuccess);
  for (const char* other : {"syslog", "ping"}) {
    EXPECT_EQ(options.when.at(other), When::kChange) << other;
  }
}

TEST(ReportOptionsTest, ThresholdsAreTaken) {
  const ReportOptions options =
      must_parse({"--expect", "90m", "--proof-age", "30d", "--max-age", "3h", "--acknowledge",
                  "/mnt/a", "--acknowledge", "/mnt/b", "-q", "--nice", "--check"});
  EXPECT_EQ(options.status.expect, std::chrono::minutes(90));
  EXPECT_EQ(options.status.proof_age, std::chrono::hours(30 * 24));
  EXPECT_EQ(options.max_age, std::chrono::hours(3));
  EXPECT_THAT(options.status.acknowledged, ElementsAre("/mnt/a", "/mnt/b"));
  EXPECT_TRUE(options.quiet && options.nice && options.check);
}

TEST(ReportOptionsTest, HowToolsEnded) {
  EXPECT_THAT(must_parse({"--ended", "repo-scan=0", "--ended", "a=b=255"}).ended,
              ElementsAre(Pair("repo-scan", 0), Pair("a=b", 255)));
}

struct CommandCase : test::NamedCase {
  std::vector<const char*> arguments;
  ReportCommand command;
};

class ReportCommandTest : public testing::TestWithParam<CommandCase> {};

TEST_P(ReportCommandTest, IsTaken) {
  EXPECT_EQ(must_parse(GetParam().arguments).command, GetParam().command);
}

using enum ReportCommand;

INSTANTIATE_TEST_SUITE_P(
    Lines, ReportCommandTest,
    testing::Values(CommandCase{"report", {"--mail", "a@b"}, kReport},
                    CommandCase{"self_test", {"--self-test"}, kSelfTest},
                    CommandCase{"check_config", {"--check-config"}, kCheckConfig},
                    CommandCase{"ping_start", {"--ping-start"}, kPingStart},
                    CommandCase{"where", {"--where"}, kWhere},
                    CommandCase{"excludes", {"--excludes", "borg"}, kExcludes},
                    CommandCase{"audit", {"--audit-excludes", "/x"}, kAuditExcludes}),
    test::case_name);

TEST(ReportOptionsTest, TheToolOfExcludesIsTaken) {
  EXPECT_EQ(must_parse({"--excludes", "restic"}).dialect, ExcludeDialect::kRestic);
  EXPECT_EQ(must_parse({"--excludes", "borg"}).dialect, ExcludeDialect::kBorg);
  EXPECT_EQ(must_parse({"--excludes", "tar"}).dialect, ExcludeDialect::kTar);
}

struct ServerCase : test::NamedCase {
  std::vector<const char*> arguments;
  std::string host;
  int port;
  MailTls tls = MailTls::kStartTls;
};

class ReportServerTest : public testing::TestWithParam<ServerCase> {};

TEST_P(ReportServerTest, IsTaken) {
  const SmtpServer server = must_parse(GetParam().arguments).mail.server;
  EXPECT_EQ(server.host, GetParam().host);
  EXPECT_EQ(server.port, GetParam().port);
  EXPECT_EQ(server.tls, GetParam().tls);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, ReportServerTest,
    testing::Values(
        ServerCase{"host", {"--smtp", "mail.example.org"}, "mail.example.org", 587},
        ServerCase{"host_and_port", {"--smtp", "mail:2525"}, "mail", 2525},
        ServerCase{"highest_port", {"--smtp", "mail:65535"}, "mail", 65535},
        ServerCase{"address", {"--smtp", "192.0.2.1:26"}, "192.0.2.1", 26},
        ServerCase{"address_6", {"--smtp", "::1"}, "::1", 587},
        ServerCase{"address_6_in_brackets", {"--smtp", "[::1]"}, "::1", 587},
        ServerCase{"address_6_and_port", {"--smtp", "[2001:db8::1]:25"}, "2001:db8::1", 25},
        ServerCase{"implicit",
                   {"--smtp", "mail", "--smtp-tls", "implicit"},
                   "mail",
                   465,
                   MailTls::kImplicit},
        ServerCase{"none", {"--smtp-tls", "none", "--smtp", "mail"}, "mail", 25, MailTls::kNone},
        ServerCase{"none_and_port",
                   {"--smtp-tls", "none", "--smtp", "mail:587"},
                   "mail",
                   587,
                   MailTls::kNone},
        ServerCase{
            "login", {"--smtp", "mail", "--smtp-user", "u", "--smtp-password", "/p"}, "mail", 587},
        ServerCase{"login_in_clear_on_this_machine",
                   {"--smtp", "[::1]:25", "--smtp-tls", "none", "--smtp-user", "u",
                    "--smtp-password", "/p"},
                   "::1",
                   25,
                   MailTls::kNone}),
    test::case_name);

struct MistakeCase : test::NamedCase {
  std::vector<const char*> arguments;
  std::string said;
};

class ReportMistakeTest : public testing::TestWithParam<MistakeCase> {};

TEST_P(ReportMistakeTest, IsAMessageWithStatus2) {
  const Parsed parsed = parse(GetParam().arguments);
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr) << "taken";
  EXPECT_EQ(message->exit_status, 2);
  EXPECT_THAT(message->text, HasSubstr(GetParam().said));
  EXPECT_EQ(message->text.find('\x1b'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Servers, ReportMistakeTest,
    testing::Values(
        MistakeCase{"no_port", {"--smtp", "mail:"}, "no port"},
        MistakeCase{"port_0", {"--smtp", "mail:0"}, "no port"},
        MistakeCase{"port_too_large", {"--smtp", "mail:65536"}, "no port"},
        MistakeCase{"port_with_more", {"--smtp", "mail:25x"}, "no port"},
        MistakeCase{"port_with_sign", {"--smtp", "mail:+25"}, "no port"},
        MistakeCase{"port_after_brackets", {"--smtp", "[::1]:smtp"}, "no port"},
        MistakeCase{"no_host", {"--smtp", ":25"}, "name of a server"},
        MistakeCase{"hostile_host", {"--smtp", "mail\x1b[31m"}, "name of a server"},
        MistakeCase{"url", {"--smtp", "smtp://mail"}, "--smtp"},
        MistakeCase{"another_tls", {"--smtp", "mail", "--smtp-tls", "maybe"}, "smtp-tls"},
        MistakeCase{"user_alone", {"--smtp", "mail", "--smtp-user", "u"}, "--smtp-password"},
        MistakeCase{
            "login_in_clear",
            {"--smtp", "mail", "--smtp-tls", "none", "--smtp-user", "u", "--smtp-password", "/p"},
            "in clear"},
        MistakeCase{"login_in_clear_to_almost_this_machine",
                    {"--smtp", "127.0.0.1.example.org", "--smtp-tls", "none", "--smtp-user", "u",
                     "--smtp-password", "/p"},
                    "in clear"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Commands, ReportMistakeTest,
    testing::Values(
        MistakeCase{"two_commands", {"--self-test", "--check-config"}, "one at a time"},
        MistakeCase{"excludes_and_audit",
                    {"--excludes", "restic", "--audit-excludes", "/x"},
                    "one at a time"},
        MistakeCase{"ping_start_and_self_test", {"--ping-start", "--self-test"}, "one at a time"},
        MistakeCase{"where_and_excludes", {"--where", "--excludes", "tar"}, "one at a time"},
        MistakeCase{"nagios_and_json", {"--nagios", "--json"}, "--nagios"},
        MistakeCase{"nagios_and_text", {"--nagios", "--text"}, "--nagios"},
        MistakeCase{"json_and_text", {"--json", "--text"}, "--json or --text"},
        MistakeCase{"two_urls", {"--ping", "http://a/b", "--ping-file", "/x"}, "--ping-file"},
        MistakeCase{"unknown_option", {"--frobnicate"}, "frobnicate"},
        MistakeCase{"an_argument", {"now"}, "now"},
        MistakeCase{"another_tool", {"--excludes", "bacula"}, "excludes"}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Values, ReportMistakeTest,
    testing::Values(MistakeCase{"expect_without_unit", {"--expect", "26"}, "expect"},
                    MistakeCase{"expect_nothing", {"--expect", ""}, "expect"},
                    MistakeCase{"expect_below_zero", {"--expect=-1h"}, "expect"},
                    MistakeCase{"proof_age", {"--proof-age", "a week"}, "proof-age"},
                    MistakeCase{"max_age", {"--max-age", "1w"}, "max-age"},
                    MistakeCase{"when", {"--on", "never"}, "on"},
                    MistakeCase{"when_of_a_channel", {"--mail-on", "Failure"}, "mail-on"},
                    MistakeCase{"no_address", {"--mail", "a b@example.org"}, "no address"},
                    MistakeCase{"empty_address", {"--mail", ""}, "mail"},
                    MistakeCase{"address_with_a_header",
                                {"--mail", "a@example.org\r\nBcc: b@example.org"},
                                "no address"},
                    MistakeCase{"address_with_a_dash", {"--mail=-oX/tmp/x"}, "no address"},
                    MistakeCase{"hostile_address", {"--mail-from", "\x1b[31m"}, "no address"},
                    MistakeCase{"no_url", {"--ping", "ftp://a/b"}, "URL"},
                    MistakeCase{"file_url", {"--ping", "file:///etc/passwd"}, "URL"},
                    MistakeCase{"acknowledge", {"--acknowledge", "mnt"}, "--acknowledge"},
                    MistakeCase{"acknowledge_up", {"--acknowledge", "/a/../b"}, "--acknowledge"},
                    MistakeCase{"ended_without_code", {"--ended", "repo-scan"}, "TOOL=CODE"},
                    MistakeCase{"ended_nothing", {"--ended", "=1"}, "TOOL=CODE"},
                    MistakeCase{"ended_no_number", {"--ended", "a=b"}, "TOOL=CODE"},
                    MistakeCase{"ended_empty", {"--ended", "a="}, "TOOL=CODE"},
                    MistakeCase{"ended_too_large", {"--ended", "a=256"}, "TOOL=CODE"},
                    MistakeCase{"ended_below_zero", {"--ended", "a=-1"}, "TOOL=CODE"},
                    MistakeCase{"ended_hostile", {"--ended", "\x1b[31m"}, "TOOL=CODE"}),
    test::case_name);

TEST(ReportOptionsTest, AURLIsASecretThatNoMessageTells) {
  const Parsed parsed = parse({"--ping", "htp://example.org/SECRET"});
  const auto* message = std::get_if<OptionsMessage>(&parsed);
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->text.find("SECRET"), std::string::npos) << message->text;
}

TEST(ReportOptionsTest, HelpNamesEveryCommandAndItsExitCodes) {
  test::expect_help(test::message_of(parse({"--help"})),
                    {"  0 ", "  1 ", "  2 ", "  3 ", "  4 ", "128+N", "--self-test",
                     "--check-config", "--excludes", "--audit-excludes", "--mail-on"});
}

TEST(ReportOptionsTest, VersionIsOneLine) {
  test::expect_version(test::message_of(parse({"--version"})), "repo-report");
}

}  // namespace
}  // namespace repo

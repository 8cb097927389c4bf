// What repo-report takes from the configuration, and what the command line makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/reporter/options_fixture.h"
#include "tests/support/options_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using test::parse;
using test::Parsed;
using test::taken;
using testing::ElementsAre;
using testing::HasSubstr;

class ReportConfigTest : public testing::Test {
 protected:
  Parsed parsed(const std::string& text, const std::vector<const char*>& arguments = {}) {
    const std::string path = tree_ / "config.toml";
    test::write_file(path, text);
    EXPECT_EQ(chmod(path.c_str(), 0644), 0);
    return parse(arguments, path);
  }
  test::TempDir tree_;
};

constexpr const char* kAllChannels =
    "[repo-report]\ntext = true\nhtml = \"/h\"\nfeed = \"/f\"\nprometheus = \"/p\"\n"
    "syslog = true\nmail = [\"a@example.org\", \"b@example.org\"]\nping-file = \"url\"\n"
    "on = \"failure\"\nmail-on = \"change\"\nexpect = \"8d\"\nfrom = \"/d\"\n";

TEST_F(ReportConfigTest, OptionsAreTakenFromTheFile) {
  const ReportOptions options = taken(
      parsed(std::string(kAllChannels) + "smtp = \"mail:25\"\nsmtp-user = \"u\"\n"
                                         "smtp-password = \"p\"\nacknowledge = [\"/mnt/a\"]\n"
                                         "proof-age = \"14d\"\nmax-age = \"2d\"\nquiet = true\n"));
  for (const char* channel : kChannels)
    EXPECT_TRUE(has_output(options.outputs, channel)) << channel;
  EXPECT_TRUE(options.text && options.quiet);
  EXPECT_THAT(options.outputs.mail, ElementsAre("a@example.org", "b@example.org"));
  EXPECT_EQ(options.mail.server.host, "mail");
  EXPECT_EQ(options.mail.server.user, "u");
  EXPECT_EQ(options.mail.password_file, "p");
  EXPECT_EQ(options.outputs.ping_file, "url");
  EXPECT_EQ(options.when.at("mail"), When::kChange);
  EXPECT_EQ(options.when.at("syslog"), When::kFailure);
  EXPECT_EQ(options.when.at("html"), When::kAlways) << "files are always written";
  EXPECT_EQ(options.status.expect, std::chrono::hours(8 * 24));
  EXPECT_EQ(options.status.proof_age, std::chrono::hours(14 * 24));
  EXPECT_EQ(options.max_age, std::chrono::hours(48));
  EXPECT_THAT(options.status.acknowledged, ElementsAre("/mnt/a"));
}

// Who looks by hand sends no mails.
class NamedOutputTest : public ReportConfigTest,
                        public testing::WithParamInterface<std::vector<const char*>> {};

TEST_P(NamedOutputTest, IsTheOnlyOne) {
  const ReportOptions options = taken(parsed(kAllChannels, GetParam()));
  const int outputs = static_cast<int>(std::count_if(
                          std::begin(kChannels), std::end(kChannels),
                          [&](const char* each) { return has_output(options.outputs, each); })) +
                      options.text + options.json + options.nagios + options.check;
  EXPECT_EQ(outputs, 1);
  EXPECT_EQ(options.from, "/d") << "all else of the file is as it was";
  EXPECT_EQ(options.status.expect, std::chrono::hours(8 * 24));
  EXPECT_EQ(options.when.at("mail"), When::kChange);
}

INSTANTIATE_TEST_SUITE_P(Outputs, NamedOutputTest,
                         testing::Values(std::vector<const char*>{"--text"},
                                         std::vector<const char*>{"--json"},
                                         std::vector<const char*>{"--nagios"},
                                         std::vector<const char*>{"--check"},
                                         std::vector<const char*>{"--html", "/x"},
                                         std::vector<const char*>{"--feed", "/x"},
                                         std::vector<const char*>{"--prometheus", "/x"},
                                         std::vector<const char*>{"--syslog"},
                                         std::vector<const char*>{"--mail", "c@example.org"},
                                         std::vector<const char*>{"--ping", "http://a/b"},
                                         std::vector<const char*>{"--ping-file", "other"}));

TEST_F(ReportConfigTest, WhatIsNamedHereIsUsedAsNamedHere) {
  EXPECT_THAT(taken(parsed(kAllChannels, {"--mail", "c@example.org"})).outputs.mail,
              ElementsAre("c@example.org"));
  EXPECT_EQ(taken(parsed(kAllChannels, {"--ping-file", "other"})).outputs.ping_file, "other");
}

TEST_F(ReportConfigTest, WhatIsNoOutputLeavesThoseOfTheFile) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{"--self-test"},
                                                    {"--check-config"},
                                                    {"--ping-start"},
                                                    {"--ended", "repo-scan=1"},
                                                    {"--expect", "1d"},
                                                    {"-q"},
                                                    {"--mail-on", "always"}}) {
    const ReportOptions options = taken(parsed(kAllChannels, arguments));
    for (const char* channel : kChannels) {
      EXPECT_TRUE(has_output(options.outputs, channel)) << channel << " " << arguments.front();
    }
  }
}

TEST_F(ReportConfigTest, TheCommandLineWins) {
  const ReportOptions options =
      taken(parsed(kAllChannels, {"--from", "/e", "--expect", "1d", "--on", "success"}));
  EXPECT_EQ(options.from, "/e");
  EXPECT_EQ(options.status.expect, std::chrono::hours(24));
  EXPECT_EQ(options.when.at("syslog"), When::kSuccess);
  EXPECT_EQ(options.when.at("mail"), When::kChange) << "its own is more than that of all";
}

TEST_F(ReportConfigTest, CopiesAreWhereRepoDumpPutsThem) {
  EXPECT_EQ(taken(parsed("[repo-dump]\nto = \"/d\"\n")).from, "/d");
  EXPECT_EQ(taken(parsed("[repo-dump]\nto = \"/d\"\n[repo-report]\nfrom = \"/e\"\n")).from, "/e");
}

using test::ConfigMistakeCase;

class ReportConfigMistakeTest : public ReportConfigTest,
                                public testing::WithParamInterface<ConfigMistakeCase> {};

TEST_P(ReportConfigMistakeTest, IsAUsageErrorWithItsLine) {
  test::expect_mistake(test::message_of(parsed("[repo-report]\n" + GetParam().line + "\n")),
                       GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Lines, ReportConfigMistakeTest,
    testing::Values(ConfigMistakeCase{"unknown_key", "mial = \"a@example.org\"", "mial"},
                    ConfigMistakeCase{"ping", "ping = \"https://example.org/x\"",
                                      "command line only"},
                    ConfigMistakeCase{"json", "json = true", "command line only"},
                    ConfigMistakeCase{"nagios", "nagios = true", "command line only"},
                    ConfigMistakeCase{"check", "check = true", "command line only"},
                    ConfigMistakeCase{"self_test", "self-test = true", "command line only"},
                    ConfigMistakeCase{"check_config", "check-config = true", "command line only"},
                    ConfigMistakeCase{"ping_start", "ping-start = true", "command line only"},
                    ConfigMistakeCase{"where", "where = true", "command line only"},
                    ConfigMistakeCase{"excludes", "excludes = \"tar\"", "command line only"},
                    ConfigMistakeCase{"audit", "audit-excludes = \"/x\"", "command line only"},
                    ConfigMistakeCase{"ended", "ended = [\"a=0\"]", "command line only"},
                    ConfigMistakeCase{"no_address", "mail = [\"a b\"]", "no address"},
                    ConfigMistakeCase{"duration", "expect = \"26\"", "expect"},
                    ConfigMistakeCase{"when", "mail-on = \"never\"", "mail-on"},
                    ConfigMistakeCase{"tls", "smtp-tls = \"maybe\"", "smtp-tls"},
                    ConfigMistakeCase{"type", "syslog = \"yes please\"", "syslog"}),
    test::case_name);

}  // namespace
}  // namespace repo

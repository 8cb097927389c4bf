// A real mail server for each test, that behaves as the test says.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "reporter/mime.h"
#include "reporter/smtp.h"
#include "tests/support/server.h"
#include "tests/support/test_support.h"

namespace repo::test {

class SmtpTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificates_ = new TempDir;
    make_certificates(certificates_->path());
  }
  static void TearDownTestSuite() {
    delete certificates_;
    certificates_ = nullptr;
  }

  static std::string certificate(const std::string& name) { return *certificates_ / name; }
  std::vector<std::string> with_tls(const std::string& tls, std::vector<std::string> more = {},
                                    const std::string& name = "good.pem") {
    more.insert(more.end(), {"--tls", tls, "--certificate", certificate(name)});
    return more;
  }

  // The settings that fit it: STARTTLS, our authority, no waiting between tries.
  SmtpServer start(std::vector<std::string> arguments) {
    mkdir((tree_ / "got").c_str(), 0755);
    arguments.insert(arguments.end(), {"--to", tree_ / "got"});
    server_.emplace("mail_server.py", arguments);
    SmtpServer settings;
    settings.host = "127.0.0.1";
    settings.port = server_->port();
    settings.ca_file = certificate("ca.pem");
    settings.waits = {std::chrono::milliseconds(0), std::chrono::milliseconds(0)};
    return settings;
  }
  SmtpServer start_plain(std::vector<std::string> arguments) {
    SmtpServer settings = start(std::move(arguments));
    settings.tls = MailTls::kNone;
    return settings;
  }

  Delivery send(const SmtpServer& settings, const std::vector<std::string>& to = {"a@x.test"}) {
    return send_by_smtp(settings, "backup@x.test", to, message());
  }
  // The words of the error; the test fails where the server has a message.
  std::string refusal(const SmtpServer& settings,
                      const std::vector<std::string>& to = {"a@x.test"}) {
    const Delivery delivery = send(settings, to);
    EXPECT_EQ(received(), 0);
    return delivery ? "it was taken: " + *delivery : describe(delivery.error());
  }

  static std::string message() {
    MailText text = {"OK host", ".\n..\n.x\n" + std::string(10'000, 'y') + "\nFrom z\n",
                     "<p>ä</p>"};
    return mail_message({"backup@x.test", {"a@x.test"}, utc_now_for_tests(), "id", "h"}, text,
                        LineEnd::kCrLf);
  }
  static UtcTime utc_now_for_tests() { return *parse_rfc3339("2026-11-27T06:13:26Z"); }

  std::string got(const std::string& name) { return read_file(tree_ / "got/" + name); }
  int received() {
    int count = 0;
    while (std::filesystem::exists(tree_ / "got/" + std::to_string(count + 1) + ".eml")) ++count;
    return count;
  }
  int commands(const std::string& verb) {
    const std::string all = got("commands");
    int count = 0;
    for (std::size_t at = 0; (at = all.find("b'" + verb, at)) != std::string::npos; ++at) ++count;
    return count;
  }

 private:
  static inline TempDir* certificates_ = nullptr;
  TempDir tree_;
  std::optional<Server> server_;
};

}  // namespace repo::test

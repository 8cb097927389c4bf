// Pings to a real HTTP server that answers, fails, hangs, breaks off or sends us elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "reporter/http_ping.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/server.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class HttpPingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { setenv("no_proxy", "127.0.0.1", 1); }

  PingTarget start(std::vector<std::string> arguments, const std::string& scheme = "http") {
    arguments.insert(arguments.end(), {"--to", tree_ / "requests"});
    server_.emplace("http_server.py", arguments);
    PingTarget target;
    target.url = scheme + "://127.0.0.1:" + std::to_string(server_->port()) + "/geheim?key=geheim";
    target.waits = {milliseconds(0), milliseconds(0)};
    return target;
  }
  std::vector<json> requests() {
    std::istringstream lines(test::read_file(tree_ / "requests"));
    std::vector<json> all;
    for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
    return all;
  }
  // The words of an error, which do not tell the URL.
  static std::string refusal(const PingTarget& target) {
    const Delivery delivery = send_ping(target, kPingStart, "body");
    if (delivery) return "it arrived: " + *delivery;
    EXPECT_THAT(describe(delivery.error()), Not(HasSubstr("geheim")));
    return describe(delivery.error());
  }
  test::TempDir tree_;

 private:
  std::optional<test::Server> server_;
};

TEST_F(HttpPingTest, EachSignalHasItsPath) {
  const PingTarget target = start({});
  for (const std::string& addition : {std::string(kPingStart), std::string(kPingSuccess),
                                      std::string(kPingFailure), ping_exit_status(3)}) {
    const Delivery delivery = send_ping(target, addition, "größer\n");
    ASSERT_TRUE(delivery) << describe(delivery.error());
    EXPECT_THAT(*delivery, AllOf(HasSubstr("HTTP 200"), Not(HasSubstr("geheim"))));
  }
  std::vector<std::string> paths;
  for (const json& each : requests()) {
    paths.push_back(each["path"]);
    EXPECT_EQ(each["method"], "POST");
    EXPECT_EQ(each["body"], "gr\u00c3\u00b6\u00c3\u009fer\n");  // UTF-8 read as Latin-1
    EXPECT_EQ(each["headers"]["Content-Type"], "text/plain; charset=utf-8");
    EXPECT_EQ(each["headers"]["User-Agent"], "repo-report");
  }
  EXPECT_THAT(paths, testing::ElementsAre("/geheim/start?key=geheim", "/geheim?key=geheim",
                                          "/geheim/fail?key=geheim", "/geheim/3?key=geheim"));
}

TEST_F(HttpPingTest, ALongBodyIsCutAndABadOneMadeGood) {
  const PingTarget target = start({});
  ASSERT_TRUE(send_ping(target, "", std::string(99'999, 'x') + "€"));
  ASSERT_TRUE(send_ping(target, "", std::string("a\0\xff", 3)));
  EXPECT_EQ(requests()[0]["body"].get<std::string>(), std::string(99'999, 'x'));
  EXPECT_EQ(requests()[1]["body"].get<std::string>(), std::string("a\0", 2) + "\u00ef\u00bf\u00bd");
}

TEST_F(HttpPingTest, AServerThatFailsTwiceIsAskedThreeTimes) {
  for (const std::string status : {"500", "503", "429"}) {
    test::write_file(tree_ / "requests", "");
    const PingTarget target = start({"--status", status, "--times", "2"});
    EXPECT_THAT(refusal(target), HasSubstr("it arrived")) << status;
    EXPECT_EQ(requests().size(), 3U);
    EXPECT_EQ(requests()[2]["body"], "body");
  }
}

TEST_F(HttpPingTest, AServerThatAlwaysFailsIsAnError) {
  EXPECT_THAT(refusal(start({"--status", "500"})),
              AllOf(HasSubstr("http://127.0.0.1"), HasSubstr("HTTP 500 (tried 3 times)")));
}

TEST_F(HttpPingTest, ARefusalIsFinal) {
  for (const std::string status : {"404", "400", "403"}) {
    test::write_file(tree_ / "requests", "");
    EXPECT_THAT(refusal(start({"--status", status})), HasSubstr("HTTP " + status));
    EXPECT_EQ(requests().size(), 1U);
  }
}

TEST_F(HttpPingTest, OneThatHangsIsLeftAtTheTimeout) {
  PingTarget target = start({"--hang"});
  target.timeout = milliseconds(300);
  EXPECT_THAT(refusal(target), HasSubstr("tried 3 times"));
  EXPECT_EQ(requests().size(), 3U);
}

TEST_F(HttpPingTest, OneThatBreaksOffIsTriedAgain) {
  EXPECT_THAT(refusal(start({"--cut", "--times", "2"})), HasSubstr("it arrived"));
  EXPECT_EQ(requests().size(), 3U);
}

TEST_F(HttpPingTest, NobodyListens) {
  PingTarget target;
  target.url = "http://127.0.0.1:" + std::to_string(test::closed_port()) + "/geheim";
  target.waits = {milliseconds(0)};
  EXPECT_THAT(refusal(target), HasSubstr("tried 2 times"));
}

TEST_F(HttpPingTest, ARedirectToAFileIsNotFollowed) {
  test::write_file(tree_ / "geheim", "x");
  EXPECT_THAT(refusal(start({"--redirect", "file://" + tree_ / "geheim"})),
              Not(HasSubstr("it arrived")));
  EXPECT_EQ(requests().size(), 1U);
}

TEST_F(HttpPingTest, ARedirectIsFollowedWithItsBody) {
  EXPECT_THAT(refusal(start({"--redirect", "/moved", "--times", "3"})), HasSubstr("it arrived"));
  ASSERT_EQ(requests().size(), 4U);
  EXPECT_EQ(requests()[3]["path"], "/moved");
  EXPECT_EQ(requests()[3]["method"], "POST");
  EXPECT_EQ(requests()[3]["body"], "body");
}

TEST_F(HttpPingTest, RedirectsWithoutEndAreAnError) {
  EXPECT_THAT(refusal(start({"--redirect", "/moved"})), Not(HasSubstr("it arrived")));
  EXPECT_EQ(requests().size(), 4U);
}

TEST_F(HttpPingTest, TlsIsVerifiedAndNeverLeft) {
  test::make_certificates(tree_.path());
  PingTarget target = start({"--certificate", tree_ / "good.pem"}, "https");
  EXPECT_THAT(refusal(target), Not(HasSubstr("it arrived"))) << "an unknown authority";
  target.ca_file = tree_ / "ca.pem";
  EXPECT_THAT(refusal(target), HasSubstr("it arrived"));
  target = start({"--certificate", tree_ / "other.pem"}, "https");
  target.ca_file = tree_ / "ca.pem";
  EXPECT_THAT(refusal(target), Not(HasSubstr("it arrived"))) << "another name";
  EXPECT_EQ(requests().size(), 1U);

  const test::Server plain("http_server.py", {"--to", tree_ / "plain"});
  target = start({"--certificate", tree_ / "good.pem", "--redirect",
                  "http://127.0.0.1:" + std::to_string(plain.port()) + "/"},
                 "https");
  target.ca_file = tree_ / "ca.pem";
  EXPECT_THAT(refusal(target), Not(HasSubstr("it arrived"))) << "to http";
  EXPECT_EQ(test::read_file(tree_ / "plain"), "");
}

TEST_F(HttpPingTest, WhatIsNoUrlIsNotTold) {
  PingTarget target;
  for (const std::string url : {"geheim", "file:///geheim", "https://h/geheim\n", ""}) {
    target.url = url;
    EXPECT_THAT(refusal(target), HasSubstr("must begin with https://")) << url;
  }
}

TEST_F(HttpPingTest, AStopEndsIt) {
  PingTarget target = start({"--hang"});
  target.timeout = std::chrono::hours(1);
  test::in_child([&] {
    install_stop_signals();
    const test::Background killer({"/bin/bash", "-c", "kill -TERM " + std::to_string(getpid())});
    EXPECT_THAT(refusal(target), HasSubstr("stopped"));
  });
}

}  // namespace
}  // namespace repo

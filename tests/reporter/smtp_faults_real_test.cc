// Mail servers that are down, hang or break off: told, tried again, never waited for for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/stop_signal.h"
#include "reporter/smtp.h"
#include "tests/reporter/smtp_fixture.h"
#include "tests/support/background.h"
#include "tests/support/child.h"

namespace repo {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

class SmtpFaultTest : public test::SmtpTest {};

TEST_F(SmtpFaultTest, NobodyListens) {
  SmtpServer settings;
  settings.host = "127.0.0.1";
  settings.port = test::closed_port();
  settings.waits = {milliseconds(0), milliseconds(0)};
  EXPECT_THAT(refusal(settings), AllOf(HasSubstr("127.0.0.1"), HasSubstr("tried 3 times")));
}

TEST_F(SmtpFaultTest, NoSuchHost) {
  SmtpServer settings;
  settings.host = "no-such-host.invalid";
  settings.waits = {milliseconds(0)};
  EXPECT_THAT(refusal(settings),
              AllOf(HasSubstr("no-such-host.invalid"), HasSubstr("tried 2 times")));
}

TEST_F(SmtpFaultTest, OneThatSaysNothingIsLeftAtTheTimeout) {
  SmtpServer settings = start_plain({"--hang", "connect"});
  settings.timeout = milliseconds(300);
  EXPECT_THAT(refusal(settings), AllOf(HasSubstr("time"), HasSubstr("tried 3 times")));
}

TEST_F(SmtpFaultTest, OneThatHangsInTheMailIsLeftAtTheTimeout) {
  SmtpServer settings = start_plain({"--hang", "data"});
  settings.timeout = milliseconds(500);
  EXPECT_THAT(refusal(settings), AllOf(HasSubstr("354"), HasSubstr("tried 3 times")));
  EXPECT_EQ(commands("DATA"), 3);
}

TEST_F(SmtpFaultTest, OneThatBreaksOffInTheMailIsTriedAgain) {
  const SmtpServer settings = start_plain({"--cut", "data", "--cut-times", "2"});
  const Delivery delivery = send(settings);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(received(), 1);
  EXPECT_EQ(commands("DATA"), 3);
}

TEST_F(SmtpFaultTest, OneThatAlwaysBreaksOffIsAnError) {
  EXPECT_THAT(refusal(start_plain({"--cut", "data"})), HasSubstr("tried 3 times"));
}

TEST_F(SmtpFaultTest, OneThatBreaksOffAtOnceIsAnError) {
  EXPECT_THAT(refusal(start_plain({"--cut", "connect"})), HasSubstr("tried 3 times"));
}

TEST_F(SmtpFaultTest, AFarewellThatDoesNotComeMattersNot) {
  SmtpServer settings = start_plain({"--hang", "quit"});
  settings.timeout = milliseconds(2000);
  const Delivery delivery = send(settings);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(*delivery, "127.0.0.1 accepted it: 250 2.0.0 queued as 1");
  EXPECT_EQ(received(), 1) << "it was sent again";
}

TEST_F(SmtpFaultTest, AStopEndsIt) {
  SmtpServer settings = start_plain({"--hang", "connect"});
  settings.timeout = std::chrono::hours(1);
  settings.connect_timeout = std::chrono::hours(1);
  test::in_child([&] {
    install_stop_signals();
    const std::string kill_us = "kill -TERM " + std::to_string(getpid());
    const test::Background killer({"/bin/bash", "-c", kill_us});
    EXPECT_THAT(refusal(settings), HasSubstr("stopped"));
  });
}

}  // namespace
}  // namespace repo

// Programs that stand where sendmail does: what they are given, and what comes of their ways to
// fail.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>

#include "base/stop_signal.h"
#include "reporter/sendmail.h"
#include "tests/support/background.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;

class SendmailTest : public testing::Test {
 protected:
  // A program of that text in bash, in a folder whose name a shell would take apart.
  Sendmail program(const std::string& script, seconds deadline = seconds(60)) {
    const std::string path = tree_ / "a b;$(c)/sendmail";
    test::write_file(path, "#!/bin/bash\n" + script + "\n");
    EXPECT_EQ(chmod(path.c_str(), 0755), 0);
    return {path, deadline};
  }
  std::string refusal(const Sendmail& sendmail) {
    const Delivery delivery = send_by_sendmail(sendmail, "To: root\n\nx\n");
    return delivery ? "it was taken" : describe(delivery.error());
  }
  test::TempDir tree_;
};

TEST_F(SendmailTest, TheMessageArrivesOnStandardInput) {
  const std::string message = "To: root\n\n.\n" + std::string(1'000'000, 'x') + '\0' + "\n";
  const Sendmail sendmail =
      program("printf '%s|' \"$@\" >" + (tree_ / "arguments") + "; cat >" + (tree_ / "mail"));
  const Delivery delivery = send_by_sendmail(sendmail, message);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(*delivery, "handed to " + sendmail.path);
  EXPECT_EQ(test::read_file(tree_ / "arguments"), "-t|-i|");
  EXPECT_EQ(test::read_file(tree_ / "mail"), message);
}

TEST_F(SendmailTest, AFailureIsToldWithItsLastWords) {
  EXPECT_THAT(refusal(program("cat >/dev/null; echo no such queue >&2; exit 75")),
              AllOf(HasSubstr("sendmail"), HasSubstr("75"), HasSubstr("no such queue")));
  EXPECT_THAT(refusal(program("kill -SEGV $$")), HasSubstr("signal 11"));
  // What it says is printed for people.
  EXPECT_THAT(refusal(program("printf '\\033[2J' >&2; exit 1")), HasSubstr("\\x1b[2J"));
}

TEST_F(SendmailTest, OneThatReadsNothingIsJudgedByItsStatus) {
  EXPECT_EQ(refusal(program("exit 0")), "it was taken");
  EXPECT_THAT(refusal(program("exec <&-; exit 1")), HasSubstr("exit status 1"));
}

TEST_F(SendmailTest, NoSuchProgramSaysWhatToDo) {
  EXPECT_THAT(refusal({"/usr/sbin/no-such-sendmail", seconds(60)}),
              AllOf(HasSubstr("/usr/sbin/no-such-sendmail"), HasSubstr("install")));
  test::write_file(tree_ / "text", "x");
  EXPECT_THAT(refusal({tree_ / "text", seconds(60)}), HasSubstr("Permission denied"));
}

TEST_F(SendmailTest, OneThatHangsIsKilledWithWhatItStarted) {
  const std::string fifo = tree_ / "alive";
  test::EndOfWriters writers(fifo);
  const Sendmail sendmail =
      program("exec 9>" + fifo + "; echo >&9; tail -f /dev/null & tail -f /dev/null", seconds(1));
  EXPECT_THAT(refusal(sendmail), HasSubstr("not done after 1 s"));
  EXPECT_TRUE(writers.wait_for_byte()) << "it was never there";
  EXPECT_TRUE(writers.wait_until_gone());
}

TEST_F(SendmailTest, AStopEndsIt) {
  const Sendmail sendmail = program("kill -TERM $PPID; tail -f /dev/null", seconds(1000));
  test::in_child([&] {
    install_stop_signals();
    EXPECT_THAT(refusal(sendmail), HasSubstr("stopped"));
  });
}

}  // namespace
}  // namespace repo

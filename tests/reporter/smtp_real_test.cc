// Mail to a real server that takes it, refuses it or says "later".
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes_path.h"
#include "reporter/smtp.h"
#include "tests/reporter/smtp_fixture.h"

namespace repo {
namespace {

using test::SmtpTest;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST_F(SmtpTest, AMailArrivesByteForByteAndTheServersWordsAreTold) {
  const SmtpServer settings = start(with_tls("starttls"));
  const Delivery delivery = send(settings);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(*delivery, "127.0.0.1 accepted it: 250 2.0.0 queued as 1");
  EXPECT_EQ(got("1.eml"), message());
  EXPECT_EQ(got("receivers"), "1 a@x.test\n");
}

TEST_F(SmtpTest, LinesThatBeginWithDotsArrive) {
  const SmtpServer settings = start_plain({});
  const std::string raw = "Subject: x\r\n\r\n.\r\n..\r\n.x\r\n.\r\n";
  ASSERT_TRUE(send_by_smtp(settings, "b@x.test", {"a@x.test"}, raw));
  EXPECT_EQ(got("1.eml"), raw);
}

TEST_F(SmtpTest, TlsFromTheFirstByte) {
  SmtpServer settings = start(with_tls("implicit"));
  settings.tls = MailTls::kImplicit;
  const Delivery delivery = send(settings);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(received(), 1);
}

TEST_F(SmtpTest, ALoginIsMadeInsideOfTls) {
  SmtpServer settings = start(with_tls("starttls", {"--login", "me:geheim"}));
  settings.user = "me";
  settings.password = "geheim";
  const Delivery delivery = send(settings);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(received(), 1);
  const std::string all = got("commands");
  EXPECT_LT(all.find("STARTTLS"), all.find("AUTH"));
}

TEST_F(SmtpTest, ARefusedLoginIsFinalAndDoesNotTellThePassword) {
  SmtpServer settings = start(with_tls("starttls", {"--login", "me:other"}));
  settings.user = "me";
  settings.password = "geheim";
  const std::string words = refusal(settings);
  EXPECT_THAT(words, AllOf(HasSubstr("login of me"), HasSubstr("535"), Not(HasSubstr("geheim"))));
  EXPECT_EQ(commands("AUTH"), 1);
}

TEST_F(SmtpTest, AServerThatRepeatsThePasswordIsNotRepeated) {
  SmtpServer settings = start(with_tls("starttls", {"--echo-refusal"}));
  settings.user = "me";
  settings.password = "geheim";
  const std::string words = refusal(settings);
  EXPECT_THAT(words, AllOf(HasSubstr("535"), HasSubstr("***"), Not(HasSubstr("geheim"))));
  EXPECT_THAT(words, Not(HasSubstr(base64_encode(std::string("\0me\0geheim", 10)))));
}

TEST_F(SmtpTest, WithoutTheLoginThatIsNeededNothingIsTaken) {
  const SmtpServer settings = start(with_tls("starttls", {"--login", "me:geheim"}));
  EXPECT_THAT(refusal(settings), HasSubstr("530"));
}

TEST_F(SmtpTest, WithoutStartTlsNothingIsSent) {
  SmtpServer settings = start({"--login", "me:geheim"});
  settings.user = "me";
  settings.password = "geheim";
  EXPECT_THAT(refusal(settings), HasSubstr("no STARTTLS"));
  EXPECT_EQ(commands("AUTH") + commands("MAIL") + commands("DATA"), 0) << got("commands");
  EXPECT_EQ(commands("EHLO"), 1) << "it was tried again: " << got("commands");
}

TEST_F(SmtpTest, ACertificateOfAnotherNameIsRefused) {
  const SmtpServer settings = start(with_tls("starttls", {}, "other.pem"));
  EXPECT_THAT(refusal(settings), HasSubstr("certificate is not trusted"));
  EXPECT_EQ(commands("MAIL"), 0);
  EXPECT_EQ(commands("STARTTLS"), 1) << "it was tried again";
}

TEST_F(SmtpTest, ACertificateOfAnUnknownAuthorityIsRefused) {
  SmtpServer settings = start(with_tls("starttls"));
  settings.ca_file.clear();
  EXPECT_THAT(refusal(settings), HasSubstr("certificate is not trusted"));
  settings.ca_file = "/nonexistent/ca.pem";
  EXPECT_THAT(refusal(settings), HasSubstr("127.0.0.1"));
}

TEST_F(SmtpTest, ALoginInClearIsRefusedButForThisMachine) {
  SmtpServer settings = start_plain({"--login", "me:geheim"});
  settings.user = "me";
  settings.password = "geheim";
  EXPECT_TRUE(send(settings));
  for (const std::string host : {"mail.invalid", "127.mail.invalid", "localhost.invalid"}) {
    settings.host = host;
    const Delivery delivery = send(settings);
    ASSERT_FALSE(delivery);
    EXPECT_THAT(describe(delivery.error()), AllOf(HasSubstr("use TLS"), Not(HasSubstr("geheim"))));
  }
}

TEST_F(SmtpTest, ARefusedReceiverIsFinal) {
  const SmtpServer settings = start_plain({"--refuse", "a@x.test"});
  EXPECT_THAT(refusal(settings), HasSubstr("550 5.1.1 no such user here"));
  EXPECT_EQ(commands("RCPT"), 1);
}

TEST_F(SmtpTest, OneRefusedReceiverDoesNotKeepItFromTheOthers) {
  const SmtpServer settings = start_plain({"--refuse", "b@x.test"});
  const Delivery delivery = send(settings, {"a@x.test", "b@x.test", "c@x.test"});
  ASSERT_FALSE(delivery);
  EXPECT_THAT(describe(delivery.error()), AllOf(HasSubstr("not for b@x.test"), HasSubstr("550"),
                                                HasSubstr("accepted for a@x.test, c@x.test")));
  EXPECT_EQ(got("receivers"), "1 a@x.test\n2 c@x.test\n");
}

TEST_F(SmtpTest, AllReceiversGetOneMail) {
  const SmtpServer settings = start_plain({});
  ASSERT_TRUE(send(settings, {"a@x.test", "b@x.test"}));
  EXPECT_EQ(got("receivers"), "1 a@x.test\n1 b@x.test\n");
}

TEST_F(SmtpTest, AMailRefusedForWhatIsInItIsFinal) {
  const SmtpServer settings = start_plain({"--reject-data"});
  EXPECT_THAT(refusal(settings), HasSubstr("554 5.7.1 this looks like spam"));
  EXPECT_EQ(commands("DATA"), 1);
}

TEST_F(SmtpTest, LaterIsTriedAgain) {
  const SmtpServer settings = start_plain({"--defer", "2"});
  const Delivery delivery = send(settings);
  ASSERT_TRUE(delivery) << describe(delivery.error());
  EXPECT_EQ(commands("RCPT"), 3);
  EXPECT_EQ(received(), 1);
}

TEST_F(SmtpTest, LaterForEverIsAnError) {
  const SmtpServer settings = start_plain({"--defer", "99"});
  EXPECT_THAT(refusal(settings), AllOf(HasSubstr("450 4.7.1"), HasSubstr("tried 3 times")));
  EXPECT_EQ(commands("RCPT"), 3);
}

TEST_F(SmtpTest, AddressesCannotCarryCommands) {
  const SmtpServer settings = start_plain({});
  EXPECT_THAT(refusal(settings, {"a@x.test>\r\nRSET"}), HasSubstr("no address"));
  EXPECT_THAT(refusal(settings, {}), HasSubstr("no receiver"));
  EXPECT_FALSE(send_by_smtp(settings, "b@x>\r\nX", {"a@x.test"}, "x"));
  EXPECT_EQ(got("commands"), "");
}

TEST(SmtpServerTest, OnlyNamesOfServersAreTaken) {
  SmtpServer settings;
  for (const std::string host : {"mail.example.org", "127.0.0.1", "::1", "h-1", "2001:db8::1"}) {
    settings.host = host;
    EXPECT_TRUE(check_smtp_server(settings)) << host;
  }
  for (const std::string host :
       {"", "-h", "h/x", "h:25", "a b", "h?x", "u@h", "h\n", "[::1]", "ä"}) {
    settings.host = host;
    EXPECT_FALSE(check_smtp_server(settings)) << host;
  }
}

}  // namespace
}  // namespace repo

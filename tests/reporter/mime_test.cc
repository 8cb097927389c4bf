// Mails as bytes: what holds for every mail, and which addresses there are.
#include "reporter/mime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::Not;

const MailHead kHead = {"backup@example.org",
                        {"admin@example.org", "root"},
                        *parse_rfc3339("2026-11-27T06:13:26Z"),
                        "20261127T061326Z-1",
                        "host.example.org"};

std::string message(const MailText& text, LineEnd line_end = LineEnd::kLf) {
  return mail_message(kHead, text, line_end);
}

std::string header(const std::string& mail) { return mail.substr(0, mail.find("\n\n") + 1); }

// What no content may change.
void expect_sound(const std::string& mail) {
  for (std::string_view rest = mail; !rest.empty();) {
    const std::string_view line = take_line(rest);
    EXPECT_LE(line.size(), 78U) << line;
    EXPECT_FALSE(line.starts_with('.')) << line;
    EXPECT_FALSE(line.starts_with("From ")) << line;
    EXPECT_FALSE(line.ends_with(' ')) << line;
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        << line;
  }
}

TEST(MimeTest, TheHeaderSaysWhoWhatAndWhen) {
  EXPECT_EQ(header(message({"OK host: all good", "t", "<p>h</p>"})),
            "From: backup@example.org\n"
            "To: admin@example.org,\n root\n"
            "Subject: OK host: all good\n"
            "Date: Fri, 27 Nov 2026 06:13:26 +0000\n"
            "Message-ID: <20261127T061326Z-1@host.example.org>\n"
            "MIME-Version: 1.0\n"
            "Auto-Submitted: auto-generated\n"
            "Content-Type: multipart/alternative;\n"
            " boundary=\"=_repo-report.20261127T061326Z-1\"\n");
}

TEST(MimeTest, BothLineEndsAreTheSameMail) {
  const MailText text = {"s", "one\r\ntwo\rthree\n", "<p>\n</p>"};
  std::string wire = message(text, LineEnd::kCrLf);
  EXPECT_EQ(std::count(wire.begin(), wire.end(), '\r'), std::count(wire.begin(), wire.end(), '\n'));
  for (std::size_t at = 0; (at = wire.find("\r\n", at)) != std::string::npos; ++at) {
    wire.erase(at, 1);
  }
  EXPECT_EQ(wire, message(text, LineEnd::kLf));
}

TEST(MimeTest, NoSubjectEndsTheHeader) {
  for (const std::string subject : {"a\nBcc: x@y", "a\r\n\r\nbody", "a\rBcc: x@y", "\n", "",
                                    "a\xE2\x80\xA8"
                                    "b",
                                    "=?UTF-8?B?QmNjOiB4?=", "\xff\xfe\n.\n"}) {
    const std::string mail = message({subject, "t", "h"});
    expect_sound(mail);
    const std::string head = header(mail);
    EXPECT_THAT(head, Not(HasSubstr("\nBcc"))) << head;
    EXPECT_THAT(head, HasSubstr("\nDate: ")) << head;
    EXPECT_THAT(head, Not(HasSubstr("QmNjOiB4?="))) << "an encoded word of somebody else";
  }
}

TEST(MimeTest, LongAndForeignTextsKeepTheRules) {
  const std::string every_byte = [] {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    return all;
  }();
  for (const std::string& text :
       {std::string(100'000, 'x'), std::string(100'000, '='), std::string(100'000, ' '),
        std::string(1000, '.'), std::string("From me\nFrom you\n.\n..\n. \n"), every_byte,
        std::string(75, 'x') + ".\n" + std::string(76, 'x') + "From y",
        std::string("--=_repo-report.20261127T061326Z-1--\n"), std::string()}) {
    expect_sound(message({text, text, text}));
  }
}

TEST(MimeTest, NoTextIsABoundary) {
  const std::string boundary = "--=_repo-report.20261127T061326Z-1";
  const std::string mail = message({"s", boundary + "\n" + boundary + "--\n", boundary});
  std::size_t count = 0;
  for (std::size_t at = 0; (at = mail.find(boundary, at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 3U);
}

TEST(MimeTest, TheMessageIdTakesNoOtherHeader) {
  MailHead head = kHead;
  head.id = "a>\nBcc: x@y";
  head.host = "h\n\nbody";
  const std::string mail = mail_message(head, {"s", "t", "h"}, LineEnd::kLf);
  EXPECT_THAT(mail, HasSubstr("<aBccxy@hbody>"));
  head.host = "\n";
  EXPECT_THAT(mail_message(head, {}, LineEnd::kLf), HasSubstr("@localhost>"));
}

TEST(MimeTest, DatesAreEnglishAndUtc) {
  EXPECT_EQ(rfc5322_date(*parse_rfc3339("2024-02-29T23:59:59Z")),
            "Thu, 29 Feb 2024 23:59:59 +0000");
  EXPECT_EQ(rfc5322_date(*parse_rfc3339("1970-01-01T00:00:00Z")),
            "Thu, 01 Jan 1970 00:00:00 +0000");
}

TEST(MailAddressTest, PlainOnesAreTaken) {
  for (const std::string address : {"a@b", "first.last+tag@mail.example.org", "root", "o'neil@x.de",
                                    "a_b-c=d@x-y.example", "www-data", "a@127.0.0.1"}) {
    EXPECT_TRUE(is_mail_address(address)) << address;
  }
}

TEST(MailAddressTest, WhatCouldBeSomethingElseIsNot) {
  for (const std::string address : {"",           "@",       "a@",
                                    "@b",         "a@b@c",   "a b@c",
                                    "a@b c",      "a@b\n",   "a@b\r\nBcc: c@d",
                                    "-a@b",       "-oQ/tmp", "a@b,c@d",
                                    "<a@b>",      "A <a@b>", "\"a b\"@c",
                                    "a@-b",       "a@b-",    "a@b..c",
                                    ".a@b",       "a.@b",    "a..b@c",
                                    "a@.b",       "a@b.",    "|cmd@x",
                                    "|cmd",       "/etc/x",  "/etc/x@y",
                                    ":include:x", "a!b",     "a%b@c",
                                    "ä@b",        "a@ä",     "a@[1.2.3.4]",
                                    "a@b>",       "$x",      "`x`",
                                    "a@b-.c",     "a@b;c"}) {
    EXPECT_FALSE(is_mail_address(address)) << address;
  }
  EXPECT_FALSE(is_mail_address(std::string("a\0@b", 4)));
  EXPECT_FALSE(is_mail_address(std::string(65, 'a') + "@b"));
  EXPECT_FALSE(is_mail_address("a@" + std::string(253, 'b')));
}

}  // namespace
}  // namespace repo

// A mail as bytes: RFC 5322 with a plain and an HTML part (RFC 2046 multipart/alternative), both
// in UTF-8 and quoted-printable. Pure.
//
// Whatever the texts hold, no line is longer than 78 bytes (but for long names of hosts), none
// begins with a dot or "From ", no header is ended by it, and all bytes are printable ASCII. What
// is not UTF-8, and a control character other than newline and tab, becomes U+FFFD in the texts and
// a blank in the subject.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace repo {

struct MailText {
  std::string subject;
  std::string text;
  std::string html;
};

struct MailHead {
  std::string from;             // is_mail_address()
  std::vector<std::string> to;  // at least one; is_mail_address()
  UtcTime date;
  std::string id;    // unique among the mails of this host
  std::string host;  // which the Message-ID names; bytes that may not stand there are left out
};

enum class LineEnd {
  kLf,    // for sendmail
  kCrLf,  // for SMTP
};

std::string mail_message(const MailHead& head, const MailText& text, LineEnd line_end);

// Fri, 27 Nov 2026 06:13:26 +0000, whatever the locale.
std::string rfc5322_date(UtcTime time);

// One address of the plain kind, "name@example.org" or the name of a local user: nothing that
// could be an option, a second address, another header, or a program or file to mail to.
bool is_mail_address(std::string_view text);

}  // namespace repo

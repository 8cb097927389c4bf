// Mail by SMTP (RFC 5321), to a server that takes it on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reporter/delivery.h"
#include "reporter/retry.h"

namespace repo {

enum class MailTls {
  kStartTls,  // a server that does not offer it is sent nothing
  kImplicit,  // from the first byte
  kNone,      // in clear: no login then, but for a server on this machine
};

struct SmtpServer {
  std::string host;
  std::uint16_t port = 587;
  MailTls tls = MailTls::kStartTls;
  std::string user;  // empty: no login
  std::string password;
  std::string ca_file;  // whose certificates are trusted; empty: the system's
  std::chrono::milliseconds connect_timeout{10'000};  // up to the login
  std::chrono::milliseconds timeout{30'000};          // of one try, with the server's farewell
  Waits waits = kUsualWaits;
};

// Whether `server` can be used as it is: a name of a host, no login in clear. Nothing is sent.
Status check_smtp_server(const SmtpServer& server);

// Sends `message` (LineEnd::kCrLf) to all of `to`. What may pass is tried again: no connection, a
// timeout, a connection that broke, a 4xx reply; a 5xx reply, a refused login, a certificate that
// is not the host's are not. A try that broke after the whole message was sent may give it twice.
// Where the server refuses one of several receivers, each is tried alone once, so that the others
// have the mail; it is an error all the same, and says who has it and who has not.
// Success names the server's words of acceptance, an error its last words; never the password.
// Threads: blocks, for up to waits.size() + 1 timeouts and the waits; ends early on a stop.
Delivery send_by_smtp(const SmtpServer& server, const std::string& from,
                      const std::vector<std::string>& to, std::string_view message);

}  // namespace repo

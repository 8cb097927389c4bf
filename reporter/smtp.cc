#include "reporter/smtp.h"

#include <fmt/format.h>

#include "base/bytes_path.h"
#include "reporter/curl.h"
#include "reporter/mime.h"

namespace repo {
namespace {

constexpr long kTemporary = 400;  // replies from here on, RFC 5321, 4.2.1
constexpr long kPermanent = 500;

Error mail_error(const SmtpServer& server, std::string message) {
  return plain_error("mail by", server.host, std::move(message));
}

bool is_on_this_machine(const std::string& host) {
  const bool is_loopback = host.starts_with("127.") &&  // and no name, as 127.example.org
                           host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "::1" || is_loopback;
}

// Some servers repeat what they were sent.
std::string without_secret(std::string text, const SmtpServer& server) {
  if (server.password.empty()) return text;
  const std::string nul(1, '\0');
  for (const std::string& secret : {server.password, base64_encode(server.password),
                                    base64_encode(nul + server.user + nul + server.password)}) {
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += 3) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

struct SmtpTry {
  Attempt attempt;
  bool was_refused = false;  // by a reply, not by the lack of one
};

std::string what_failed(const SmtpServer& server, const CurlOutcome& outcome) {
  switch (outcome.code) {
    case CURLE_USE_SSL_FAILED:
      return "it offers no STARTTLS, so nothing was sent";
    case CURLE_PEER_FAILED_VERIFICATION:
      return "its certificate is not trusted, so nothing was sent: " + outcome.message;
    case CURLE_LOGIN_DENIED:
      return fmt::format("it refuses the login of {}: {}", printable(server.user), outcome.reply);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_ABORTED_BY_CALLBACK:
      return outcome.message;
    default:
      break;
  }
  if (outcome.code != CURLE_OPERATION_TIMEDOUT && outcome.status >= kTemporary) {
    return "it refuses the mail: " + outcome.reply;
  }
  if (outcome.reply.empty()) return outcome.message;
  return fmt::format("{} (its last reply: {})", outcome.message, outcome.reply);
}

SmtpTry try_once(const SmtpServer& server, const std::string& from,
                 const std::vector<std::string>& to, std::string_view message) {
  Result<CurlTransfer> transfer = CurlTransfer::create();
  if (!transfer) return {{transfer.error()}};
  transfer->set(CURLOPT_URL,
                fmt::format("{}://{}:{}", server.tls == MailTls::kImplicit ? "smtps" : "smtp",
                            server_in_url(server.host), server.port));
  transfer->set(CURLOPT_PROTOCOLS_STR, std::string("smtp,smtps"));
  transfer->set(CURLOPT_PROXY, std::string());  // whatever the environment says
  transfer->set(CURLOPT_USE_SSL,
                static_cast<long>(server.tls == MailTls::kNone ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  if (!server.ca_file.empty()) {
    transfer->set(CURLOPT_CAINFO, server.ca_file);
    transfer->set(CURLOPT_CAPATH, std::string("/nonexistent"));
  }
  if (!server.user.empty()) {
    transfer->set(CURLOPT_USERNAME, server.user);
    transfer->set(CURLOPT_PASSWORD, server.password);
  }
  transfer->set_timeouts(server.connect_timeout, server.timeout);
  transfer->set(CURLOPT_MAIL_FROM, '<' + from + '>');
  std::vector<std::string> receivers;
  for (const std::string& each : to) receivers.push_back('<' + each + '>');
  transfer->set_list(CURLOPT_MAIL_RCPT, receivers);
  transfer->set_upload(message);

  const CurlOutcome outcome = transfer->perform();
  if (outcome.code == CURLE_OK) {
    return {{without_secret(
        fmt::format("{} accepted it: {}", printable(server.host), outcome.reply), server)}};
  }
  const bool broke = outcome.code == CURLE_OPERATION_TIMEDOUT ||
                     outcome.code == CURLE_ABORTED_BY_CALLBACK || outcome.status < kTemporary;
  const bool passes = broke ? may_pass(outcome.code) : outcome.status < kPermanent;
  return {{mail_error(server, without_secret(what_failed(server, outcome), server)), passes},
          !broke && outcome.code == CURLE_SEND_ERROR};
}

// After a refusal of all together: the refused ones by name, the server's words about them.
Delivery send_to_each(const SmtpServer& server, const std::string& from,
                      const std::vector<std::string>& to, std::string_view message) {
  std::string refused;
  std::string accepted;
  for (const std::string& each : to) {
    const Delivery alone = try_once(server, from, {each}, message).attempt.delivery;
    std::string& list = alone ? accepted : refused;
    if (!list.empty()) list += alone ? ", " : "; ";
    list += alone ? each : fmt::format("not for {}: {}", each, alone.error().message);
  }
  if (refused.empty()) return fmt::format("{} accepted it, for each alone", server.host);
  return mail_error(server, refused + (accepted.empty() ? "" : "; accepted for " + accepted));
}

}  // namespace

Status check_smtp_server(const SmtpServer& server) {
  if (!is_server_name(server.host)) return mail_error(server, "that is no name of a server");
  if (server.port == 0) return mail_error(server, "port 0 is none");
  if (server.tls == MailTls::kNone && !server.user.empty() && !is_on_this_machine(server.host)) {
    return mail_error(server, "a login in clear would show the password: use TLS");
  }
  return {};
}

Delivery send_by_smtp(const SmtpServer& server, const std::string& from,
                      const std::vector<std::string>& to, std::string_view message) {
  if (const Status usable = check_smtp_server(server); !usable) return usable.error();
  if (to.empty()) return mail_error(server, "no receiver");
  if (!is_mail_address(from)) return mail_error(server, "no sender's address: " + printable(from));
  for (const std::string& each : to) {
    if (!is_mail_address(each)) return mail_error(server, "no address: " + printable(each));
  }
  bool was_refused = false;
  const Delivery together = try_again(server.waits, [&] {
    SmtpTry each = try_once(server, from, to, message);
    was_refused = each.was_refused;
    return std::move(each.attempt);
  });
  if (together || !was_refused || to.size() == 1) return together;
  return send_to_each(server, from, to, message);
}

}  // namespace repo

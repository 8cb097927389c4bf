#include "reporter/http_ping.h"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>

#include "base/bytes_path.h"
#include "reporter/curl.h"
#include "reporter/cut.h"

namespace repo {
namespace {

struct UrlParts {
  std::string_view scheme;
  std::string_view authority;  // user, host and port
  std::string_view path;
  std::string_view query;  // with its "?"
};

UrlParts split(std::string_view url) {
  UrlParts parts;
  const std::size_t colon = std::min(url.find("://"), url.size());
  parts.scheme = url.substr(0, colon);
  std::string_view rest = url.substr(std::min(colon + 3, url.size()));
  parts.authority = rest.substr(0, rest.find_first_of("/?#"));
  rest.remove_prefix(parts.authority.size());
  parts.path = rest.substr(0, rest.find('?'));
  parts.query = rest.substr(parts.path.size());
  return parts;
}

std::string_view host_of(const UrlParts& parts) {
  const std::size_t at = parts.authority.rfind('@');
  return at == std::string_view::npos ? parts.authority : parts.authority.substr(at + 1);
}

bool is_scheme(std::string_view scheme, std::string_view wanted) {
  return scheme.size() == wanted.size() &&
         strncasecmp(scheme.data(), wanted.data(), wanted.size()) == 0;
}

bool is_https(std::string_view url) { return is_scheme(split(url).scheme, "https"); }

Error ping_error(const PingTarget& target, std::string message) {
  return plain_error("ping", ping_host(target.url), std::move(message));
}

bool has_passed(long status) { return status >= 200 && status < 300; }

bool status_may_pass(long status) {
  constexpr long kTooManyRequests = 429;
  return status == kTooManyRequests || (status >= 500 && status < 600);
}

Attempt try_once(const PingTarget& target, const std::string& url, const std::string& body) {
  Result<CurlTransfer> transfer = CurlTransfer::create();
  if (!transfer) return {transfer.error()};
  transfer->set(CURLOPT_URL, url);
  const std::string next = is_https(url) ? "https" : "http,https";
  transfer->set(CURLOPT_PROTOCOLS_STR, std::string("http,https"));
  transfer->set(CURLOPT_REDIR_PROTOCOLS_STR, next);
  constexpr long kMostRedirects = 3;
  transfer->set(CURLOPT_FOLLOWLOCATION, 1L);
  transfer->set(CURLOPT_MAXREDIRS, kMostRedirects);
  transfer->set(CURLOPT_POSTREDIR, static_cast<long>(CURL_REDIR_POST_ALL));
  if (!target.ca_file.empty()) {
    transfer->set(CURLOPT_CAINFO, target.ca_file);
    transfer->set(CURLOPT_CAPATH, std::string("/nonexistent"));
  }
  transfer->set(CURLOPT_USERAGENT, std::string("repo-report"));
  transfer->set_list(CURLOPT_HTTPHEADER, {"Content-Type: text/plain; charset=utf-8", "Expect:"});
  transfer->set(CURLOPT_POST, 1L);
  transfer->set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  transfer->set(CURLOPT_COPYPOSTFIELDS, body);
  transfer->set_timeouts(target.timeout, target.timeout);

  const CurlOutcome outcome = transfer->perform();
  if (outcome.code != CURLE_OK) {
    // Not libcurl's own words, which may hold parts of the URL.
    const bool stopped = outcome.code == CURLE_ABORTED_BY_CALLBACK;
    return {ping_error(target, stopped ? "stopped" : curl_easy_strerror(outcome.code)),
            may_pass(outcome.code)};
  }
  if (!has_passed(outcome.status)) {
    return {ping_error(target, fmt::format("HTTP {}", outcome.status)),
            status_may_pass(outcome.status)};
  }
  return {fmt::format("{} answered: HTTP {}", ping_host(target.url), outcome.status)};
}

}  // namespace

std::string ping_exit_status(int status) { return fmt::format("/{}", status); }

bool is_ping_url(std::string_view url) {
  constexpr std::size_t kLongest = 2000;
  if (url.size() > kLongest) return false;
  for (const char c : url) {
    if (c <= ' ' || c > '~') return false;
    if (std::string_view("\"<>\\^`{|}#").find(c) != std::string_view::npos) return false;
  }
  const UrlParts parts = split(url);
  const std::string_view host = host_of(parts);
  return (is_scheme(parts.scheme, "http") || is_scheme(parts.scheme, "https")) && !host.empty() &&
         !host.starts_with(':') && !host.starts_with('-');
}

std::string ping_url(std::string_view url, std::string_view addition) {
  if (addition.empty()) return std::string(url);
  const UrlParts parts = split(url);
  std::string_view path = parts.path;
  while (path.ends_with('/')) path.remove_suffix(1);
  return fmt::format("{}://{}{}{}{}", parts.scheme, parts.authority, path, addition, parts.query);
}

std::string ping_host(std::string_view url) {
  const UrlParts parts = split(url);
  if (parts.authority.empty()) return "";  // what it is, is not known: perhaps the secret
  return fmt::format("{}://{}", parts.scheme, host_of(parts));
}

Delivery send_ping(const PingTarget& target, std::string_view addition, std::string_view body) {
  if (!is_ping_url(target.url)) {
    return ping_error(target, "the URL must begin with https:// or http:// and hold no blanks");
  }
  constexpr std::size_t kMostBytes = 100'000;
  const std::string valid = readable(body);
  const std::string sent(cut_at_character(valid, kMostBytes));
  const std::string url = ping_url(target.url, addition);
  return try_again(target.waits, [&] { return try_once(target, url, sent); });
}

}  // namespace repo

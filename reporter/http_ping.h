// A monitor outside that raises the alarm when it hears nothing: healthchecks.io's way, which
// others understand too. A request to a URL of its own for each check says how the run is doing.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "reporter/delivery.h"
#include "reporter/retry.h"

namespace repo {

struct PingTarget {
  std::string url;      // is_ping_url(); a secret: whoever has it can say that all is well
  std::string ca_file;  // whose certificates are trusted; empty: the system's
  std::chrono::milliseconds timeout{10'000};  // of one try
  Waits waits = kUsualWaits;
};

// What is added to the path of the URL.
inline constexpr std::string_view kPingStart = "/start";
inline constexpr std::string_view kPingSuccess;
inline constexpr std::string_view kPingFailure = "/fail";
inline constexpr std::string_view kPingLog = "/log";  // noted, and neither good nor bad
std::string ping_exit_status(int status);             // "/3"

// An http or https URL with a host, and nothing in it that a URL cannot hold (blanks, control
// characters, bytes that are not ASCII) or that is not sent ("#…"). Pure.
bool is_ping_url(std::string_view url);

// `url` with `addition` at the end of its path, before its query. Pure.
std::string ping_url(std::string_view url, std::string_view addition);

// The scheme and the host of `url`, for people: neither path nor user nor query. Pure.
std::string ping_host(std::string_view url);

// POSTs the first 100 kB of `body`, made valid UTF-8, by the proxy that the environment names.
// Redirects are followed three times, from https to https alone. What may pass is tried again: no
// connection, a timeout, 429 and 5xx; the monitor may count such a ping twice. Success is a status
// of 2xx: "https://hc.example.org answered: HTTP 200". Errors name ping_host() alone. Threads:
// blocks, for up to waits.size() + 1 timeouts and the waits; ends early on a stop.
Delivery send_ping(const PingTarget& target, std::string_view addition, std::string_view body);

}  // namespace repo

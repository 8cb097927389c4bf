// The channels that push: each renders the report and hands it over. What is printed (text, JSON,
// Nagios) is no channel.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "reporter/delivery.h"
#include "reporter/options.h"
#include "reporter/report.h"
#include "reporter/told.h"

namespace repo {

struct Channel {
  std::string name;   // one of kChannels
  std::string where;  // for people: a file, an address, a host; no secret
  std::string key;    // what is remembered of it goes by this: its name, and where exactly it leads
  bool shows_state = false;  // page, metrics: what stands there must not be a test
  When when = When::kAlways;
  // Hands it over, and says what is known of its arrival. Blocks for as long as the channel's
  // timeouts say. `changes` are what the feed shows.
  std::function<Delivery(const Report& report, const std::vector<StateChange>& changes)> tell;
  // Whether it could be used, as far as that can be told without telling anybody anything.
  std::function<Status()> check;
};

// In the order of kChannels: files come last, since their file system may hang.
std::vector<Channel> channels_of(const ReportOptions& options);

// Their keys.
std::set<std::string> keys_of(const ReportOptions& options);

// Tells the monitor that a run begins; nothing where none is configured.
Delivery ping_start(const ReportOptions& options);

}  // namespace repo

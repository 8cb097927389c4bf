// Telling: which channels are due, what came of each, and that a channel which fails is told
// through the others.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "reporter/channels.h"
#include "reporter/report.h"
#include "reporter/told.h"

namespace repo {

// Whether a channel is due. One that has not taken its last alert always is: it owes it. Pure.
bool is_due(const Channel& channel, const Report& report, const Told& told);

struct Telling {
  std::string channel;
  std::string where;
  std::string key;
  Delivery delivery;
};

// Tells through all channels that are due; `is_forced`: through all. Where one fails, the report
// gets a finding ("undelivered"), and those that took it, and those that were not due, are told
// again: so that somebody hears of it. At most two rounds.
std::vector<Telling> tell_all(const std::vector<Channel>& channels, Report& report,
                              const Told& told, const std::vector<StateChange>& changes,
                              bool is_forced);

// What the tellings make of the memory of the channels. Pure.
void remember(const std::vector<Telling>& tellings, const std::string& digest, UtcTime time,
              Told& told);

// Findings about alerts that a channel owes: those that are used now try it again, those that are
// `configured` (keys) are told about. Where none is configured, all that were tried within `recent`
// are; older ones are of nobody any more. Pure.
void add_owed(const Told& told, const std::vector<Channel>& channels,
              const std::set<std::string>& configured, std::chrono::seconds recent, Report& report);

}  // namespace repo

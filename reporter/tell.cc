#include "reporter/tell.h"

#include <algorithm>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "reporter/report_items.h"

namespace repo {
namespace {

std::string described(const Channel& channel, const Error& error) {
  return "the alert by " + channel.name + " to " + channel.where +
         " could not be delivered: cannot " + harmless(error);
}

const ChannelMemory* memory_of(const std::string& name, const Told& told) {
  const auto found = told.channels.find(name);
  return found == told.channels.end() ? nullptr : &found->second;
}

}  // namespace

bool is_due(const Channel& channel, const Report& report, const Told& told) {
  const ChannelMemory* memory = memory_of(channel.name, told);
  if (memory != nullptr && memory->failing_since) return true;
  switch (channel.when) {
    case When::kAlways:
      return true;
    case When::kSuccess:
      return report.is_good();
    case When::kFailure:
      return !report.is_good();
    case When::kChange:
      return memory == nullptr || memory->state != digest_of(state_of(report));
  }
  return true;
}

std::vector<Telling> tell_all(const std::vector<Channel>& channels, Report& report,
                              const Told& told, const std::vector<StateChange>& changes,
                              bool is_forced) {
  std::vector<Telling> tellings;
  std::vector<Finding> failures;
  for (const Channel& channel : channels) {
    if (!is_forced && !is_due(channel, report, told)) continue;
    Delivery delivery = channel.tell(report, changes);
    if (!delivery) {
      failures.push_back({Severity::kFailure, "undelivered " + channel.name,
                          described(channel, delivery.error()),
                          "mend it, then try: repo-report --self-test"});
    }
    tellings.push_back({channel.name, channel.where, std::move(delivery)});
  }
  if (failures.empty() || stop_requested() != 0) return tellings;
  report.findings.insert(report.findings.end(), failures.begin(), failures.end());
  sort_findings(report.findings);
  report.headline = failures.front().text + "; " + report.headline;
  for (const Channel& channel : channels) {
    const auto first = std::find_if(tellings.begin(), tellings.end(), [&](const Telling& telling) {
      return telling.channel == channel.name;
    });
    if (first != tellings.end() && !first->delivery) continue;
    Delivery again = channel.tell(report, changes);
    if (first == tellings.end()) {
      tellings.push_back({channel.name, channel.where, std::move(again)});
    } else {
      first->delivery = std::move(again);
    }
  }
  return tellings;
}

void remember(const std::vector<Telling>& tellings, const std::string& digest, UtcTime time,
              Told& told) {
  for (const Telling& telling : tellings) {
    ChannelMemory& memory = told.channels[telling.channel];
    if (telling.delivery) {
      memory = {digest, time, std::nullopt, ""};
    } else {
      if (!memory.failing_since) memory.failing_since = time;
      memory.error = harmless(telling.delivery.error());
    }
  }
}

void add_owed(const Told& told, const std::vector<Channel>& channels, Report& report) {
  for (const auto& [name, memory] : told.channels) {
    if (!memory.failing_since) continue;
    const bool is_used =
        std::any_of(channels.begin(), channels.end(),
                    [&, &known = name](const Channel& each) { return each.name == known; });
    const std::string text = "alerts by " + printable(name) + " were not delivered from " +
                             rfc3339(*memory.failing_since) + " on: cannot " +
                             harmless(memory.error);
    report.findings.push_back({is_used ? Severity::kNote : Severity::kFailure,
                               "owed " + printable(name), text,
                               is_used ? "" : "mend it, then try: repo-report --self-test"});
  }
  sort_findings(report.findings);
}

}  // namespace repo

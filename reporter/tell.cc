#include "reporter/tell.h"

#include <algorithm>
#include <exception>

#include "base/bytes_path.h"
#include "base/stop_signal.h"
#include "reporter/report_items.h"

namespace repo {
namespace {

std::string described(const Channel& channel, const Error& error) {
  return "the alert by " + channel.name + " to " + channel.where +
         " could not be delivered: cannot " + harmless(error);
}

const ChannelMemory* memory_of(const std::string& key, const Told& told) {
  const auto found = told.channels.find(key);
  return found == told.channels.end() ? nullptr : &found->second;
}

// What goes wrong in one channel must not keep the others from being told.
Delivery tell_one(const Channel& channel, const Report& report,
                  const std::vector<StateChange>& changes) {
  try {
    return channel.tell(report, changes);
  } catch (const std::exception& error) {
    return plain_error("tell", "", error.what());
  }
}

}  // namespace

bool is_due(const Channel& channel, const Report& report, const Told& told) {
  const ChannelMemory* memory = memory_of(channel.key, told);
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
    Delivery delivery = tell_one(channel, report, changes);
    if (!delivery) {
      failures.push_back({Severity::kFailure, std::string(kOwed) + " " + channel.name,
                          described(channel, delivery.error()),
                          "mend it, then try: repo-report --self-test"});
    }
    tellings.push_back({channel.name, channel.where, channel.key, std::move(delivery)});
  }
  if (failures.empty() || stop_requested() != 0) return tellings;
  report.findings.insert(report.findings.end(), failures.begin(), failures.end());
  sort_findings(report.findings);
  set_headline(report);
  for (const Channel& channel : channels) {
    const auto first = std::find_if(tellings.begin(), tellings.end(), [&](const Telling& telling) {
      return telling.key == channel.key;
    });
    if (first != tellings.end() && !first->delivery) continue;
    Delivery again = tell_one(channel, report, changes);
    if (first == tellings.end()) {
      tellings.push_back({channel.name, channel.where, channel.key, std::move(again)});
    } else {
      first->delivery = std::move(again);
    }
  }
  return tellings;
}

void remember(const std::vector<Telling>& tellings, const std::string& digest, UtcTime time,
              Told& told) {
  for (const Telling& telling : tellings) {
    if (!telling.delivery && stop_requested() != 0) continue;  // it had no chance
    ChannelMemory& memory = told.channels[telling.key];
    memory.where = telling.channel + " to " + telling.where;
    if (telling.delivery) {
      memory = {memory.where, digest, time, std::nullopt, std::nullopt, ""};
    } else {
      if (!memory.failing_since) memory.failing_since = time;
      memory.tried = time;
      memory.error = harmless(telling.delivery.error());
    }
  }
}

void add_owed(const Told& told, const std::vector<Channel>& channels,
              const std::set<std::string>& configured, std::chrono::seconds recent,
              Report& report) {
  for (const auto& [key, memory] : told.channels) {
    if (!memory.failing_since) continue;
    const bool is_used =
        std::any_of(channels.begin(), channels.end(),
                    [&, &known = key](const Channel& each) { return each.key == known; });
    const bool is_recent = memory.tried && report.time - *memory.tried <= recent;
    const bool matters = is_used || (configured.empty() ? is_recent : configured.contains(key));
    if (!matters) continue;
    const std::string text = "alerts by " + printable(memory.where) + " were not delivered from " +
                             rfc3339(*memory.failing_since) + " on: cannot " +
                             harmless(memory.error);
    Finding finding{is_used ? Severity::kNote : Severity::kFailure, std::string(kOwed) + " " + key,
                    text, is_used ? "" : "mend it, then try: repo-report --self-test"};
    // What it would have told meanwhile.
    for (const StateChange& change : told.changes) {
      if (change.time < *memory.failing_since) continue;
      finding.output +=
          rfc3339(change.time) + (change.is_over ? " over: " : " ") + change.text + "\n";
    }
    report.findings.push_back(std::move(finding));
  }
  sort_findings(report.findings);
  set_headline(report);
}

}  // namespace repo

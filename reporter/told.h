// What was told, and to whom: control/report/told.json. It makes "on change" possible, keeps the
// changes that the feed shows, and says which channel owes somebody an alert. Records are the
// truth; without this file more is told, never less.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace repo {

// State: what is not as it should be (state_of(), report.h), keyed by item and matter.
using State = std::map<std::string, std::string>;

struct StateChange {
  UtcTime time;
  std::string key;
  std::string text;
  bool is_over = false;  // it is no more
};

// Of one channel, by its key (channels.h): where it leads is part of that, so that an alert that
// reaches somebody else stands for nothing.
struct ChannelMemory {
  std::string where;  // for people: "mail to admin@example.org"
  std::string state;  // digest of the state that it was last told; empty: nothing yet
  std::optional<UtcTime> told;
  // Since when, and why, it has not taken an alert; empty after one that it took.
  std::optional<UtcTime> failing_since;
  std::optional<UtcTime> tried;  // the last time that it did not
  std::string error;
};

inline constexpr std::size_t kChangesKept = 200;

struct Told {
  std::optional<State> state;        // of the last report; nothing: there was none
  std::vector<StateChange> changes;  // from old to new, the newest kChangesKept
  std::map<std::string, ChannelMemory> channels;
};

// Without what is only to be known.
std::string digest_of(const State& state);

// What began and what is over between two states, the former first; of what is only to be known
// not that it is over. Pure.
std::vector<StateChange> changes_between(const State& before, const State& now, UtcTime time);

// Leaves the newest kChangesKept.
void keep_newest(std::vector<StateChange>& changes);

std::string write_told(const Told& told);
Result<Told> read_told(std::string_view text);

// `dir` is the dump root's path. Empty where there is none yet.
Result<Told> load_told(const std::string& dir);

// Reads, lets `change` have it, and writes, while no other process does: several may report at
// once, each to other channels. What cannot be read begins anew, and is told by the result; that of
// a newer version is left alone.
Status update_told(const std::string& dir, const std::function<void(Told&)>& change);

}  // namespace repo

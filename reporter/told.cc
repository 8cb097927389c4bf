#include "reporter/told.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/file_io.h"
#include "dumper/dump_root.h"
#include "reporter/report.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "repo-backup/told";
constexpr int kVersion = 1;
constexpr const char* kFolder = "report";
constexpr const char* kFile = "told.json";
constexpr const char* kOtherVersion = "understand";
constexpr std::size_t kLargest = std::size_t{64} << 20;

State state_from(const Json& object) {
  State state;
  for (const auto& [key, text] : object.items()) {
    if (text.is_string()) state[key] = text.get<std::string>();
  }
  return state;
}

ChannelMemory channel_from(const Json& object) {
  std::optional<UtcTime> failing_since = parse_rfc3339(text_at(object, "failing_since"));
  // Since when is not known then; it owes an alert all the same.
  if (object.contains("failing_since") && !failing_since) failing_since.emplace();
  return {text_at(object, "where"),
          text_at(object, "state"),
          parse_rfc3339(text_at(object, "told")),
          failing_since,
          parse_rfc3339(text_at(object, "tried")),
          text_at(object, "error")};
}

Result<UniqueFd> open_control(const std::string& dir) {
  UniqueFd control(open((dir + "/control").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!control) return system_error("open", dir + "/control", errno);
  return control;
}

Result<Told> load_from(int folder) {
  const Result<std::string> text = read_small_file(folder, kFile, kLargest);
  if (!text) {
    if (text.error().code == ENOENT) return Told();
    return system_error("read", kFile, text.error().code);
  }
  return read_told(*text);
}

}  // namespace

std::string digest_of(const State& state) {
  std::string keys;
  for (const auto& [key, text] : state) {
    if (!key.starts_with(kNoteKey)) keys += key + "\n";
  }
  return sha256_hex(keys);
}

std::vector<StateChange> changes_between(const State& before, const State& now, UtcTime time) {
  std::vector<StateChange> changes;
  for (const auto& [key, text] : now) {
    if (!before.contains(key)) changes.push_back({time, key, text, false});
  }
  for (const auto& [key, text] : before) {
    if (now.contains(key) || key.starts_with(kNoteKey)) continue;
    changes.push_back({time, key, text, true});
  }
  return changes;
}

void keep_newest(std::vector<StateChange>& changes) {
  if (changes.size() <= kChangesKept) return;
  changes.erase(changes.begin(), changes.end() - static_cast<std::ptrdiff_t>(kChangesKept));
}

std::string write_told(const Told& told) {
  Json document;
  document["format"] = kFormat;
  document["version"] = kVersion;
  if (told.state) {
    document["state"] = Json::object();
    for (const auto& [key, text] : *told.state) document["state"][readable(key)] = readable(text);
  }
  document["changes"] = Json::array();
  for (const StateChange& change : told.changes) {
    Json object = {{"time", rfc3339(change.time)},
                   {"key", readable(change.key)},
                   {"text", readable(change.text)}};
    if (change.is_over) object["over"] = true;
    document["changes"].push_back(std::move(object));
  }
  document["channels"] = Json::object();
  for (const auto& [name, memory] : told.channels) {
    Json& object = document["channels"][readable(name)] = Json::object();
    object["where"] = readable(memory.where);
    if (!memory.state.empty()) object["state"] = memory.state;
    if (memory.told) object["told"] = rfc3339(*memory.told);
    if (memory.failing_since) {
      object["failing_since"] = rfc3339(*memory.failing_since);
      object["tried"] = rfc3339(memory.tried.value_or(*memory.failing_since));
      object["error"] = readable(memory.error);
    }
  }
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Told> read_told(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || document.value("format", Json()) != kFormat) {
    return plain_error("read", kFile, "it is no record of what was told");
  }
  if (document.value("version", Json()) != kVersion) {
    return plain_error(kOtherVersion, kFile, "a newer repo-backup has written it");
  }
  Told told;
  if (const auto state = document.find("state"); state != document.end() && state->is_object()) {
    told.state = state_from(*state);
  }
  const Json changes = document.value("changes", Json::array());
  for (const Json& change : changes) {
    if (!change.is_object()) continue;
    const std::optional<UtcTime> time = parse_rfc3339(text_at(change, "time"));
    if (!time) continue;
    told.changes.push_back({*time, text_at(change, "key"), text_at(change, "text"),
                            change.value("over", Json()) == true});
  }
  const Json channels = document.value("channels", Json::object());
  for (const auto& [name, memory] : channels.items()) {
    if (memory.is_object()) told.channels[name] = channel_from(memory);
  }
  return told;
}

Result<Told> load_told(const std::string& dir) {
  const Result<UniqueFd> control = open_control(dir);
  if (!control) return control.error();
  const Result<UniqueFd> folder = open_beneath(control->get(), kFolder, O_RDONLY | O_DIRECTORY);
  if (!folder) return folder.error().code == ENOENT ? Result<Told>(Told()) : folder.error();
  return load_from(folder->get());
}

Status update_told(const std::string& dir, const std::function<void(Told&)>& change) {
  const Result<UniqueFd> control = open_control(dir);
  if (!control) return control.error();
  const Result<UniqueFd> folder = open_or_make(control->get(), kFolder);
  if (!folder) return folder.error();
  if (flock(folder->get(), LOCK_EX) != 0) return system_error("lock", kFolder, errno);
  Result<Told> told = load_from(folder->get());
  if (!told && told.error().op == kOtherVersion) return told.error();
  Told changed = told ? *told : Told();
  change(changed);
  keep_newest(changed.changes);
  Status put = replace_file_at(folder->get(), kFile, write_told(changed));
  if (!put) return put;
  return told ? Status() : Status(told.error());
}

}  // namespace repo

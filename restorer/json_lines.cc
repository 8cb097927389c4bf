#include "restorer/json_lines.h"

#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json item_of(const char* type, const std::string& id, const std::string& kind,
             const std::string& path) {
  Json object;
  object["message_type"] = type;
  object["id"] = readable(id);
  object["kind"] = readable(kind);
  if (!path.empty()) put_bytes(object, "path", path);
  return object;
}

// Left out where it is empty.
void put_list(Json& object, const char* key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  Json list = Json::array();
  for (const std::string& each : texts) list.push_back(readable(each));
  object[key] = std::move(list);
}

void put_numbers(Json& object, const RestoreSummary& summary) {
  for (const auto& [key, value] : {std::pair("good", summary.good),
                                   {"bad", summary.bad},
                                   {"left", summary.left},
                                   {"not_run", summary.not_run},
                                   {"waiting", summary.waiting},
                                   {"unproven", summary.unproven}}) {
    object[key] = value;
  }
  object["bytes"] = summary.bytes;
  object["seconds"] = summary.seconds;
  object["exit_status"] = summary.exit_status;
}

Json ledger_of_drills(const char* state, UtcTime time) {
  Json object;
  object["message_type"] = "drills";
  object["state"] = state;
  object["time"] = rfc3339(time);
  object["tool"] = "repo-restore " REPO_BACKUP_VERSION;
  return object;
}

}  // namespace

std::string copy_line(const CopiedItem& item) {
  Json object = item_of("copy", item.id, item.kind, item.path);
  Json generations = Json::array();
  for (const Generation& each : item.generations) {
    Json generation;
    generation["generation"] = readable(each.stamp);
    generation["place"] = readable(each.place);
    if (each.record) {
      generation["bytes"] = each.record->bytes;
      generation["fingerprint"] = detail_json(each.record->fingerprint);
      if (each.record->verified_whole) {
        generation["verified_whole"] = rfc3339(*each.record->verified_whole);
      }
      generation["notes"] = Json::array();
      for (const std::string& note : each.record->notes) {
        generation["notes"].push_back(readable(note));
      }
    } else {
      generation["error"] = readable(each.unreadable);
    }
    if (const std::string* bad = item.proof.why_bad(each.stamp)) {
      generation[item.proof.bad.contains(each.stamp) ? "damaged" : "unusable"] = readable(*bad);
    }
    generations.push_back(std::move(generation));
  }
  object["generations"] = std::move(generations);
  if (item.proof.passed) {
    object["proven"] = {{"time", rfc3339(item.proof.passed->time)},
                        {"generation", item.proof.passed->generation},
                        {"seconds", item.proof.passed->seconds},
                        {"restore_seconds", item.proof.passed->restore_seconds}};
  }
  if (item.proof.last) {
    object["last_drill"] = {{"time", rfc3339(item.proof.last->time)},
                            {"state", name_of(item.proof.last->state)}};
    if (!item.proof.last->error.empty()) {
      object["last_drill"]["error"] = readable(item.proof.last->error);
    }
  }
  if (item.proof.scrubbed) object["scrubbed"] = rfc3339(*item.proof.scrubbed);
  return line_of(object);
}

std::string restore_line(const RestoreResult& result) {
  Json object = item_of("restore", result.id, result.kind, result.path);
  object["generation"] = readable(result.generation);
  put_bytes(object, "target", result.target);
  object["status"] = result.is_in_the_way() ? "left" : result.error ? "failed" : "restored";
  object["seconds"] = result.seconds;
  object["bytes"] = result.bytes;
  if (!result.instead_of.empty()) object["instead_of"] = readable(result.instead_of);
  if (!result.doubt.empty()) object["doubt"] = readable(result.doubt);
  put_list(object, "not_set", result.not_set);
  put_list(object, "notes", result.notes);
  put_list(object, "missing", result.missing);
  if (result.error) object["error"] = readable(describe(*result.error));
  return line_of(object);
}

std::string scrub_line(const ScrubResult& result) {
  Json object = item_of("scrub", result.id, result.kind, result.path);
  object["generation"] = readable(result.generation);
  object["place"] = readable(result.place);
  object["status"] = result.error.empty() ? "whole" : result.is_damaged ? "damaged" : "not run";
  object["seconds"] = result.seconds;
  object["bytes"] = result.bytes;
  if (!result.error.empty()) object["error"] = readable(result.error);
  return line_of(object);
}

std::string summary_line(const RestoreSummary& summary) {
  Json object;
  object["message_type"] = "summary";
  object["command"] = summary.command;
  put_numbers(object, summary);
  return line_of(object);
}

std::string drills_began_line(UtcTime time, std::size_t owed) {
  Json object = ledger_of_drills("began", time);
  object["owed"] = owed;
  return line_of(object);
}

std::string drills_ended_line(UtcTime time, const RestoreSummary& summary) {
  Json object = ledger_of_drills("ended", time);
  put_numbers(object, summary);
  return line_of(object);
}

}  // namespace repo

#include "dumper/proof.h"

#include <fcntl.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "base/file_io.h"
#include "dumper/dump_root.h"
#include "dumper/last_lines.h"
#include "dumper/tree.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kFolder = "proofs";
constexpr const char* kFormat = "repo-backup/proof";
constexpr int kVersion = 1;
constexpr std::size_t kLimit = std::size_t{1} << 20;
constexpr std::size_t kMostLines = 50;  // of what a tool has printed

std::string place_of(const std::string& kind, const std::string& id) {
  return std::string(kFolder) + "/" + kind + "/" + id + ".json";
}

void put_result(Json& object, const DrillResult& result) {
  object["generation"] = result.generation;
  object["time"] = rfc3339(result.time);
  object["state"] = name_of(result.state);
  object["seconds"] = result.seconds;
  object["restore_seconds"] = result.restore_seconds;
  object["bytes"] = result.bytes;
  Json compared = Json::array();
  for (const std::string& each : result.compared) compared.push_back(readable(each));
  object["compared"] = std::move(compared);
  if (!result.error.empty()) object["error"] = readable(result.error);
  if (!result.tool_output.empty()) {
    Json lines = Json::array();
    for (const std::string& line : last_lines(result.tool_output, kMostLines)) {
      lines.push_back(readable(line));
    }
    object["tool_output"] = std::move(lines);
  }
  if (!result.whole_instead.empty()) object["whole_instead"] = result.whole_instead;
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

double number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::optional<DrillResult> read_result(const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_object()) return std::nullopt;
  DrillResult result;
  result.generation = text_at(*found, "generation");
  const std::optional<UtcTime> time = parse_rfc3339(text_at(*found, "time"));
  // Of a copy whose record could not be read no generation is known.
  const bool is_known = result.generation.empty() || parse_stamp(result.generation);
  if (!time || !is_known) return std::nullopt;
  result.time = *time;
  const std::string state = text_at(*found, "state");
  for (const DrillState each : {DrillState::kPassed, DrillState::kFailed, DrillState::kNotRun}) {
    if (state == name_of(each)) result.state = each;
  }
  result.seconds = number_at(*found, "seconds");
  result.restore_seconds = number_at(*found, "restore_seconds");
  const auto bytes = found->find("bytes");
  if (bytes != found->end() && bytes->is_number_unsigned()) {
    result.bytes = bytes->get<std::uint64_t>();
  }
  const auto compared = found->find("compared");
  if (compared != found->end()) {
    for (const Json& each : *compared) {
      if (each.is_string()) result.compared.push_back(each.get<std::string>());
    }
  }
  result.error = text_at(*found, "error");
  result.whole_instead = text_at(*found, "whole_instead");
  return result;
}

}  // namespace

const char* name_of(DrillState state) {
  switch (state) {
    case DrillState::kPassed:
      return "passed";
    case DrillState::kFailed:
      return "failed";
    case DrillState::kNotRun:
      return "not run";
  }
  return "";
}

std::string write_proof(const Proof& proof) {
  Json document;
  document["format"] = kFormat;
  document["version"] = kVersion;
  for (const auto& [key, result] : {std::pair("passed", &proof.passed), {"last", &proof.last}}) {
    if (*result) put_result(document[key], **result);
  }
  Json bad = Json::object();
  for (const auto& [generation, why] : proof.bad) bad[generation] = readable(why);
  document["bad"] = std::move(bad);
  if (proof.scrubbed) document["scrubbed"] = rfc3339(*proof.scrubbed);
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Proof read_proof(std::string_view text) {
  Proof proof;
  const Json document = Json::parse(text, nullptr, false);
  if (!document.is_object() || document.value("format", Json()) != kFormat ||
      document.value("version", Json()) != kVersion) {
    return proof;
  }
  proof.passed = read_result(document, "passed");
  if (proof.passed &&
      (proof.passed->state != DrillState::kPassed || proof.passed->generation.empty())) {
    proof.passed.reset();
  }
  proof.last = read_result(document, "last");
  const auto bad = document.find("bad");
  if (bad != document.end() && bad->is_object()) {
    for (const auto& [generation, why] : bad->items()) {
      if (why.is_string()) proof.bad[generation] = why.get<std::string>();
    }
  }
  proof.scrubbed = parse_rfc3339(text_at(document, "scrubbed"));
  return proof;
}

Proof load_proof(int control, const std::string& kind, const std::string& id) {
  if (control < 0) return {};
  const Result<std::string> text = read_small_file(control, place_of(kind, id), kLimit);
  return text ? read_proof(*text) : Proof();
}

Status save_proof(int control, const std::string& kind, const std::string& id, const Proof& proof) {
  const Result<UniqueFd> folder = make_folders(control, std::string(kFolder) + "/" + kind);
  if (!folder) return folder.error();
  return replace_file_at(folder->get(), id + ".json", write_proof(proof));
}

Status forget_proof(int control, const std::string& kind, const std::string& id) {
  const Result<UniqueFd> folder =
      open_beneath(control, std::string(kFolder) + "/" + kind, O_RDONLY | O_DIRECTORY);
  if (!folder) return folder.error().code == ENOENT ? Status() : Status(folder.error());
  return remove_tree(folder->get(), id + ".json");
}

std::string drill_line(const DrillResult& result) {
  Json object;
  object["message_type"] = "drill";
  object["id"] = readable(result.id);
  object["kind"] = readable(result.kind);
  put_bytes(object, "path", result.path);
  put_result(object, result);
  return object.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace repo

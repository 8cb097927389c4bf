#include "dumper/proof.h"

#include <fcntl.h>
#include <unistd.h>

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
constexpr std::size_t kMostLines = 50;  // of what a tool has printed, and of what was compared

std::string place_of(const std::string& kind, const std::string& id) {
  return std::string(kFolder) + "/" + kind + "/" + id + ".json";
}

// An owner decides what there is to say, but not how much of it is kept.
std::string shortened(const std::string& text) {
  constexpr std::size_t kLongest = 2000;
  return readable(std::string_view(text).substr(0, kLongest));
}

void put_result(Json& object, const DrillResult& result) {
  object["generation"] = result.generation;
  object["time"] = rfc3339(result.time);
  object["state"] = name_of(result.state);
  object["seconds"] = result.seconds;
  object["restore_seconds"] = result.restore_seconds;
  object["bytes"] = result.bytes;
  Json compared = Json::array();
  for (const std::string& each : result.compared) {
    if (compared.size() == kMostLines) break;
    compared.push_back(shortened(each));
  }
  object["compared"] = std::move(compared);
  if (!result.error.empty()) object["error"] = shortened(result.error);
  if (result.intact) object["intact"] = true;
  if (!result.tool_output.empty()) {
    Json lines = Json::array();
    for (const std::string& line : last_lines(result.tool_output, kMostLines)) {
      lines.push_back(shortened(line));
    }
    object["tool_output"] = std::move(lines);
  }
  if (!result.whole_instead.empty()) object["whole_instead"] = result.whole_instead;
}

double number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

std::optional<DrillResult> read_result(const Json& object) {
  DrillResult result;
  result.generation = text_at(object, "generation");
  const std::optional<UtcTime> time = parse_rfc3339(text_at(object, "time"));
  // Of a copy whose record could not be read no generation is known.
  const bool is_known = result.generation.empty() || parse_stamp(result.generation);
  if (!time || !is_known) return std::nullopt;
  result.time = *time;
  const std::string state = text_at(object, "state");
  for (const DrillState each : {DrillState::kPassed, DrillState::kFailed, DrillState::kNotRun}) {
    if (state == name_of(each)) result.state = each;
  }
  result.seconds = number_at(object, "seconds");
  result.restore_seconds = number_at(object, "restore_seconds");
  const auto bytes = object.find("bytes");
  if (bytes != object.end() && bytes->is_number_unsigned()) {
    result.bytes = bytes->get<std::uint64_t>();
  }
  const auto compared = object.find("compared");
  if (compared != object.end()) {
    for (const Json& each : *compared) {
      if (each.is_string()) result.compared.push_back(each.get<std::string>());
    }
  }
  result.error = text_at(object, "error");
  result.intact = object.value("intact", Json()) == true;
  const auto output = object.find("tool_output");
  if (output != object.end()) {
    for (const Json& each : *output) {
      if (each.is_string()) result.tool_output += each.get<std::string>() + "\n";
    }
  }
  result.whole_instead = text_at(object, "whole_instead");
  return result;
}

std::optional<DrillResult> read_result(const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || !found->is_object()) return std::nullopt;
  return read_result(*found);
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
  for (const auto& [key, marks] : {std::pair("bad", &proof.bad), {"unusable", &proof.unusable}}) {
    Json object = Json::object();
    for (const auto& [generation, why] : *marks) object[generation] = shortened(why);
    document[key] = std::move(object);
  }
  if (proof.scrubbed) document["scrubbed"] = rfc3339(*proof.scrubbed);
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<UtcTime> Proof::proven() const {
  if (!passed) return std::nullopt;
  if (last && last->state == DrillState::kFailed && last->time >= passed->time) return std::nullopt;
  for (const auto* marks : {&bad, &unusable}) {
    if (marks->lower_bound(passed->generation) != marks->end()) return std::nullopt;
  }
  return passed->time;
}

const std::string* Proof::why_bad(const std::string& generation) const {
  for (const auto* marks : {&bad, &unusable}) {
    const auto found = marks->find(generation);
    if (found != marks->end()) return &found->second;
  }
  return nullptr;
}

const std::string* Proof::why_bad_since(const std::string& oldest) const {
  const auto found = bad.lower_bound(oldest);  // stamps sort by time
  return found == bad.end() ? nullptr : &found->second;
}

Result<Proof> read_proof(std::string_view text) {
  Proof proof;
  const Json document = Json::parse(text, nullptr, false);
  const auto bad = document.find("bad");
  if (!document.is_object() || document.value("format", Json()) != kFormat ||
      document.value("version", Json()) != kVersion || bad == document.end() || !bad->is_object()) {
    return plain_error("read", "",
                       "it is no proof of this version: look at the copies (repo-restore --scrub), "
                       "then remove it");
  }
  proof.passed = read_result(document, "passed");
  if (proof.passed &&
      (proof.passed->state != DrillState::kPassed || proof.passed->generation.empty())) {
    proof.passed.reset();
  }
  proof.last = read_result(document, "last");
  for (const auto& [key, marks] : {std::pair("bad", &proof.bad), {"unusable", &proof.unusable}}) {
    const auto object = document.find(key);
    if (object == document.end() || !object->is_object()) continue;
    for (const auto& [generation, why] : object->items()) {
      if (why.is_string()) (*marks)[generation] = why.get<std::string>();
    }
  }
  proof.scrubbed = parse_rfc3339(text_at(document, "scrubbed"));
  return proof;
}

Result<Proof> load_proof(int control, const std::string& kind, const std::string& id) {
  if (control < 0) return Proof();
  const std::string place = place_of(kind, id);
  const Result<std::string> text = read_small_file(control, place, kLimit);
  if (!text) {
    if (text.error().code == ENOENT) return Proof();
    return system_error("read", place, text.error().code);
  }
  Result<Proof> proof = read_proof(*text);
  if (!proof) return plain_error("read", place, proof.error().message);
  return proof;
}

Status save_proof(int control, const std::string& kind, const std::string& id, const Proof& proof) {
  const Result<UniqueFd> proofs = open_or_make(control, kFolder);
  if (!proofs) return proofs.error();
  const Result<UniqueFd> folder = open_or_make(proofs->get(), kind);
  if (!folder) return folder.error();
  if (Status put = replace_file_at(folder->get(), id + ".json", write_proof(proof)); !put) {
    return put;
  }
  if (fsync(proofs->get()) != 0 || fsync(control) != 0) {
    return system_error("fsync", kFolder, errno);
  }
  return {};
}

Status forget_proof(int control, const std::string& kind, const std::string& id) {
  const Result<UniqueFd> folder =
      open_beneath(control, std::string(kFolder) + "/" + kind, O_RDONLY | O_DIRECTORY);
  if (!folder) return folder.error().code == ENOENT ? Status() : Status(folder.error());
  return remove_tree(folder->get(), id + ".json");
}

std::optional<DrillResult> read_drill_line(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  std::optional<DrillResult> result = read_result(object);
  if (!result) return std::nullopt;
  result->id = text_at(object, "id");
  result->kind = text_at(object, "kind");
  const std::string exact = text_at(object, "path_b64");
  result->path = exact.empty() ? text_at(object, "path")
                               : base64_decode(exact).value_or(text_at(object, "path"));
  return result;
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

#include "dumper/record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;

Json to_json(const std::vector<std::string>& lines) {
  Json array = Json::array();
  for (const std::string& line : lines) array.push_back(readable(line));
  return array;
}

// Milliseconds as people read them.
double milliseconds(double seconds) {
  constexpr double kPerSecond = 1000;
  return static_cast<double>(static_cast<std::int64_t>(seconds * kPerSecond * kPerSecond)) /
         kPerSecond;
}

Json to_json(const ItemResult& result) {
  Json object;
  object["message_type"] = "item";
  object["id"] = readable(result.id);
  object["kind"] = readable(result.kind);
  put_bytes(object, "path", result.path);
  object["status"] = name_of(result.status);
  object["seconds"] = result.seconds;
  object["bytes"] = result.bytes;
  if (!result.generation.empty()) object["generation"] = result.generation;
  if (!result.fingerprint.empty()) object["fingerprint"] = detail_json(result.fingerprint);
  if (result.lock_seconds) object["lock_ms"] = milliseconds(*result.lock_seconds);
  if (!result.notes.empty()) object["notes"] = to_json(result.notes);
  if (result.error) object["error"] = readable(describe(*result.error));
  return object;
}

Json to_json(const RunSummary& summary) {
  Json object;
  object["message_type"] = "summary";
  object["started"] = rfc3339(summary.started);
  object["finished"] = rfc3339(summary.finished);
  for (const ItemStatus status :
       {ItemStatus::kCopied, ItemStatus::kFailed, ItemStatus::kVanished, ItemStatus::kSkipped}) {
    const auto found = summary.counts.find(status);
    object[name_of(status)] = found == summary.counts.end() ? 0 : found->second;
  }
  object["bytes"] = summary.bytes;
  object["seconds"] = summary.seconds;
  object["scan_complete"] = summary.scan_complete;
  object["exit_status"] = summary.exit_status;
  return object;
}

}  // namespace

std::string write_item_record(const ItemRecord& record) {
  const Repository& source = record.source;
  Json document;
  document["format"] = "repo-backup/item";
  document["version"] = kVersion;
  document["tool"] = "repo-dump " REPO_BACKUP_VERSION;
  document["id"] = record.id;
  document["kind"] = source.kind;
  document["generation"] = record.generation;
  document["host"] = readable(record.host);
  Json origin;
  put_bytes(origin, "path", source.path);
  put_bytes(origin, "store", source.store);
  origin["device"] = source.device;
  origin["inode"] = source.inode;
  origin["uid"] = source.uid;
  origin["gid"] = source.gid;
  origin["mode"] = fmt::format("{:04o}", source.mode);
  document["source"] = std::move(origin);
  document["fingerprint"] = detail_json(record.fingerprint);
  document["verified"] = {{"whole", rfc3339(record.verified)},
                          {"by", record.tool},
                          {"version", readable(record.tool_version)}};
  if (record.lock_seconds) document["lock_ms"] = milliseconds(*record.lock_seconds);
  document["totals"] = {{"files", record.totals.files},
                        {"directories", record.totals.directories},
                        {"links", record.totals.links},
                        {"bytes", record.totals.bytes}};
  document["sha256"] = {{"SHA256SUMS", record.checksums_sha256}, {"owners", record.owners_sha256}};
  document["notes"] = to_json(record.notes);
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<GenerationSummary> read_item_record(std::string_view text) {
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  auto bad = [](const std::string& why) { return plain_error("read", "item.json", why); };
  if (!document.is_object()) return bad("not a JSON object");
  if (document.value("/format"_json_pointer, nlohmann::json()) != "repo-backup/item" ||
      document.value("/version"_json_pointer, nlohmann::json()) != kVersion) {
    return bad("of another format or version");
  }
  const nlohmann::json generation = document.value("/generation"_json_pointer, nlohmann::json());
  const nlohmann::json bytes = document.value("/totals/bytes"_json_pointer, nlohmann::json());
  if (!generation.is_string() || !parse_stamp(generation.get<std::string>())) {
    return bad("generation: no time stamp");
  }
  if (!bytes.is_number_unsigned()) return bad("totals.bytes: no number");
  return GenerationSummary{generation.get<std::string>(), bytes.get<std::uint64_t>()};
}

const char* name_of(ItemStatus status) {
  switch (status) {
    case ItemStatus::kCopied:
      return "copied";
    case ItemStatus::kFailed:
      return "failed";
    case ItemStatus::kVanished:
      return "vanished";
    case ItemStatus::kSkipped:
      return "skipped";
  }
  return "";
}

std::string result_line(const ItemResult& result) { return to_json(result).dump() + "\n"; }

std::string summary_line(const RunSummary& summary) { return to_json(summary).dump() + "\n"; }

std::string write_run_record(const RunRecord& record) {
  Json document;
  document["format"] = "repo-backup/run";
  document["version"] = kVersion;
  document["tool"] = record.tool;
  document["host"] = readable(record.host);
  document["pid"] = record.pid;
  document["started"] = rfc3339(record.started);
  document["state"] = record.summary ? "ended" : "running";
  if (record.summary) document["summary"] = to_json(*record.summary);
  Json items = Json::array();
  if (record.results) {
    for (const ItemResult& result : *record.results) items.push_back(to_json(result));
  }
  document["items"] = std::move(items);
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace repo

#include "dumper/record.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "dumper/last_lines.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr std::size_t kMostLines = 50;  // of what a tool has printed
// The last key of a record: the digest of all that stands before it.
constexpr std::string_view kOwnDigest = ",\n \"record_sha256\": \"";

// False where a record has a digest of itself that is not that of its text, or had one: it came
// into records together with that of the links.
bool is_as_written(std::string_view text, const Json& document) {
  const std::size_t at = text.rfind(kOwnDigest);
  if (at == std::string_view::npos) {
    return !document.contains("record_sha256") &&
           !document.contains(Json::json_pointer("/sha256/links"));
  }
  std::string end(kOwnDigest);
  end += sha256_hex(text.substr(0, at)) + "\"\n}\n";
  return text.substr(at) == end;
}

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
  if (result.status == ItemStatus::kCopied) object["bytes_written"] = result.bytes_written;
  if (result.bytes_needed) object["bytes_needed"] = *result.bytes_needed;
  if (!result.generation.empty()) object["generation"] = result.generation;
  if (!result.fingerprint.empty()) object["fingerprint"] = detail_json(result.fingerprint);
  if (result.lock_seconds) object["lock_ms"] = milliseconds(*result.lock_seconds);
  if (!result.listed_by.empty()) object["listed_by"] = readable(result.listed_by);
  if (!result.notes.empty()) object["notes"] = to_json(result.notes);
  if (result.is_alarming) object["alarming"] = true;
  if (result.error) object["error"] = readable(describe(*result.error));
  if (result.error && !result.error->output.empty()) {
    object["tool_output"] = to_json(last_lines(result.error->output, kMostLines));
  }
  return object;
}

Json to_json(const GoneCopy& gone) {
  Json object;
  object["message_type"] = "gone";
  object["id"] = readable(gone.id);
  object["kind"] = readable(gone.kind);
  put_bytes(object, "path", gone.path);
  object["bytes"] = gone.bytes;
  object["generation"] = gone.generation;
  if (gone.still_there) object["still_there"] = true;
  if (gone.forgotten) object["forgotten"] = true;
  return object;
}

Json ledger_entry(const std::string& run, const char* state, UtcTime time) {
  Json object;
  object["message_type"] = "run";
  object["run"] = run;
  object["state"] = state;
  object["time"] = rfc3339(time);
  return object;
}

Json to_json(const RunSummary& summary) {
  Json object;
  object["message_type"] = "summary";
  object["started"] = rfc3339(summary.started);
  object["finished"] = rfc3339(summary.finished);
  for (const ItemStatus status : {ItemStatus::kCopied, ItemStatus::kUnchanged, ItemStatus::kFailed,
                                  ItemStatus::kVanished, ItemStatus::kSkipped}) {
    object[name_of(status)] = summary.count(status);
  }
  object["listed"] = summary.listed;
  object["gone"] = summary.gone;
  object["bytes"] = summary.bytes;
  object["bytes_written"] = summary.bytes_written;
  if (summary.bytes_needed) object["bytes_needed"] = *summary.bytes_needed;
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
  Json verified = Json::object();
  if (record.verified_whole) verified["whole"] = rfc3339(*record.verified_whole);
  if (record.verified_new) verified["new"] = rfc3339(*record.verified_new);
  verified["by"] = record.tool;
  verified["version"] = readable(record.tool_version);
  document["verified"] = std::move(verified);
  document["copied_whole"] = rfc3339(record.copied_whole);
  if (record.lock_seconds) document["lock_ms"] = milliseconds(*record.lock_seconds);
  document["totals"] = {{"files", record.totals.files},
                        {"directories", record.totals.directories},
                        {"links", record.totals.links},
                        {"bytes", record.totals.bytes},
                        {"shared", record.totals.shared}};
  document["sha256"] = {{"SHA256SUMS", record.checksums_sha256},
                        {"owners", record.owners_sha256},
                        {"links", record.links_sha256}};
  document["looks"] = {
      {"source", record.source_look.is_settled() ? record.source_look.digest : std::string()},
      {"copy", record.copy_look.digest}};
  if (!record.frozen.empty()) document["frozen"] = to_json(record.frozen);
  if (!record.missing.empty()) document["missing"] = to_json(record.missing);
  document["notes"] = to_json(record.notes);
  std::string text = document.dump(1, ' ', false, Json::error_handler_t::replace);
  constexpr std::size_t kEnd = 2;  // newline and brace
  text.resize(text.size() - kEnd);
  return text + std::string(kOwnDigest) + sha256_hex(text) + "\"\n}\n";
}

Result<GenerationSummary> read_item_record(std::string_view text) {
  const Json document = Json::parse(text, nullptr, false);
  auto bad = [](const std::string& why) { return plain_error("read", "item.json", why); };
  if (!document.is_object()) return bad("not a JSON object");
  auto at = [&](const char* pointer) {
    const Json::json_pointer where(pointer);
    return document.contains(where) ? document.at(where) : Json();
  };
  if (at("/format") != "repo-backup/item" || at("/version") != kVersion) {
    return bad("of another format or version");
  }
  const Json generation = at("/generation");
  const Json bytes = at("/totals/bytes");
  if (!generation.is_string() || !parse_stamp(generation.get<std::string>())) {
    return bad("generation: no time stamp");
  }
  if (!bytes.is_number_unsigned()) return bad("totals.bytes: no number");
  auto string_at = [&](const char* pointer) {
    const Json value = at(pointer);
    return value.is_string() ? value.get<std::string>() : std::string();
  };
  GenerationSummary summary;
  auto bytes_at = [&](const std::string& pointer) {
    const std::string exact = string_at((pointer + "_b64").c_str());
    return exact.empty() ? string_at(pointer.c_str())
                         : base64_decode(exact).value_or(std::string());
  };
  summary.path = bytes_at("/source/path");
  summary.store = bytes_at("/source/store");
  summary.generation = generation.get<std::string>();
  summary.bytes = bytes.get<std::uint64_t>();
  auto number_at = [&](const char* pointer) {
    const Json value = at(pointer);
    return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
  };
  summary.is_intact = is_as_written(text, document);
  summary.id = string_at("/id");
  summary.kind = string_at("/kind");
  summary.uid = static_cast<std::uint32_t>(number_at("/source/uid"));
  summary.gid = static_cast<std::uint32_t>(number_at("/source/gid"));
  summary.host = string_at("/host");
  summary.totals = {number_at("/totals/files"), number_at("/totals/directories"),
                    number_at("/totals/links"), summary.bytes, number_at("/totals/shared")};
  summary.shared = summary.totals.shared;
  summary.fingerprint = read_detail(at("/fingerprint"));
  summary.verified_whole = parse_rfc3339(string_at("/verified/whole"));
  summary.copied_whole = parse_rfc3339(string_at("/copied_whole"));
  summary.source_look = string_at("/looks/source");
  summary.copy_look = string_at("/looks/copy");
  summary.checksums_sha256 = string_at("/sha256/SHA256SUMS");
  summary.owners_sha256 = string_at("/sha256/owners");
  summary.links_sha256 = string_at("/sha256/links");
  auto strings_at = [&](const char* pointer) {
    std::vector<std::string> strings;
    for (const Json& each : at(pointer)) {
      if (each.is_string()) strings.push_back(each.get<std::string>());
    }
    return strings;
  };
  summary.frozen = strings_at("/frozen");
  summary.missing = strings_at("/missing");
  summary.notes = strings_at("/notes");
  return summary;
}

const char* name_of(ItemStatus status) {
  switch (status) {
    case ItemStatus::kCopied:
      return "copied";
    case ItemStatus::kUnchanged:
      return "unchanged";
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

std::string gone_line(const GoneCopy& gone) { return to_json(gone).dump() + "\n"; }

std::string summary_line(const RunSummary& summary) { return to_json(summary).dump() + "\n"; }

std::string write_run_record(const RunRecord& record) {
  Json document;
  document["format"] = "repo-backup/run";
  document["version"] = kVersion;
  document["tool"] = record.tool;
  document["host"] = readable(record.host);
  document["pid"] = record.pid;
  document["started"] = rfc3339(record.started);
  document["manifest"] = {{"sha256", record.manifest_sha256}};
  if (record.scanned) document["manifest"]["finished"] = rfc3339(*record.scanned);
  document["state"] = record.summary ? "ended" : "running";
  if (record.summary) document["summary"] = to_json(*record.summary);
  Json items = Json::array();
  if (record.results) {
    for (const ItemResult& result : *record.results) items.push_back(to_json(result));
  }
  document["items"] = std::move(items);
  Json gone = Json::array();
  if (record.gone) {
    for (const GoneCopy& each : *record.gone) gone.push_back(to_json(each));
  }
  document["gone"] = std::move(gone);
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<std::string> died(std::string_view run_record,
                                const std::vector<std::string>& item_lines) {
  Json document = Json::parse(run_record, nullptr, false);
  if (!document.is_object() || document.value("state", Json()) != "running") return std::nullopt;
  document["state"] = "died";
  Json items = Json::array();
  for (const std::string& line : item_lines) {
    Json item = Json::parse(line, nullptr, false);
    if (item.is_object()) items.push_back(std::move(item));
  }
  document["items"] = std::move(items);
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ledger_line_began(const std::string& run, const RunRecord& record, std::size_t owed) {
  Json object = ledger_entry(run, "began", record.started);
  object["tool"] = record.tool;
  object["owed"] = owed;
  return object.dump() + "\n";
}

std::string ledger_line_ended(const std::string& run, const RunRecord& record) {
  const RunSummary summary = record.summary.value_or(RunSummary());
  Json object = ledger_entry(run, "ended", summary.finished);
  object["tool"] = record.tool;
  const Json numbers = to_json(summary);
  for (const auto& [key, value] : numbers.items()) {
    if (key != "message_type" && key != "started" && key != "finished") object[key] = value;
  }
  return object.dump() + "\n";
}

std::string ledger_line_died(const std::string& run, UtcTime seen) {
  return ledger_entry(run, "died", seen).dump() + "\n";
}

}  // namespace repo

#include "reporter/report_json.h"

#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "reporter/tally.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

void put_time(Json& object, const char* key, const std::optional<UtcTime>& time) {
  if (time) object[key] = rfc3339(*time);
}

Json to_json(const std::vector<Finding>& findings) {
  Json array = Json::array();
  for (const Finding& finding : findings) {
    Json object = {
        {"severity", finding.severity == Severity::kNote ? "note" : key_of(finding.severity)},
        {"what", finding.what},
        {"text", readable(finding.text)}};
    if (!finding.todo.empty()) object["todo"] = readable(finding.todo);
    if (!finding.output.empty()) object["output"] = readable(finding.output);
    array.push_back(std::move(object));
  }
  return array;
}

Json to_json(const ItemState& item) {
  Json object;
  object["id"] = readable(item.id);
  object["kind"] = readable(item.kind);
  put_bytes(object, "path", item.path);
  if (!item.store.empty()) put_bytes(object, "store", item.store);
  const bool is_listed = is_only_listed(item);
  object["state"] = is_listed ? "listed" : key_of(item.severity());
  if (!item.listed_by.empty()) object["listed_by"] = readable(item.listed_by);
  if (item.is_gone) object["gone"] = true;
  put_time(object, "last_attempt", item.attempted);
  if (item.outcome) object["last_outcome"] = name_of(*item.outcome);
  put_time(object, "last_success", item.succeeded);
  put_time(object, "last_restore_proof", item.proven);
  if (!item.generation.empty()) object["generation"] = item.generation;
  object["bytes"] = item.bytes;
  object["bytes_of_all_generations"] = item.bytes_all;
  if (item.drill) {
    object["last_drill"] = {{"time", rfc3339(item.drill->time)},
                            {"state", name_of(item.drill->state)},
                            {"seconds", item.drill->seconds},
                            {"restore_seconds", item.drill->restore_seconds}};
  }
  Json sizes = Json::array();
  for (const SizePoint& point : item.sizes) {
    sizes.push_back(
        {{"time", rfc3339(point.time)}, {"bytes", point.bytes}, {"seconds", point.seconds}});
  }
  object["sizes"] = std::move(sizes);
  object["findings"] = to_json(item.findings);
  return object;
}

Json paths(const std::vector<std::string>& all) {
  Json array = Json::array();
  for (const std::string& path : all) {
    Json object;
    put_bytes(object, "path", path);
    array.push_back(std::move(object));
  }
  return array;
}

Json to_json(const Coverage& coverage) {
  Json object;
  put_time(object, "scanned", coverage.scanned);
  object["complete"] = coverage.complete;
  object["new"] = paths(coverage.added);
  object["gone"] = paths(coverage.gone);
  object["moved"] = Json::array();
  for (const auto& [from, to] : coverage.moved) {
    Json moved;
    put_bytes(moved, "from", from);
    put_bytes(moved, "path", to);
    object["moved"].push_back(std::move(moved));
  }
  object["replaced"] = paths(coverage.replaced);
  object["not_dumped"] = paths(coverage.not_dumped);
  object["unreadable"] = Json::array();
  for (const Error& error : coverage.unreadable) {
    Json entry;
    put_bytes(entry, "path", error.path);
    entry["op"] = readable(error.op);
    entry["message"] = readable(error.message);
    object["unreadable"].push_back(std::move(entry));
  }
  object["not_looked_at"] = Json::array();
  for (const Pruned& pruned : coverage.not_looked_at) {
    Json entry;
    put_bytes(entry, "path", pruned.path);
    entry["why"] = readable(pruned.why);
    object["not_looked_at"].push_back(std::move(entry));
  }
  return object;
}

Json to_json(const RunPoint& run) {
  Json object;
  object["run"] = run.stamp;
  object["state"] = name_of(run.state);
  object["began"] = rfc3339(run.began);
  put_time(object, "ended", run.ended);
  if (!run.summary) return object;
  for (const auto& [status, count] : run.summary->counts) object[name_of(status)] = count;
  object["bytes"] = run.summary->bytes;
  object["bytes_written"] = run.summary->bytes_written;
  object["seconds"] = run.summary->seconds;
  object["exit_status"] = run.summary->exit_status;
  return object;
}

}  // namespace

std::string report_json(const Report& report) {
  Json document;
  document["format"] = "repo-backup/report";
  document["version"] = 1;
  document["tool"] = "repo-report " REPO_BACKUP_VERSION;
  document["host"] = readable(report.host);
  document["time"] = rfc3339(report.time);
  put_bytes(document, "dir", report.dir);
  if (report.is_test) document["test"] = true;
  document["state"] = key_of(report.severity());
  document["headline"] = readable(report.headline);
  put_time(document, "last_good_run", report.last_good);
  document["findings"] = to_json(report.findings);
  document["coverage"] = to_json(report.coverage);
  document["runs"] = Json::array();
  for (const RunPoint& run : report.runs) document["runs"].push_back(to_json(run));
  document["items"] = Json::array();
  for (const ItemState& item : report.items) document["items"].push_back(to_json(item));
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace repo

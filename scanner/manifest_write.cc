#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/bytes_path.h"
#include "scanner/item_id.h"
#include "scanner/json_fields.h"
#include "scanner/manifest.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Repository& repository) {
  Json object;
  object["id"] = make_item_id(repository.path);
  object["kind"] = readable(repository.kind);
  put_bytes(object, "path", repository.path);
  put_bytes(object, "store", repository.store);
  object["device"] = repository.device;
  object["inode"] = repository.inode;
  if (repository.born) object["born"] = rfc3339(*repository.born);
  object["uid"] = repository.uid;
  object["gid"] = repository.gid;
  object["mode"] = fmt::format("{:04o}", repository.mode);
  object["detail"] = detail_json(repository.detail);
  return object;
}

Json to_json(const Pointer& pointer) {
  Json object;
  object["kind"] = readable(pointer.kind);
  put_bytes(object, "path", pointer.path);
  put_bytes(object, "target", pointer.target);
  object["why"] = readable(pointer.why);
  if (pointer.repository) object["repository"] = *pointer.repository;
  return object;
}

Json to_json(const Pruned& pruned) {
  Json object;
  put_bytes(object, "path", pruned.path);
  object["why"] = readable(pruned.why);
  if (pruned.notable) object["not_looked_at"] = true;
  return object;
}

Json to_json(const Error& error) {
  Json object;
  put_bytes(object, "path", error.path);
  object["op"] = readable(error.op);
  object["errno"] = error.code;
  object["message"] = readable(error.message);
  return object;
}

// By raw path, and where one path has several entries by all the rest, since these come in the
// threads' order.
auto key(const Repository& r) { return std::tie(r.path, r.kind, r.store); }
auto key(const Pointer& p) { return std::tie(p.path, p.kind, p.target, p.why); }
auto key(const Pruned& p) { return std::tie(p.path, p.why); }
auto key(const Error& e) { return std::tie(e.path, e.op, e.code, e.message); }

template <typename T>
Json sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end(), [](const T& a, const T& b) { return key(a) < key(b); });
  Json array = Json::array();
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

}  // namespace

std::string write_manifest(const ManifestHeader& header, ScanResult result) {
  Json document;
  document["format"] = kManifestFormat;
  document["version"] = kManifestVersion;
  document["tool"] = readable(header.tool);
  document["host"] = readable(header.host);
  document["started"] = rfc3339(header.started);
  document["finished"] = rfc3339(header.finished);
  Json roots = Json::array();
  Json exact = Json::array();
  bool all_utf8 = true;
  for (const std::string& root : header.roots) {
    roots.push_back(readable(root));
    exact.push_back(base64_encode(root));
    all_utf8 = all_utf8 && is_utf8(root);
  }
  document["roots"] = std::move(roots);
  if (!all_utf8) document["roots_b64"] = std::move(exact);
  if (!header.kinds.empty()) document["kinds"] = header.kinds;
  for (const UserKindSought& each : header.user_kinds) {
    Json kind;
    kind["name"] = readable(each.name);
    for (const std::string& path : each.paths) kind["paths"].push_back(readable(path));
    document["user_kinds"].push_back(std::move(kind));
  }
  document["complete"] = result.complete;
  const ScanStats& stats = result.stats;
  document["stats"] = {
      {"directories", stats.directories},   {"directories_read", stats.directories_read},
      {"leaf_skipped", stats.leaf_skipped}, {"entries", stats.entries},
      {"vanished", stats.vanished},         {"seconds", stats.seconds}};
  document["repositories"] = sorted(std::move(result.repositories));
  document["pointers"] = sorted(std::move(result.pointers));
  document["pruned"] = sorted(std::move(result.pruned));
  document["errors"] = sorted(std::move(result.errors));
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace repo

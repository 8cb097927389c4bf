#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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
  object["kind"] = repository.kind;
  put_bytes(object, "path", repository.path);
  put_bytes(object, "store", repository.store);
  object["device"] = repository.device;
  object["inode"] = repository.inode;
  object["uid"] = repository.uid;
  object["gid"] = repository.gid;
  object["mode"] = fmt::format("{:04o}", repository.mode);
  object["detail"] = detail_json(repository.detail);
  return object;
}

Json to_json(const Pointer& pointer) {
  Json object;
  object["kind"] = pointer.kind;
  put_bytes(object, "path", pointer.path);
  put_bytes(object, "target", pointer.target);
  object["why"] = pointer.why;
  return object;
}

Json to_json(const Pruned& pruned) {
  Json object;
  put_bytes(object, "path", pruned.path);
  object["why"] = pruned.why;
  return object;
}

Json to_json(const Error& error) {
  Json object;
  put_bytes(object, "path", error.path);
  object["op"] = error.op;
  object["errno"] = error.code;
  object["message"] = readable(error.message);
  return object;
}

template <typename T>
Json sorted(std::vector<T> values) {
  std::stable_sort(values.begin(), values.end(),
                   [](const T& a, const T& b) { return a.path < b.path; });
  Json array = Json::array();
  for (const T& value : values) array.push_back(to_json(value));
  return array;
}

}  // namespace

std::string write_manifest(const ManifestHeader& header, ScanResult result) {
  // Kinds of one path, errors of one path: these come in the threads' order.
  std::sort(result.repositories.begin(), result.repositories.end(),
            [](const Repository& a, const Repository& b) { return a.kind < b.kind; });
  std::sort(result.errors.begin(), result.errors.end(), [](const Error& a, const Error& b) {
    return std::tie(a.op, a.message) < std::tie(b.op, b.message);
  });

  Json document;
  document["format"] = kManifestFormat;
  document["version"] = kManifestVersion;
  document["tool"] = header.tool;
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
  return document.dump(1) + "\n";
}

}  // namespace repo

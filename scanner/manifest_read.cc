#include <fmt/format.h>

#include <climits>
#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "base/number.h"
#include "scanner/item_id.h"
#include "scanner/manifest.h"
#include "scanner/probe.h"

namespace repo {
namespace {

using Json = nlohmann::json;

// Thrown and caught in this file alone: it keeps the reading of a field to one expression.
struct Refused {
  std::string message;
};

[[noreturn]] void refuse(const std::string& where, const std::string& why) {
  throw Refused{where + ": " + why};
}

const Json& field(const Json& object, const std::string& where, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) refuse(where + key, "missing");
  return *found;
}

std::string text(const Json& object, const std::string& where, const char* key) {
  const Json& value = field(object, where, key);
  if (!value.is_string()) refuse(where + key, "not a text");
  return value.get<std::string>();
}

std::uint64_t number(const Json& object, const std::string& where, const char* key,
                     std::uint64_t limit = UINT64_MAX) {
  const Json& value = field(object, where, key);
  if (!value.is_number_unsigned()) refuse(where + key, "not a whole number of 0 or more");
  const auto n = value.get<std::uint64_t>();
  if (n > limit) refuse(where + key, "too large");
  return n;
}

bool boolean(const Json& object, const std::string& where, const char* key) {
  const Json& value = field(object, where, key);
  if (!value.is_boolean()) refuse(where + key, "neither true nor false");
  return value.get<bool>();
}

const Json& array(const Json& object, const char* key) {
  const Json& value = field(object, "", key);
  if (!value.is_array()) refuse(key, "not a list");
  return value;
}

std::string canonical(std::string path, const std::string& where) {
  if (!is_canonical_path(path)) {
    refuse(where, "not an absolute path without \".\", \"..\" and doubled slashes: " + path);
  }
  return path;
}

// Raw bytes, and the field that has them.
struct Bytes {
  std::string value;
  std::string where;
};

// Of key_b64 where it stands, and then `key` must be its readable form.
Bytes raw_bytes(const Json& object, const std::string& where, const std::string& key) {
  std::string approximation = text(object, where, key.c_str());
  const std::string exact_key = key + "_b64";
  if (!object.contains(exact_key)) return {std::move(approximation), where + key};
  const auto exact = base64_decode(text(object, where, exact_key.c_str()));
  if (!exact) refuse(where + exact_key, "not base64");
  if (readable(*exact) != approximation) refuse(where + exact_key, "does not fit " + key);
  return {*exact, where + exact_key};
}

std::string path_bytes(const Json& object, const std::string& where, const std::string& key) {
  Bytes bytes = raw_bytes(object, where, key);
  return canonical(std::move(bytes.value), bytes.where);
}

std::uint32_t mode(const Json& object, const std::string& where) {
  const std::string digits = text(object, where, "mode");
  const auto value = to_number<std::uint32_t>(digits, 8);
  if (digits.size() != 4 || !value) refuse(where + "mode", "not four octal digits");
  return *value;
}

// For people, so that a value of another type is as good as none.
Detail identity(const Json& object) {
  Detail detail;
  for (const char* key : {"uuid", "first", "system_identifier"}) {
    const auto value = object.find(key);
    if (value == object.end() || !value->is_string()) continue;
    detail.emplace_back(key, value->get<std::string>());
  }
  return detail;
}

ManifestItem item(const Json& object, std::size_t index) {
  const std::string where = fmt::format("repositories[{}].", index);
  if (!object.is_object()) refuse(fmt::format("repositories[{}]", index), "not an object");
  ManifestItem result;
  Repository& repository = result.repository;
  result.id = text(object, where, "id");
  repository.kind = text(object, where, "kind");
  repository.path = path_bytes(object, where, "path");
  repository.store = path_bytes(object, where, "store");
  repository.device = number(object, where, "device");
  repository.inode = number(object, where, "inode");
  if (object.contains("born")) repository.born = parse_rfc3339(text(object, where, "born"));
  repository.uid = static_cast<std::uint32_t>(number(object, where, "uid", UINT32_MAX));
  repository.gid = static_cast<std::uint32_t>(number(object, where, "gid", UINT32_MAX));
  repository.mode = mode(object, where);
  const Json& detail = field(object, where, "detail");
  if (!detail.is_object()) refuse(where + "detail", "not an object");
  repository.detail = identity(detail);
  if (result.id != make_item_id(repository.path)) {
    refuse(where + "id", "not the id of " + repository.path);
  }
  const bool inside = is_within(repository.store, repository.path);
  if (!inside) refuse(where + "store", "not within " + repository.path);
  return result;
}

Pruned pruned(const Json& object, std::size_t index) {
  const std::string where = fmt::format("pruned[{}].", index);
  if (!object.is_object()) refuse(fmt::format("pruned[{}]", index), "not an object");
  const auto notable = object.find("not_looked_at");
  return {path_bytes(object, where, "path"), text(object, where, "why"),
          notable != object.end() && *notable == true};
}

UserKindSought user_kind(const Json& object, std::size_t index) {
  const std::string where = fmt::format("user_kinds[{}].", index);
  if (!object.is_object()) refuse(fmt::format("user_kinds[{}]", index), "not an object");
  UserKindSought kind{text(object, where, "name"), {}};
  if (!object.contains("paths")) return kind;
  const Json& paths = field(object, where, "paths");
  if (!paths.is_array()) refuse(where + "paths", "not a list");
  for (const Json& path : paths) {
    if (!path.is_string()) refuse(where + "paths", "not texts");
    kind.paths.push_back(canonical(path.get<std::string>(), where + "paths"));
  }
  return kind;
}

Error error(const Json& object, std::size_t index) {
  const std::string where = fmt::format("errors[{}].", index);
  if (!object.is_object()) refuse(fmt::format("errors[{}]", index), "not an object");
  return {text(object, where, "op"), raw_bytes(object, where, "path").value,
          static_cast<int>(number(object, where, "errno", INT_MAX)),
          text(object, where, "message")};
}

template <typename T>
std::vector<T> list(const Json& document, const char* key, T (*read)(const Json&, std::size_t)) {
  const Json& values = array(document, key);
  std::vector<T> result;
  for (std::size_t i = 0; i < values.size(); ++i) result.push_back(read(values[i], i));
  return result;
}

Manifest manifest(const Json& document) {
  if (!document.is_object()) refuse("manifest", "not a JSON object");
  if (text(document, "", "format") != kManifestFormat) {
    refuse("format", "not " + std::string(kManifestFormat));
  }
  if (number(document, "", "version") != kManifestVersion) {
    refuse("version",
           fmt::format("not {}: made by another version of repo-scan", kManifestVersion));
  }
  for (const char* key : {"tool", "started", "finished"}) text(document, "", key);
  if (!field(document, "", "stats").is_object()) refuse("stats", "not an object");
  array(document, "pointers");
  Manifest result;
  result.started = parse_rfc3339(text(document, "", "started"));
  result.finished = parse_rfc3339(text(document, "", "finished"));
  result.host = text(document, "", "host");
  result.complete = boolean(document, "", "complete");
  const Json& roots = array(document, "roots");
  const bool exact = document.contains("roots_b64");
  if (exact && array(document, "roots_b64").size() != roots.size()) {
    refuse("roots_b64", "not as long as roots");
  }
  for (std::size_t i = 0; i < roots.size(); ++i) {
    const std::string where = fmt::format("roots[{}]", i);
    if (!roots[i].is_string()) refuse(where, "not a text");
    std::string root = roots[i].get<std::string>();
    if (exact) {
      const Json& encoded = document["roots_b64"][i];
      const auto bytes = encoded.is_string() ? base64_decode(encoded.get<std::string>())
                                             : std::optional<std::string>();
      if (!bytes || readable(*bytes) != root) refuse(fmt::format("roots_b64[{}]", i), "wrong");
      root = *bytes;
    }
    result.roots.push_back(canonical(std::move(root), where));
  }
  if (document.contains("kinds")) {
    for (const Json& kind : array(document, "kinds")) {
      if (!kind.is_string()) refuse("kinds", "not texts");
      result.kinds.push_back(kind.get<std::string>());
    }
  }
  if (document.contains("user_kinds")) {
    result.user_kinds = list(document, "user_kinds", user_kind);
  }
  result.pruned = list(document, "pruned", pruned);
  result.errors = list(document, "errors", error);
  result.items = list(document, "repositories", item);
  return result;
}

}  // namespace

Result<Manifest> read_manifest(std::string_view bytes) {
  try {
    // The parser takes a NUL for the end, and a crash leaves zeros behind a text.
    const bool has_nul = bytes.find('\0') != std::string_view::npos;
    const Json document =
        has_nul ? Json(Json::value_t::discarded) : Json::parse(bytes, nullptr, false);
    if (document.is_discarded()) {
      return plain_error("read", "", "manifest: not JSON, or cut short, or not UTF-8");
    }
    Manifest result = manifest(document);
    result.sha256 = sha256_hex(bytes);
    result.text = bytes;
    return result;
  } catch (const Refused& refused) {
    return plain_error("read", "", refused.message);
  }
}

}  // namespace repo

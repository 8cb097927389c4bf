// The manifest: what repo-scan found, as the JSON document that repo-dump takes.
//
// Schema: docs/schemas/manifest.schema.json. Paths are UTF-8 text in `path`; where the bytes are
// not valid UTF-8, `path_b64` beside it holds them exactly. Times are RFC 3339 UTC.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "scanner/repository.h"

namespace repo {

inline constexpr const char* kManifestFormat = "repo-backup/manifest";
inline constexpr int kManifestVersion = 1;

// A kind that a user has defined, as a scan looked for it.
struct UserKindSought {
  std::string name;
  std::vector<std::string> paths{};  // in and below these; empty: everywhere
};

struct ManifestHeader {
  std::string tool;  // "repo-scan 1.0.0"
  std::string host;
  UtcTime started;
  UtcTime finished;
  std::vector<std::string> roots;
  std::vector<std::string> kinds{};  // that were looked for; empty: all
  std::vector<UserKindSought> user_kinds{};
};

// The document, with a newline at its end. `result` is sorted by raw path, so that two scans of
// an unchanged tree differ in times alone.
std::string write_manifest(const ManifestHeader& header, ScanResult result);

// A repository as a manifest names it. `kind` is whatever the manifest says. Of `detail` only what
// tells one history from another is read, where it is a text: svn's uuid, hg's first, postgres'
// system_identifier.
struct ManifestItem {
  std::string id;
  Repository repository;
};

struct Manifest {
  std::string host;
  std::vector<std::string> roots;
  std::vector<std::string> kinds;  // that were looked for; empty: all
  std::vector<UserKindSought> user_kinds;
  std::vector<Pruned> pruned;
  std::vector<Error> errors;  // paths as they stand: not all are absolute
  bool complete = false;
  std::optional<UtcTime> started;  // where it can be read
  std::optional<UtcTime> finished;
  std::string text;    // that was read
  std::string sha256;  // of it
  std::vector<ManifestItem> items;
};

// Whether the scan looked for that kind at that path, as far as it is for the kinds to say (and not
// for roots, or for what was pruned).
bool looked_for(const Manifest& manifest, std::string_view kind, std::string_view path);

// Takes nothing on trust. The error's message names the field: not JSON or cut short, another
// format or major version, a field that is missing or of another type, a path that is relative or
// not canonical, an id that is not the id of its path, text that is not UTF-8. Fields that this
// version does not know are ignored.
Result<Manifest> read_manifest(std::string_view text);

}  // namespace repo

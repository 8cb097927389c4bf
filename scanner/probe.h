// The second look at a directory whose names match a signature: is it a repository, and what does
// it say of itself? Reads a few small files through the directory's descriptor, runs no tool,
// follows no link, changes nothing.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "scanner/fs.h"
#include "scanner/repository.h"

namespace repo {

// Exactly one of three outcomes:
//   repository    detail is set
//   broken        error is set: it is one of its kind but lacks or hides what the kind must have,
//                 or could not be read; it must not vanish from a backup in silence. The error's
//                 path is relative to the directory.
//   something else   neither is set
struct ProbeResult {
  std::optional<Detail> detail;
  std::optional<Error> error;
};

ProbeResult probe_svn(const Directory& directory);
ProbeResult probe_hg(const Directory& directory);

// By the kind's name; nothing where no such kind is known.
std::optional<ProbeResult> probe_kind(const std::string& kind, const Directory& directory);

// What is copied of a repository at `path`: the path itself (svn) or the folder in it (hg).
std::string store_of(const std::string& kind, const std::string& path);

// For probes: the outcome "broken", with op "probe".
ProbeResult broken(std::string path, int code, std::string message);

}  // namespace repo

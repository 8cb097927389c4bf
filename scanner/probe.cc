#include "scanner/probe.h"

#include <utility>

#include "base/bytes_path.h"

namespace repo {

std::optional<ProbeResult> probe_kind(const std::string& kind, const Directory& directory) {
  if (kind == "svn") return probe_svn(directory);
  if (kind == "hg") return probe_hg(directory);
  return std::nullopt;
}

std::string store_of(const std::string& kind, const std::string& path) {
  return kind == "hg" ? join_path(path, ".hg") : path;
}

ProbeResult broken(std::string path, int code, std::string message) {
  Error error = system_error("probe", std::move(path), code);
  error.message = code == 0 ? std::move(message) : std::move(message) + " (" + error.message + ")";
  return {std::nullopt, std::move(error)};
}

}  // namespace repo

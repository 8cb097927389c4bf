#include "scanner/probe.h"

#include <utility>

#include "base/bytes_path.h"
#include "scanner/signature.h"

namespace repo {

std::optional<ProbeResult> probe_kind(std::string_view kind, std::string_view inside,
                                      const Directory& directory) {
  if (kind == "svn" && inside.empty()) return probe_svn(directory);
  if (kind == "hg" && inside == ".hg") return probe_hg(directory);
  if (kind == "git" && (inside.empty() || inside == ".git")) return probe_git(directory, inside);
  if (kind == "postgres" && inside.empty()) return probe_postgres(directory);
  return std::nullopt;
}

std::optional<std::string> store_inside(const Repository& repository) {
  for (const Signature& each : signatures()) {
    if (each.kind != repository.kind) continue;
    const std::string store =
        each.inside.empty() ? repository.path : join_path(repository.path, each.inside);
    if (store == repository.store) return std::string(each.inside);
  }
  return std::nullopt;
}

ProbeResult broken(std::string path, int code, std::string message) {
  Error error = system_error("probe", std::move(path), code);
  error.message = code == 0 ? std::move(message) : std::move(message) + " (" + error.message + ")";
  return {.error = std::move(error)};
}

}  // namespace repo

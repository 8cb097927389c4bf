#include "scanner/user_probe.h"

#include <utility>

#include "scanner/user_match.h"

namespace repo {

ProbeResult probe_user_kind(Directory& directory, const UserSignature& signature) {
  const auto matched = match_user_kind(directory, signature);
  if (!matched) {
    Error error = matched.error();
    error.op = "probe";
    return {.error = std::move(error)};
  }
  if (!*matched) return {};
  return {.detail = Detail{{"files", std::uint64_t{(*matched)->size()}}}};
}

}  // namespace repo

#include "scanner/roots.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/number.h"
#include "scanner/apart.h"
#include "scanner/mounts.h"
#include "scanner/walk_apart.h"

namespace repo {
namespace {

Result<std::string> resolve(const std::string& root) {
  const std::unique_ptr<char, decltype(&free)> real(realpath(root.c_str(), nullptr), &free);
  if (!real) return system_error("open", root, errno);
  return std::string(real.get());
}

// Whether no mount is there that might not answer.
bool is_all_sure_to_answer() {
  const Result<std::vector<Mount>> mounts = read_mounts();
  return mounts && std::none_of(mounts->begin(), mounts->end(),
                                [](const Mount& mount) { return may_hang(mount.type); });
}

std::vector<Result<std::string>> resolve_apart(const std::vector<std::string>& roots,
                                               std::chrono::seconds patience) {
  std::vector<ApartTask> tasks;
  for (const std::string& root : roots) {
    tasks.push_back({[&root](const SignOfLife&) {
      const Result<std::string> path = resolve(root);
      return path ? *path : std::to_string(path.error().code);  // no path begins with a digit
    }});
  }
  std::vector<Result<std::string>> results = run_apart(tasks, patience);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (!results[i]) {
      Error error = system_error("open", roots[i], results[i].error().code);
      if (error.code == ETIMEDOUT) error.message = no_answer(patience);
      results[i] = std::move(error);
    } else if (const auto code = to_number<int>(*results[i])) {
      results[i] = system_error("open", roots[i], *code);
    }
  }
  return results;
}

}  // namespace

std::vector<std::string> resolve_roots(const std::vector<std::string>& roots,
                                       std::chrono::seconds patience, std::vector<Error>& errors) {
  std::vector<Result<std::string>> results;
  if (is_all_sure_to_answer()) {
    for (const std::string& root : roots) results.push_back(resolve(root));
  } else {
    results = resolve_apart(roots, patience);
  }
  std::vector<std::string> resolved;
  for (Result<std::string>& each : results) {
    if (each) {
      resolved.push_back(*std::move(each));
    } else {
      errors.push_back(each.error());
    }
  }
  std::sort(resolved.begin(), resolved.end());
  resolved.erase(std::unique(resolved.begin(), resolved.end()), resolved.end());
  return resolved;
}

}  // namespace repo

#include "base/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace repo {

std::uint64_t raise_descriptor_limit(std::uint64_t enough) {
  constexpr std::uint64_t kFew = 16;  // not known: be careful
  struct rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFew;
  const struct rlimit raised = {std::min(limit.rlim_max, rlim_t{enough}), limit.rlim_max};
  if (limit.rlim_cur >= raised.rlim_cur) return limit.rlim_cur;
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

}  // namespace repo

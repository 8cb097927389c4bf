#include "dumper/work_order.h"

#include <algorithm>
#include <numeric>

namespace repo {

WorkOrder::WorkOrder(const std::vector<std::uint64_t>& sizes, int workers)
    : alone_(workers == 1), waiting_(sizes.size()) {
  std::iota(waiting_.begin(), waiting_.end(), std::size_t{0});
  std::stable_sort(waiting_.begin(), waiting_.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] < sizes[b]; });
}

std::optional<std::size_t> WorkOrder::next(int worker) {
  const std::lock_guard lock(mutex_);
  if (taken_small_ == waiting_.size()) return std::nullopt;
  if (worker != 0 || alone_) return waiting_[taken_small_++];
  const std::size_t largest = waiting_.back();
  waiting_.pop_back();
  return largest;
}

}  // namespace repo

// In which order the items of a run are taken. Small ones must not wait behind large ones, and the
// night must not end with one large one that began last: so one worker takes the largest that is
// left, and all others take the smallest. A worker that is alone takes the smallest.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace repo {

class WorkOrder {
 public:
  // `sizes`: one for each item, in any unit.
  WorkOrder(const std::vector<std::uint64_t>& sizes, int workers);

  // The index of the item that `worker` is to take; nothing when all are taken. Threads: any.
  std::optional<std::size_t> next(int worker);

 private:
  const bool alone_;
  std::mutex mutex_;
  std::vector<std::size_t> waiting_;  // by size
  std::size_t taken_small_ = 0;       // from its beginning
};

}  // namespace repo

#include "scanner/walk_apart.h"

#include <fmt/format.h>

#include <cerrno>
#include <iterator>
#include <utility>

#include "base/task_pool.h"
#include "scanner/apart.h"
#include "scanner/result_bytes.h"

namespace repo {
namespace {

class LifeWatcher final : public WalkWatcher {
 public:
  explicit LifeWatcher(const SignOfLife& alive) : alive_(alive) {}
  // A sign is cheap, and the rest of what a watcher may see is not needed.
  bool is_due() const override {
    alive_();
    return false;
  }
  void see(std::uint64_t, std::uint64_t, const std::string&) override {}

 private:
  const SignOfLife& alive_;
};

template <typename T>
void append(std::vector<T>& from, std::vector<T>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

// What there is to say of a root whose walk has not come to its end.
ScanResult given_up(const WalkMap::Root& root, int code, std::chrono::seconds patience) {
  ScanResult result;
  Error error = system_error("read", root.path, code);
  if (code == ETIMEDOUT) {
    error.message = fmt::format("{} ({})", no_answer(patience), root.fs_type);
    result.pruned.push_back({root.path, no_answer(patience), false});
  } else if (code == ECHILD) {
    error.message = "the process that walked it has ended before its time";
  }
  result.errors.push_back(std::move(error));
  return result;
}

}  // namespace

std::string no_answer(std::chrono::seconds patience) {
  return fmt::format("no answer for {} s", patience.count());
}

void merge(ScanResult from, ScanResult& to) {
  append(from.repositories, to.repositories);
  append(from.pointers, to.pointers);
  append(from.pruned, to.pruned);
  append(from.errors, to.errors);
  to.stats.directories += from.stats.directories;
  to.stats.directories_read += from.stats.directories_read;
  to.stats.leaf_skipped += from.stats.leaf_skipped;
  to.stats.entries += from.stats.entries;
  to.stats.vanished += from.stats.vanished;
  to.complete = to.complete && from.complete;
}

ScanResult walk_apart(const WalkOptions& options, const WalkMap& map, int jobs,
                      std::chrono::seconds patience) {
  std::vector<const WalkMap::Root*> roots;
  std::vector<ApartTask> tasks;
  for (const WalkMap::Root& root : map.roots()) {
    if (!root.may_hang) continue;
    roots.push_back(&root);
    tasks.push_back({[&options, &map, &root, jobs](const SignOfLife& alive) {
      LifeWatcher watcher(alive);
      WalkOptions one = options;
      one.roots = {root.path};
      one.watcher = &watcher;
      return to_bytes(walk(one, map, real_file_system(), *make_task_pool(jobs)));
    }});
  }
  ScanResult all;
  all.complete = true;
  const std::vector<Result<std::string>> done = run_apart(tasks, patience);
  for (std::size_t i = 0; i < done.size(); ++i) {
    std::optional<ScanResult> result;
    if (done[i]) result = from_bytes(*done[i]);
    const int code = done[i] ? ECHILD : done[i].error().code;
    merge(result ? *std::move(result) : given_up(*roots[i], code, patience), all);
  }
  return all;
}

}  // namespace repo

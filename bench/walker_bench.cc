// Walks a generated tree, warm, with 1 to 16 threads: directories a second.
//
// The tree is made once in $TMPDIR or /tmp and removed at the end. REPO_BENCH_DIRECTORIES sets its
// size (default 20000, at least 500).

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>

#include "base/task_pool.h"
#include "bench/tree_gen.h"
#include "scanner/mounts.h"
#include "scanner/walk_map.h"
#include "scanner/walker.h"

namespace {

using repo::bench::TreeCounts;
using repo::bench::TreeShape;

// A tree that goes with the object.
class TemporaryTree {
 public:
  static repo::Result<TemporaryTree> make(const TreeShape& shape) {
    std::error_code code;
    std::string path = std::filesystem::temp_directory_path(code) / "repo-bench.XXXXXX";
    if (code) return repo::system_error("use", "$TMPDIR", code.value());
    if (!mkdtemp(path.data())) return repo::system_error("mkdir", path, errno);
    TemporaryTree tree(std::filesystem::canonical(path));
    repo::Result<TreeCounts> counts = repo::bench::make_tree(tree.path_, shape);
    if (!counts) return counts.error();
    tree.counts_ = *counts;
    return tree;
  }

  TemporaryTree(TemporaryTree&& other) noexcept
      : path_(std::exchange(other.path_, {})), counts_(other.counts_) {}
  TemporaryTree& operator=(TemporaryTree&&) = delete;
  ~TemporaryTree() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  const TreeCounts& counts() const { return counts_; }

 private:
  explicit TemporaryTree(std::string path) : path_(std::move(path)) {}

  std::string path_;
  TreeCounts counts_;
};

// Made at the first call, removed when the program ends.
const repo::Result<TemporaryTree>& shared_tree() {
  static const repo::Result<TemporaryTree> tree = [] {
    TreeShape shape;
    const char* wanted = std::getenv("REPO_BENCH_DIRECTORIES");
    if (wanted) shape.directories = std::strtoull(wanted, nullptr, 10);
    return TemporaryTree::make(shape);
  }();
  return tree;
}

void walk(benchmark::State& state) {
  if (!shared_tree()) {
    return state.SkipWithError(repo::describe(shared_tree().error()).c_str());
  }
  const TemporaryTree& tree = *shared_tree();
  const auto mounts = repo::read_mounts();
  if (!mounts) return state.SkipWithError("the mounts cannot be read");
  const repo::WalkMap map(*mounts, {{tree.path()}, false, false, {}, {}});
  const repo::WalkOptions options{{tree.path()}, {}, {}, 512};
  const auto pool = repo::make_task_pool(static_cast<int>(state.range(0)));
  std::uint64_t directories = 0;
  for ([[maybe_unused]] auto _ : state) {
    const repo::ScanResult result = repo::walk(options, map, repo::real_file_system(), *pool);
    directories += result.stats.directories;
    if (!result.complete || result.repositories.size() != tree.counts().repositories) {
      return state.SkipWithError("the walk did not find what was planted");
    }
  }
  state.counters["directories/s"] =
      benchmark::Counter(static_cast<double>(directories), benchmark::Counter::kIsRate);
}

BENCHMARK(walk)
    ->ArgName("threads")
    ->RangeMultiplier(2)
    ->Range(1, 16)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

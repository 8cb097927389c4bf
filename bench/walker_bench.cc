// Walks a generated tree, warm, with 1 to 16 threads, with the leaf skip and without it, and one
// that is computed, which no kernel has a part in: directories a second.
//
// The generated tree is made once in $TMPDIR or /tmp and removed at the end. REPO_BENCH_DIRECTORIES
// sets its size (default 20000).

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
#include "tests/support/synthetic_fs.h"

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

void walk(benchmark::State& state, const std::string& root, const repo::WalkMap& map,
          const repo::FileSystem& file_system, bool leaf_skip, std::uint64_t repositories) {
  repo::WalkOptions options;
  options.roots = {root};
  options.leaf_skip = leaf_skip;
  const auto pool = repo::make_task_pool(static_cast<int>(state.range(0)));
  std::uint64_t directories = 0;
  for ([[maybe_unused]] auto _ : state) {
    const repo::ScanResult result = repo::walk(options, map, file_system, *pool);
    directories += result.stats.directories;
    if (!result.complete || result.repositories.size() != repositories) {
      return state.SkipWithError("the walk did not find what was planted");
    }
  }
  state.counters["directories/s"] =
      benchmark::Counter(static_cast<double>(directories), benchmark::Counter::kIsRate);
}

void walk_disk(benchmark::State& state, bool leaf_skip) {
  if (!shared_tree()) {
    return state.SkipWithError(repo::describe(shared_tree().error()).c_str());
  }
  const TemporaryTree& tree = *shared_tree();
  const auto mounts = repo::read_mounts();
  if (!mounts) return state.SkipWithError("the mounts cannot be read");
  const repo::WalkMap map(*mounts, {{tree.path()}, false, false, {}, {}});
  walk(state, tree.path(), map, repo::real_file_system(), leaf_skip, tree.counts().repositories);
}

void walk_synthetic(benchmark::State& state) {
  const repo::test::SyntheticFileSystem tree({.fan_out = 10, .depth = 5, .files = 12},
                                             {7, 777, 77'777});
  const repo::WalkMap map(repo::parse_mountinfo("1 0 8:1 / / rw - ext4 d rw\n"),
                          {{"/"}, false, false, {}, {}});
  walk(state, "/", map, tree, false, 3);
}

void with_threads(benchmark::internal::Benchmark* walk) {
  walk->ArgName("threads")
      ->RangeMultiplier(2)
      ->Range(1, 16)
      ->MeasureProcessCPUTime()
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(walk_disk, leaf_skip, true)->Apply(with_threads);
BENCHMARK_CAPTURE(walk_disk, no_leaf_skip, false)->Apply(with_threads);
BENCHMARK(walk_synthetic)->Apply(with_threads);

}  // namespace

BENCHMARK_MAIN();

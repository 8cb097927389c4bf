// The steps of a dump on trees in a temporary directory ($TMPDIR or /tmp), warm: looking at a tree,
// copying it, sealing the copy, and the copier of Subversion.
//
// A tree has 2,000 files in 100 folders, 8 KiB each on average; REPO_BENCH_FILES sets another
// number. copy_svn copies the repository at REPO_BENCH_SVN, or else a tree that has the layout of
// one with 2,000 revisions and is none that svnadmin would take.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/file_io.h"
#include "bench/random.h"
#include "dumper/seal.h"
#include "dumper/svn_copy.h"
#include "dumper/tree_copier.h"
#include "dumper/tree_look.h"
#include "scanner/probe.h"

namespace {

using repo::Result;
using repo::Status;
using repo::UniqueFd;
using repo::bench::Random;

repo::Patience patience() {
  constexpr std::chrono::hours kLong{1};
  return {std::chrono::steady_clock::now() + kLong, kLong, true};
}

UniqueFd open_folder(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

std::string content(Random& random, std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += fmt::format("{:016x}", random.next());
  bytes.resize(size);
  return bytes;
}

// A directory that goes with the object.
class Scratch {
 public:
  Scratch() {
    std::string path = std::filesystem::temp_directory_path() / "repo-bench.XXXXXX";
    if (mkdtemp(path.data())) path_ = path;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

  Status write(const std::string& path, std::string_view bytes) const {
    const std::filesystem::path whole = std::filesystem::path(path_) / path;
    std::filesystem::create_directories(whole.parent_path());
    const UniqueFd file(open(whole.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return repo::system_error("create", whole, errno);
    return repo::write_all(file.get(), bytes);
  }

 private:
  std::string path_;
};

std::uint64_t number_in(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// Made at the first call, removed when the program ends.
const Scratch& shared_tree() {
  static const Scratch tree;
  static const bool made = [] {
    constexpr std::uint64_t kFolders = 100;
    constexpr std::uint64_t kLargest = 16384;
    Random random(1);
    const std::uint64_t files = number_in("REPO_BENCH_FILES", 2000);
    for (std::uint64_t i = 0; i < files; ++i) {
      const std::string path = fmt::format("folder{}/file{}", i % kFolders, i);
      if (!tree.write(path, content(random, random.below(kLargest)))) return false;
    }
    return true;
  }();
  if (!made) std::exit(1);
  return tree;
}

// What copy_svn() reads of a repository, with revisions in shards of 1,000.
bool make_svn_layout(const Scratch& repository) {
  constexpr std::uint64_t kRevisions = 2000;
  constexpr std::uint64_t kShard = 1000;
  constexpr std::uint64_t kLargest = 3000;
  bool good = true;
  auto put = [&](const std::string& path, const std::string& bytes) {
    good = good && repository.write(path, bytes);
  };
  put("format", "5\n");
  put("README.txt", std::string(200, 'x'));
  for (const char* name : {"authz", "hooks-env.tmpl", "passwd", "svnserve.conf"}) {
    put(std::string("conf/") + name, std::string(2000, 'x'));
  }
  for (int i = 0; i < 9; ++i) put(fmt::format("hooks/{}.tmpl", i), std::string(3000, 'x'));
  put("locks/db.lock", "x");
  put("db/fs-type", "fsfs\n");
  put("db/format", fmt::format("8\nlayout sharded {}\naddressing logical\n", kShard));
  put("db/uuid", "00000000-0000-4000-8000-000000000000\n");
  put("db/min-unpacked-rev", "0\n");
  put("db/current", fmt::format("{}\n", kRevisions));
  Random random(2);
  for (std::uint64_t i = 0; i <= kRevisions; ++i) {
    put(fmt::format("db/revs/{}/{}", i / kShard, i), content(random, 500 + random.below(kLargest)));
    put(fmt::format("db/revprops/{}/{}", i / kShard, i), content(random, 100));
  }
  return good;
}

const std::string& svn_repository() {
  static const Scratch made;
  static const std::string path = [] {
    if (const char* given = std::getenv("REPO_BENCH_SVN")) return std::string(given);
    return make_svn_layout(made) ? made.path() : std::string();
  }();
  return path;
}

void look_at_tree(benchmark::State& state) {
  const UniqueFd top = open_folder(shared_tree().path());
  for ([[maybe_unused]] auto _ : state) {
    const auto look = repo::look_at_tree({top.get(), std::nullopt}, repo::Skip(), patience());
    if (!look) return state.SkipWithError(repo::describe(look.error()).c_str());
  }
}

// Calls work(target) for a new directory `data` in a new directory each time; neither making nor
// removing them counts. `work` gives the error.
template <typename Work>
void into_new_directory(benchmark::State& state, const Work& work) {
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    auto scratch = std::make_unique<Scratch>();
    const UniqueFd staging = open_folder(scratch->path());
    state.ResumeTiming();
    const Status done = work(staging.get());
    state.PauseTiming();
    scratch.reset();
    state.ResumeTiming();
    if (!done) return state.SkipWithError(repo::describe(done.error()).c_str());
  }
}

Status copy_into(int staging, int source) {
  if (mkdirat(staging, "data", 0700) != 0) return repo::system_error("create", "data", errno);
  const Result<UniqueFd> data = repo::open_beneath(staging, "data", O_RDONLY | O_DIRECTORY);
  if (!data) return data.error();
  repo::CopyOptions options;
  options.patience = patience();
  const auto look = repo::copy_tree({source, std::nullopt}, data->get(), options);
  return look ? Status() : Status(look.error());
}

void copy_tree(benchmark::State& state) {
  const UniqueFd source = open_folder(shared_tree().path());
  into_new_directory(state, [&](int staging) { return copy_into(staging, source.get()); });
}

// Sealing needs no fresh copy: a second time it does the same to the same files.
void seal(benchmark::State& state) {
  const UniqueFd source = open_folder(shared_tree().path());
  const Scratch scratch;
  const UniqueFd staging = open_folder(scratch.path());
  if (Status copied = copy_into(staging.get(), source.get()); !copied) {
    return state.SkipWithError(repo::describe(copied.error()).c_str());
  }
  repo::SealJob job;
  job.staging = staging.get();
  job.source = source.get();
  job.patience = patience();
  for ([[maybe_unused]] auto _ : state) {
    const auto sealed = repo::seal(job);
    if (!sealed) return state.SkipWithError(repo::describe(sealed.error()).c_str());
    unlinkat(staging.get(), "SHA256SUMS", 0);
    unlinkat(staging.get(), "owners", 0);
  }
}

void copy_svn(benchmark::State& state) {
  const UniqueFd source = open_folder(svn_repository());
  if (!source) return state.SkipWithError("there is no svn repository to copy");
  repo::ProbeResult probed = repo::probe_svn(*repo::borrow_directory(source.get()));
  if (!probed.detail) return state.SkipWithError("what is to be copied is no svn repository");
  repo::DumpJob job;
  job.source.kind = "svn";
  job.source.detail = *std::move(probed.detail);
  job.source_fd = source.get();
  job.patience = patience();
  into_new_directory(state, [&](int staging) {
    job.staging_fd = staging;
    const auto facts = repo::copy_svn(job);
    return facts ? Status() : Status(facts.error());
  });
}

BENCHMARK(look_at_tree)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(copy_tree)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(seal)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(copy_svn)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

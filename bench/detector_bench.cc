// Matches entry names against the signatures, without a file system: names a second.

#include <benchmark/benchmark.h>

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bench/names.h"
#include "scanner/signature.h"

namespace {

using repo::EntryType;

constexpr std::uint64_t kNames = 4096;

std::vector<std::pair<std::string, EntryType>> entries() {
  repo::bench::Random random(1);
  std::vector<std::pair<std::string, EntryType>> all;
  for (std::uint64_t i = 0; i < kNames; ++i) {
    if (i % 1000 == 0) {
      all.emplace_back("format", EntryType::kFile);
    } else if (random.one_in(12)) {
      all.emplace_back(repo::bench::directory_name(random, i), EntryType::kDirectory);
    } else {
      all.emplace_back(repo::bench::file_name(random, i), EntryType::kFile);
    }
  }
  return all;
}

void count_names(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kNames));
}

void name_bits(benchmark::State& state) {
  const auto all = entries();
  for ([[maybe_unused]] auto _ : state) {
    repo::NameBits bits = 0;
    for (const auto& [name, type] : all) bits |= repo::name_bit(name, type);
    benchmark::DoNotOptimize(bits);
  }
  count_names(state);
}
BENCHMARK(name_bits);

// What the bits are there to beat: the names as a hash set.
void name_set(benchmark::State& state) {
  const auto all = entries();
  const std::unordered_set<std::string> wanted = {"format", "db", ".hg", ".repo-backup"};
  for ([[maybe_unused]] auto _ : state) {
    std::size_t hits = 0;
    for (const auto& entry : all) hits += wanted.count(entry.first);
    benchmark::DoNotOptimize(hits);
  }
  count_names(state);
}
BENCHMARK(name_set);

}  // namespace

BENCHMARK_MAIN();

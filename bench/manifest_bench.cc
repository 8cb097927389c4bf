// Writes and reads a manifest of 10,000 repositories: repositories a second.

#include <benchmark/benchmark.h>

#include <string>

#include "scanner/manifest.h"
#include "scanner/probe.h"

namespace {

constexpr std::uint64_t kRepositories = 10'000;

repo::ScanResult scan_result() {
  repo::ScanResult result;
  result.complete = true;
  for (std::uint64_t i = 0; i < kRepositories; ++i) {
    const std::string number = std::to_string(i);
    repo::Repository each;
    each.kind = i % 2 == 0 ? "svn" : "hg";
    // Not in the order of the paths, as a walk finds them.
    each.path = "/srv/" + std::to_string(i * 7919 % 97) + "/group/project-" + number;
    each.store = each.kind == "hg" ? each.path + "/.hg" : each.path;
    each.device = 65024;
    each.inode = 1'000'000 + i;
    each.mode = 0755;
    if (i % 2 == 0) {
      each.detail = {{"uuid", "00000000-0000-4000-8000-000000000000"},
                     {"fs_type", "fsfs"},
                     {"format", std::uint64_t{8}},
                     {"revision", i}};
    } else {
      each.detail = {{"changesets", i}, {"tip", std::string(40, 'a')}};
    }
    result.repositories.push_back(std::move(each));
  }
  return result;
}

repo::ManifestHeader header() {
  return {"repo-scan 1.0.0", "host", repo::utc_now(), repo::utc_now(), {"/srv"}};
}

void count_repositories(benchmark::State& state, const std::string& text) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kRepositories));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void write_manifest(benchmark::State& state) {
  const repo::ScanResult result = scan_result();
  std::string text;
  for ([[maybe_unused]] auto _ : state) {
    text = repo::write_manifest(header(), result);
    benchmark::DoNotOptimize(text.data());
  }
  count_repositories(state, text);
}
BENCHMARK(write_manifest)->Unit(benchmark::kMillisecond);

void read_manifest(benchmark::State& state) {
  const std::string text = repo::write_manifest(header(), scan_result());
  for ([[maybe_unused]] auto _ : state) {
    const auto manifest = repo::read_manifest(text);
    if (!manifest || manifest->items.size() != kRepositories) {
      return state.SkipWithError("the manifest was not read");
    }
  }
  count_repositories(state, text);
}
BENCHMARK(read_manifest)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();

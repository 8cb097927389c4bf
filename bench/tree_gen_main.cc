#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "bench/tree_gen.h"

namespace {

int run(int argc, char** argv) {
  repo::bench::TreeShape shape;
  std::string target;
  CLI::App app("Makes a tree to measure repo-scan on. The same options give the same tree.",
               "bench-tree-gen");
  app.option_defaults()->always_capture_default();
  app.add_option("--directories", shape.directories, "without the repositories")
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--files", shape.files_per_directory, "on average in a directory")
      ->check(CLI::Range(0, 10'000));
  app.add_option("--leaves", shape.leaf_percent,
                 "percent of the directories without a subdirectory")
      ->check(CLI::Range(0, 100));
  app.add_option("--svn", shape.svn, "Subversion repositories");
  app.add_option("--hg", shape.hg, "Mercurial repositories");
  app.add_option("--git", shape.git, "Git repositories");
  app.add_option("--seed", shape.seed);
  app.add_option("DIRECTORY", target, "is created or is empty")->required();
  CLI11_PARSE(app, argc, argv);

  const auto counts = repo::bench::make_tree(target, shape);
  if (!counts) {
    std::fprintf(stderr, "bench-tree-gen: cannot %s\n", repo::describe(counts.error()).c_str());
    return 1;
  }
  std::printf(
      "%llu directories, %.0f %% of them leaves, %llu files, %llu repositories, seed %llu\n",
      static_cast<unsigned long long>(counts->directories),
      100.0 * static_cast<double>(counts->leaves) / static_cast<double>(counts->directories),
      static_cast<unsigned long long>(counts->files),
      static_cast<unsigned long long>(counts->repositories),
      static_cast<unsigned long long>(shape.seed));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-tree-gen: %s\n", error.what());
    return 1;
  }
}

// Options that every tool has which works on items, in a sandbox: repo-dump, repo-restore. For
// their options files alone: CLI11 is known nowhere else.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace repo {

// As CLI11 reads them.
struct ItemOptionWords {
  std::vector<std::string> kinds;
  std::string timeout = "10m";
  std::string max_time = "6h";
  std::string sandbox = "auto";
};
// --kinds, --jobs, --timeout, --max-time, --sandbox; both arguments outlive the parsing.
void add_item_options(CLI::App& app, int& jobs, ItemOptionWords& words);

// Once they were parsed.
struct ItemOptionValues {
  std::set<std::string> kinds;
  std::chrono::seconds timeout;
  std::chrono::seconds max_time;
  bool sandbox;
};
ItemOptionValues values_of(const ItemOptionWords& words);

}  // namespace repo

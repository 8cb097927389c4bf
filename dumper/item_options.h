// Options that every tool has which works on items, in a sandbox: repo-dump, repo-restore. For
// their options files alone: CLI11 is known nowhere else.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/options_message.h"
#include "base/result.h"
#include "scanner/user_kind.h"

namespace repo {

// As CLI11 reads them.
struct ItemOptionWords {
  std::vector<std::string> kinds;
  std::string kinds_folder;  // empty: the usual one, which need not be there
  std::string timeout = "10m";
  std::string max_time = "6h";
  std::string sandbox = "auto";
};
// --kinds, --kinds-dir, --jobs, --timeout, --max-time, --sandbox; both arguments outlive the
// parsing.
void add_item_options(CLI::App& app, int& jobs, ItemOptionWords& words);

// Once they were parsed.
struct ItemOptionValues {
  std::vector<UserKind> user_kinds;
  std::set<std::string> kinds;
  std::chrono::seconds timeout;
  std::chrono::seconds max_time;
  bool sandbox;
};
// Reads the files of the kinds that users have defined, where `uses_kinds`. The error: one of these
// is wrong.
Result<ItemOptionValues> values_of(const ItemOptionWords& words, bool uses_kinds = true);
// What to say where --kinds names one that is not known. (Where the files were not read, any name
// may be one.)
std::optional<OptionsMessage> unknown_kind(const CLI::App& app, const Config& config,
                                           const ItemOptionValues& values);

}  // namespace repo

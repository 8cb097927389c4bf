// repo-restore's command line and configuration as a value. With options.cc the only place of this
// tool that knows CLI11.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/config_file.h"
#include "base/options_message.h"
#include "base/progress.h"
#include "restorer/owner_map.h"
#include "scanner/user_kind.h"

namespace repo {

enum class RestoreCommand { kList, kShow, kRestore, kDrill, kScrub };

struct RestoreOptions {
  RestoreCommand command = RestoreCommand::kList;
  std::string from;
  std::vector<std::string> items;  // ids or paths
  bool all = false;
  std::vector<UserKind> user_kinds;            // of kDrill
  std::set<std::string> kinds;                 // empty: all
  std::string to;                              // of kRestore
  std::string generation;                      // of kRestore; empty: the current one
  bool with_files = false;                     // of kRestore: working files may be there
  OwnerMap owners;                             // of kRestore
  std::optional<std::chrono::seconds> stale;   // of kDrill and kList
  std::optional<std::chrono::seconds> budget;  // of kDrill
  std::string scratch;                         // of kDrill; empty: in the dump root
  int jobs = 0;
  std::chrono::seconds timeout{};
  std::chrono::seconds max_time{};
  bool sandbox = true;
  bool json = false;
  bool quiet = false;
  bool nice = false;
  ShowProgress progress = ShowProgress::kAuto;
};

// The command line together with the configuration file (base/options_config.h), which is read.
std::variant<RestoreOptions, OptionsMessage> parse_restore_options(
    int argc, const char* const* argv, const std::string& default_config = kConfigPath);

}  // namespace repo

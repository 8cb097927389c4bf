// repo-scan's command line and configuration as a value. With options.cc the only place of this
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
#include "base/status_line.h"
#include "scanner/kinds.h"

namespace repo {

struct ScanOptions {
  std::vector<std::string> roots;
  std::string output;  // empty: stdout
  int jobs = 0;
  std::set<std::string> kinds;  // empty: all
  Kinds known{};                // those among which `kinds` chooses
  std::string kinds_folder;     // where kinds of users are defined; empty: where they usually are
  bool check_kinds = false;     // look at these files, and scan nothing
  bool one_file_system = false;
  bool network = false;
  bool layers = false;
  bool no_leaf_skip = false;
  std::chrono::seconds stall{60};
  ShowProgress progress = ShowProgress::kAuto;
  std::set<std::string> fs_types;
  std::vector<std::string> excludes;
  bool list = false;
  bool nul = false;  // --list with NUL behind each path
  std::string diff;  // an older manifest, "-" for stdin; empty: none
  bool json = false;
  bool verbose = false;
  bool quiet = false;
  bool nice = false;
};

// More than the cores, since a scan of a cold tree waits for the disk.
int default_scan_jobs();

// The command line together with the configuration file (base/options_config.h) and the files of
// the kinds that users have defined (user_kind_file.h), which are read; with --check-kinds these
// are not.
std::variant<ScanOptions, OptionsMessage> parse_scan_options(
    int argc, const char* const* argv, const std::string& default_config = kConfigPath);

}  // namespace repo

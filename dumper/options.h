// repo-dump's command line and configuration as a value. With options.cc the only place of this
// tool that knows CLI11.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/config_file.h"
#include "base/options_message.h"
#include "base/progress.h"
#include "dumper/policy.h"
#include "dumper/server_options.h"
#include "scanner/user_kind.h"

namespace repo {

struct DumpOptions {
  std::string manifest;  // a file, or "-" for stdin
  std::string to = "/var/data_backup";
  int jobs = 0;
  std::vector<UserKind> user_kinds;
  std::set<std::string> kinds;  // empty: all
  std::set<std::string> only;   // ids or paths; empty: all
  int keep = 2;
  bool full = false;
  std::chrono::seconds verify_all_every{};
  std::chrono::seconds full_every{};
  std::set<std::string> accept;  // ids or paths
  std::set<std::string> forget;  // ids or paths
  std::chrono::seconds timeout{};
  std::chrono::seconds max_time{};
  bool sandbox = true;
  ServerOptions servers;
  bool dry_run = false;
  std::string results;  // file; empty: none
  bool json = false;
  bool quiet = false;
  bool nice = false;
  Policy policy;  // of the configuration; the command line has none, but `only` goes before it
  ShowProgress progress = ShowProgress::kAuto;
};

int default_dump_jobs();

// Where repo-dump puts its copies, as the configuration says: for the tools that read them.
std::string place_of_copies(const Config& config);

// The command line together with the configuration file (base/options_config.h), which is read.
std::variant<DumpOptions, OptionsMessage> parse_dump_options(
    int argc, const char* const* argv, const std::string& default_config = kConfigPath);

}  // namespace repo

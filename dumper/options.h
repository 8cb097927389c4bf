// repo-dump's command line as a value. With options.cc the only place of this tool that knows
// CLI11.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <variant>

#include "base/options_message.h"

namespace repo {

struct DumpOptions {
  std::string manifest;  // a file, or "-" for stdin
  std::string to = "/var/data_backup";
  int jobs = 0;
  std::set<std::string> kinds;  // empty: all
  std::set<std::string> only;   // ids or paths; empty: all
  int keep = 2;
  std::chrono::seconds timeout{};
  std::chrono::seconds max_time{};
  bool sandbox = true;
  bool dry_run = false;
  std::string results;  // file; empty: none
  bool json = false;
  bool quiet = false;
  bool nice = false;
};

int default_dump_jobs();

std::variant<DumpOptions, OptionsMessage> parse_dump_options(int argc, const char* const* argv);

}  // namespace repo

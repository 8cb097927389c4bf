// repo-dump's command line as a value. With options.cc the only place of this tool that knows
// CLI11.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <variant>

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

// What there is to print instead of running: --help and --version on stdout with code 0, a
// mistake on stderr with code 2.
struct DumpOptionsMessage {
  int exit_status = 0;
  std::string text;
};

std::variant<DumpOptions, DumpOptionsMessage> parse_dump_options(int argc, const char* const* argv);

}  // namespace repo

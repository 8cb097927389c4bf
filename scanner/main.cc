#include <cstdio>
#include <exception>

#include "base/exit_code.h"
#include "base/standard_streams.h"
#include "base/stop_signal.h"
#include "scanner/options.h"
#include "scanner/scan.h"

int main(int argc, char** argv) {
  repo::fill_standard_streams();
  try {
    const auto options = repo::parse_scan_options(argc, argv);
    if (const auto* message = std::get_if<repo::OptionsMessage>(&options)) {
      return repo::tell(*message);
    }
    repo::install_stop_signals();
    return repo::run_scan(std::get<repo::ScanOptions>(options), stdout, stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "repo-scan: %s\n", error.what());
    return repo::exit_status(repo::ExitCode::kFailed);
  }
}

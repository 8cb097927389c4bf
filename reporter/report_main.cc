#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string_view>

#include "base/exit_code.h"
#include "base/standard_streams.h"
#include "base/stop_signal.h"
#include "reporter/nagios.h"
#include "reporter/report_run.h"

int main(int argc, char** argv) {
  repo::fill_standard_streams();
  try {
    const auto options = repo::parse_report_options(argc, argv);
    if (const auto* message = std::get_if<repo::OptionsMessage>(&options)) {
      const bool is_plugin =
          std::find(argv, argv + argc, std::string_view("--nagios")) != argv + argc;
      if (!is_plugin || message->exit_status == 0) return repo::tell(*message);
      std::printf("REPO-BACKUP UNKNOWN - %s", message->text.c_str());
      return repo::kNagiosUnknown;
    }
    umask(077);
    repo::install_stop_signals();
    return repo::run_report(std::get<repo::ReportOptions>(options), stdout, stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "repo-report: %s\n", error.what());
    return repo::exit_status(repo::ExitCode::kFailed);
  }
}

#include <sys/stat.h>

#include <cstdio>
#include <exception>

#include "base/exit_code.h"
#include "base/standard_streams.h"
#include "base/stop_signal.h"
#include "dumper/chroot_view.h"
#include "restorer/commands.h"

int main(int argc, char** argv) {
  repo::fill_standard_streams();
  try {
    const auto options = repo::parse_restore_options(argc, argv);
    if (const auto* message = std::get_if<repo::OptionsMessage>(&options)) {
      return repo::tell(*message);
    }
    umask(077);
    if (const repo::Status rooted = repo::make_root_the_namespace_root(); !rooted) {
      // The sandbox's trial tells what to do where it cannot run; --sandbox none does without.
      std::fprintf(stderr, "repo-restore: cannot %s\n", repo::describe(rooted.error()).c_str());
    }
    repo::install_stop_signals();
    return repo::run_restore(std::get<repo::RestoreOptions>(options), stdout, stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "repo-restore: %s\n", error.what());
    return repo::exit_status(repo::ExitCode::kFailed);
  }
}

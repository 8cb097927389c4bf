// Exit codes of all tools. The same table stands in every --help (see exit_code_help).
//
// Shells and monitors rely on them: a code is never reused for something else, and an unknown
// code means failure.
#pragma once

namespace repo {

enum class ExitCode : int {
  kOk = 0,           // all that was asked is done
  kFailed = 1,       // there is no usable result
  kUsage = 2,        // usage, configuration or manifest error
  kIncomplete = 3,   // the result is usable; what is missing or failed is named in it
  kUndelivered = 4,  // an alert could not be delivered
  kLocked = 11,      // another run holds the lock
  kSignal = 128,     // plus N: stopped by signal N
};

constexpr int exit_status(ExitCode code) { return static_cast<int>(code); }
constexpr int exit_status_for_signal(int signal) {
  return static_cast<int>(ExitCode::kSignal) + signal;
}

inline constexpr const char* kExitCodeHelp =
    "Exit codes:\n"
    "  0      all that was asked is done\n"
    "  1      failed: there is no usable result\n"
    "  2      usage, configuration or manifest error\n"
    "  3      incomplete: the result is usable, what is missing or failed is named in it\n"
    "  4      an alert could not be delivered\n"
    "  11     another run holds the lock\n"
    "  128+N  stopped by signal N\n";

}  // namespace repo

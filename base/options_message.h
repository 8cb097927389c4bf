// What option parsing says instead of options: a help text, a version or a usage error.
#pragma once

#include <string>

#include "base/exit_code.h"
#include "base/print.h"

namespace repo {

struct OptionsMessage {
  int exit_status = 0;
  std::string text;
};

// Prints it where it belongs, stdout for what was asked for and stderr for a mistake. Returns what
// main returns: the message's exit status, or 1 where what was asked for could not be written.
inline int tell(const OptionsMessage& message) {
  if (message.exit_status != 0) {
    put(stderr, message.text);
    return message.exit_status;
  }
  const bool told = put(stdout, message.text) && std::fflush(stdout) == 0;
  return exit_status(told ? ExitCode::kOk : ExitCode::kFailed);
}

}  // namespace repo

// The secrets of a user-defined kind, opened for one dump: they reach its commands by a descriptor
// or as a file in memory, and stand in no argument, no environment, no message.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"
#include "scanner/user_kind.h"

namespace repo {

class UserSecrets {
 public:
  // Where this process is root each file must be root's, as open_trusted() has it; nobody but its
  // owner may be able to read it.
  static Result<UserSecrets> open(const std::vector<UserSecret>& secrets);

  // Adds them to a command, from the beginning of their files; they are open as long as this lives.
  Status add_to(Command& command) const;

 private:
  std::vector<std::pair<UserSecret, UniqueFd>> files_;
};

}  // namespace repo

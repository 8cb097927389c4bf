// Users of the machine whom a tool becomes (Command::account), from the user database.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "dumper/command_runner.h"

namespace repo {

// The error: no user has that name.
Result<Account> account_named(const std::string& name);

// One that the database does not know has no name, no groups, and `gid`.
Account account_of(uid_t uid, gid_t gid);

// /etc/passwd and /etc/group for a sandbox, in which the account has its name: tools ask for it.
// Empty where it has none.
std::vector<SandboxFile> name_files(const Account& account);

}  // namespace repo

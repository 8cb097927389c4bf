// The program of a user-defined kind's command: where the machine has it.
#pragma once

#include <string>

#include "base/result.h"
#include "scanner/user_kind.h"

namespace repo {

// A script beside the kind's file: "./NAME".
bool is_script(const std::string& program);

// The path of a program that can be run and that the sandbox shows: in /usr or one of the kind's
// `programs`, or a script. Whose it is, is not looked at. An error, with the op "run", says what is
// missing and what to do.
Result<std::string> find_program(const UserKind& kind, const std::string& program);

}  // namespace repo
